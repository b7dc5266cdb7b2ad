const key = 'valetkey.uploads-pending'

/** Whether an earlier page left uploads behind; says so without loading the uploader. */
export function uploadsPending(): boolean {
  try {
    return localStorage.getItem(key) !== null
  } catch {
    return false
  }
}

export function setUploadsPending(pending: boolean): void {
  try {
    if (pending) localStorage.setItem(key, '1')
    else localStorage.removeItem(key)
  } catch {
    // Without storage nothing survives the page anyway.
  }
}
