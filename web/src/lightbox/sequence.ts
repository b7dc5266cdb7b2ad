import type { SlideData } from 'photoswipe'
import type PhotoSwipe from 'photoswipe'
import type { Photo } from '../api'
import { photoName, srcset } from '../gallery/tile'

/**
 * The photos that one pages through, and PhotoSwipe's indexes of them. The gallery changes meanwhile: what is uploaded
 * comes in at its front, so an index into it would come to mean another photo. Here photos are only added at the end.
 */
export class Sequence {
  readonly #reversed: boolean
  #photos: readonly Photo[]

  /** `reversed` where one reads from the right: PhotoSwipe itself knows only one direction. */
  constructor(photos: readonly Photo[], reversed: boolean) {
    this.#photos = photos
    this.#reversed = reversed
  }

  get length(): number {
    return this.#photos.length
  }

  /** How many photos come before the one at an index; and the index of the one that so many come before. */
  position(index: number): number {
    return this.#reversed ? this.length - 1 - index : index
  }

  at(index: number): Photo | undefined {
    return this.#photos[this.position(index)]
  }

  indexOf(id: string): number {
    return this.position(this.#photos.findIndex((photo) => photo.id === id))
  }

  /** Takes over what is newer in the list. Returns how far the indexes of the photos known before have moved. */
  update(photos: readonly Photo[]): number {
    const current = new Map(photos.map((photo) => [photo.id, photo]))
    const last = this.#photos.at(-1)?.id ?? ''
    // Ids are in the list's order.
    const added = photos.filter(({ id }) => id > last)
    this.#photos = [...this.#photos.map((photo) => current.get(photo.id) ?? photo), ...added]
    return this.#reversed ? added.length : 0
  }
}

/** Gives every slide that PhotoSwipe holds a new index, higher by so much. */
export function shiftIndexes(swipe: PhotoSwipe, by: number): void {
  if (by === 0) return
  swipe.currIndex += by
  swipe.potentialIndex += by
  const slides = swipe.mainScroll.itemHolders.flatMap(({ slide }) => slide ?? [])
  // Slides that are ready before they are shown are known to the loader alone.
  const contents = new Set([...slides.map(({ content }) => content), ...swipe.contentLoader._cachedItems])
  for (const each of [...slides, ...contents]) each.index += by
}

/** These move: the variants are their first frames only. */
const moving = /^image\/(gif|webp)$/

/** A photo as PhotoSwipe wants it. */
export function slide(photo: Photo | undefined): SlideData {
  if (photo === undefined) return {}
  const { original, width, height, variants } = photo
  const common = { width, height, alt: photoName(photo), msrc: variants[0]!.url, thumbCropped: true }
  if (moving.test(original.type)) return { ...common, src: original.url }
  // The browser takes the original when one looks closer than the variants go.
  const largest = variants.at(-1)!
  return { ...common, src: largest.url, srcset: largest.width < width ? `${srcset(photo) ?? `${largest.url} ${largest.width}w`}, ${original.url} ${width}w` : srcset(photo) }
}
