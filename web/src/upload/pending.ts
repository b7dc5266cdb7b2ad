/**
 * A database without content: that it exists says that uploads are under way. Like the files that are kept for them it
 * is on disk at once, while Chromium writes `localStorage` seconds later, which is lost when the browser crashes.
 */
const name = 'valetkey-uploads-pending'

let written: boolean | undefined

/** Whether an earlier page left uploads behind; says so without loading the uploader, where the browser can. */
export async function uploadsPending(): Promise<boolean> {
  try {
    if (!('databases' in indexedDB)) return true // Firefox before 126: looking takes the uploader
    return (await indexedDB.databases()).some((database) => database.name === name)
  } catch {
    return false // Storage is forbidden: nothing was kept.
  }
}

/** How long a page that is being left, or reloaded, may take to let go of the uploads, in milliseconds. */
const patience = 500

/**
 * Makes this the tab whose uploads are kept, as long as it is open, and says whether it is: there is one such tab, or two
 * would send the same files, and each forget the other's.
 */
export function keepUploads(): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true) // not a secure context
  return new Promise((resolve) => {
    const held = navigator.locks.request(name, { signal: AbortSignal.timeout(patience) }, () => {
      resolve(true)
      return new Promise(() => undefined)
    })
    held.catch(() => resolve(false))
  })
}

/** Only the tab that keeps them may say. */
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
