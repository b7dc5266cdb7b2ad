const key = 'valetkey.sent'
/** Fingerprints that are remembered; the oldest are forgotten first. */
const most = 2000

/** Name, size and time of change: the same photo chosen again, without reading a byte of it. */
const fingerprint = (file: File): string => `${file.name}|${file.size}|${file.lastModified}`

/** Which files this browser has already sent, and as which photo. */
export class Sent {
  #photos: Map<string, string>

  constructor() {
    try {
      this.#photos = new Map(JSON.parse(localStorage.getItem(key) ?? '[]') as [string, string][])
    } catch {
      this.#photos = new Map()
    }
  }

  photoOf(file: File): string | undefined {
    return this.#photos.get(fingerprint(file))
  }

  remember(file: File, photoID: string): void {
    this.#photos.set(fingerprint(file), photoID)
    try {
      this.#photos = new Map([...this.#photos].slice(-most))
      localStorage.setItem(key, JSON.stringify([...this.#photos]))
    } catch {
      // Then duplicates are recognised only as long as the page lives.
    }
  }
}
