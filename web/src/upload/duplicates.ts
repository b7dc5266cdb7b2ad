import { recall, remember } from '../remember'

const key = 'sent'
/** Fingerprints that are remembered; the oldest are forgotten first. */
const most = 2000

/** Name, size and time of change: the same photo chosen again, without reading a byte of it. */
export const fingerprint = (file: File): string => `${file.name}|${file.size}|${file.lastModified}`

/** Which files this browser has sent, and which photo each became. */
function sent(): [string, string][] {
  try {
    return JSON.parse(recall(key) ?? '[]') as [string, string][]
  } catch {
    return [] // Not ours any more: start afresh.
  }
}

export function sentBefore(files: readonly File[]): File[] {
  const known = new Set(sent().map(([print]) => print))
  return files.filter((file) => known.has(fingerprint(file)))
}

export function wasSent(print: unknown): boolean {
  return sent().some(([known]) => known === print)
}

export function rememberSent(print: string, photoID: string): void {
  remember(key, JSON.stringify([...sent().filter(([other]) => other !== print), [print, photoID]].slice(-most)))
}

/** Photos were deleted: sending them again is no longer a duplicate. */
export function forgetSent(photoIDs: readonly string[]): void {
  remember(key, JSON.stringify(sent().filter(([, id]) => !photoIDs.includes(id))))
}
