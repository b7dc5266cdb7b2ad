/**
 * A database without content: that it exists says that uploads are under way. Like the files that are kept for them it
 * is on disk at once, while Chromium writes `localStorage` seconds later, which is lost when the browser crashes.
 */
const name = 'valetkey-uploads-pending'

let written: boolean | undefined

/** Whether an earlier page left uploads behind; says so without loading the uploader. */
export async function uploadsPending(): Promise<boolean> {
  try {
    return (await indexedDB.databases()).some((database) => database.name === name)
  } catch {
    return false // Storage is forbidden: nothing was kept.
  }
}

export function setUploadsPending(pending: boolean): void {
  if (pending === written) return
  written = pending
  try {
    if (pending) indexedDB.open(name).onsuccess = ({ target }) => (target as IDBOpenDBRequest).result.close()
    else indexedDB.deleteDatabase(name)
  } catch {
    // Forbidden: the page works without.
  }
}
