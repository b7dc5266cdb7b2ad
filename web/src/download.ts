import type { Photo } from './api'
import type { PhotoList } from './gallery/photo-list'

/** How long before a URL ends it is no longer relied on, in milliseconds. */
const margin = 60_000

/** Whether a URL with a SAS can still be used: its parameter `se` is the end. */
export function isFresh(url: string, now: number): boolean {
  const end = Date.parse(new URLSearchParams(url.split('?')[1]).get('se') ?? '')
  return Number.isNaN(end) || end - margin > now
}

/** Saves photos, one after another, and resolves with how many could not be had. */
export async function download(list: PhotoList, photos: readonly Photo[]): Promise<number> {
  let failed = 0
  for (const photo of photos) {
    try {
      // Fetched here, not followed as links: of several links the browser follows the last.
      const { title, original } = isFresh(photo.original.url, Date.now()) ? photo : ((await list.renew(photo.id)) ?? photo)
      const response = await fetch(original.url)
      if (!response.ok) throw new Error(`Status ${response.status}`)
      save(await response.blob(), `${title || photo.id}.${ending(original.type)}`)
    } catch {
      failed++
    }
  }
  return failed
}

const ending = (type: string): string => type.replace('image/', '').replace('jpeg', 'jpg')

function save(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser reads it in its own time.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
