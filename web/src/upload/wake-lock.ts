/** Keeps the screen awake while wanted; a phone that sleeps stops sending. Browsers without the API just sleep. */
export function keepAwake(): (wanted: boolean) => void {
  let wanted = false
  let lock: WakeLockSentinel | undefined
  let asking = false

  const update = async (): Promise<void> => {
    if (asking || !('wakeLock' in navigator)) return
    asking = true
    try {
      if (wanted && (lock === undefined || lock.released) && document.visibilityState === 'visible') {
        lock = await navigator.wakeLock.request('screen')
      }
      if (!wanted && lock !== undefined) {
        await lock.release()
        lock = undefined
      }
    } catch {
      // Refused, for instance to save the battery: that is the user's choice.
    } finally {
      asking = false
    }
  }
  // The browser drops the lock whenever the page is hidden.
  document.addEventListener('visibilitychange', () => void update())
  return (now) => {
    if (now === wanted) return
    wanted = now
    void update()
  }
}
