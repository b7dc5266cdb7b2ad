/** What this browser remembers from visit to visit. Where storage is forbidden it remembers nothing, and says nothing. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`valetkey.${key}`)
  } catch {
    return null
  }
}

/** Remembers a value; `null` forgets it. */
export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`valetkey.${key}`)
    else localStorage.setItem(`valetkey.${key}`, value)
  } catch {
    // Full or forbidden: the page works without.
  }
}
