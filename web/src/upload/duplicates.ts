import { recall, remember } from '../remember'

const key = 'sent'
/** Fingerprints that are remembered; the oldest are forgotten first. */
const most = 2000

/** Bytes that are looked at in a file's beginning, middle and end each: a camera's files differ in all three. */
const sample = 65_536

/** The size of a file and a hash of samples of it: the same photo under any name, without reading all of it. */
export async function fingerprint(file: File): Promise<string> {
  const { size } = file
  const parts = size <= 3 * sample ? [file] : [0, (size - sample) >> 1, size - sample].map((at) => file.slice(at, at + sample))
  try {
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
    return `${size}|${hash(bytes)}`
  } catch {
    return `${size}|${file.name}|${file.lastModified}` // Not readable: sending it will say why.
  }
}

/** FNV-1a twice, with two primes, 64 bits together; browsers have a better hash on secure pages only. */
function hash(bytes: Uint8Array): string {
  let [a, b] = [0x811c9dc5, 0x01000193]
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ byte, 0x85ebca6b)
  }
  return [a, b].map((half) => (half >>> 0).toString(36)).join('-')
}

/** Which files this browser has sent, and which photo each became. */
function sent(): [string, string][] {
  try {
    return JSON.parse(recall(key) ?? '[]') as [string, string][]
  } catch {
    return [] // Not ours any more: start afresh.
  }
}

/** The fingerprints of all that was sent. */
export const sentBefore = (): Set<string> => new Set(sent().map(([print]) => print))

export function wasSent(print: unknown): boolean {
  return sent().some(([known]) => known === print)
}

export function rememberSent(print: string, photoID: string): void {
  remember(key, JSON.stringify([...sent().filter(([other]) => other !== print), [print, photoID]].slice(-most)))
}

/** Photos were deleted: sending them again is no longer a duplicate. */
export function forgetSent(photoIDs: readonly string[]): void {
  if (photoIDs.length > 0) remember(key, JSON.stringify(sent().filter(([, id]) => !photoIDs.includes(id))))
}
