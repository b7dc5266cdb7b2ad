/// <reference lib="webworker" />
// The service worker does two things only: it shows a page when there is no network, and it takes photos that other
// apps share into this one. Everything else goes to the network as if it were not there.
export {}
declare const self: ServiceWorkerGlobalScope

/** Named by what is in it (vite.config.ts): when that changes, this file does, and the browser installs it anew. */
declare const OFFLINE_VERSION: string
const offlineCache = `offline-${OFFLINE_VERSION}`
const sharedCache = 'shared'
const offlineFiles = ['/offline.html', '/offline.css', '/icon.svg']

/** What of the Service Workers specification TypeScript does not know yet (section 4.5.1). */
interface RoutableEvent extends ExtendableEvent {
  addRoutes?: (rules: { condition: object; source: 'network' | 'fetch-event' }[]) => Promise<void>
}

self.addEventListener('install', (event: RoutableEvent) => {
  event.waitUntil(caches.open(offlineCache).then((cache) => cache.addAll(offlineFiles)).then(() => self.skipWaiting()))
  // Calls, pictures and the bytes of uploads don't even come by here, where the browser can be told so: asking costs a tenth
  // of an upload. The first rule that matches counts.
  const routed = event.addRoutes?.([
    { condition: { or: offlineFiles.map((pathname) => ({ urlPattern: { pathname } })) }, source: 'fetch-event' },
    { condition: { or: [{ requestMode: 'cors' }, { requestMode: 'no-cors' }] }, source: 'network' },
  ])
  event.waitUntil(Promise.resolve(routed).catch(() => undefined))
})

self.addEventListener('activate', (event) => {
  const keep = [offlineCache, sharedCache]
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => !keep.includes(name)).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (origin !== location.origin) return
  if (request.method === 'POST' && pathname === '/share') event.respondWith(takeShared(request).catch(() => Response.redirect('/?shared=failed', 303)))
  else if (request.mode === 'navigate') event.respondWith(fetch(request).catch(() => offlineFile('/offline.html')))
  else if (offlineFiles.includes(pathname)) event.respondWith(fetch(request).catch(() => offlineFile(pathname)))
})

async function offlineFile(path: string): Promise<Response> {
  return (await caches.match(path)) ?? Response.error()
}

/** Puts shared files aside and opens the app, which picks them up. */
async function takeShared(request: Request): Promise<Response> {
  const form = await request.formData()
  const cache = await caches.open(sharedCache)
  const files = form.getAll('photos').filter((value): value is File => value instanceof File)
  await Promise.all(
    files.map((file, i) =>
      cache.put(
        `/shared/${Date.now()}-${i}`,
        new Response(file, { headers: { 'Content-Type': file.type, 'X-Name': encodeURIComponent(file.name) } }),
      ),
    ),
  )
  return Response.redirect('/?shared', 303)
}
