/** Photos that another app shared into this one: the service worker has put them aside under this name. */
const cacheName = 'shared'

/** Takes what was shared, once, and removes the trace of it from the address. Fails when it could not be put aside. */
export async function takeShared(): Promise<File[]> {
  const outcome = new URLSearchParams(location.search).get('shared')
  if (outcome === null) return []
  history.replaceState(null, '', '/')
  if (outcome !== '' || !('caches' in globalThis)) throw new Error('What was shared was not kept')
  const cache = await caches.open(cacheName)
  const files = await Promise.all(
    (await cache.keys()).map(async (request) => {
      const response = await cache.match(request)
      await cache.delete(request)
      if (response === undefined) return []
      const name = decodeURIComponent(response.headers.get('X-Name') ?? 'photo')
      return [new File([await response.blob()], name, { type: response.headers.get('Content-Type') ?? '' })]
    }),
  )
  return files.flat()
}

/** Installs the service worker, once the page has what it needs itself. */
export function registerServiceWorker(): void {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return
  const register = (): void => void navigator.serviceWorker.register('/sw.js').catch(() => undefined)
  if (document.readyState === 'complete') register()
  else addEventListener('load', register, { once: true })
}
