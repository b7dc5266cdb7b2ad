import { thumbHashToDataURL } from 'thumbhash'

const known = new Map<string, string>()

/** A blurred picture of some thirty pixels, as a data URL; undefined when the hash is none. */
export function placeholder(thumbhash: string): string | undefined {
  const seen = known.get(thumbhash)
  if (seen !== undefined) return seen
  try {
    const url = thumbHashToDataURL(Uint8Array.from(atob(thumbhash), (char) => char.charCodeAt(0)))
    known.set(thumbhash, url)
    return url
  } catch {
    return undefined
  }
}
