import { deletePhoto, getPhoto, listPhotos, type Owner, type Photo, renamePhoto } from '../api'
import { recall, remember } from '../remember'

/** The first page is small so that something is seen soon, the others are as large as the API gives them. */
const firstPage = 60
const nextPages = 200

const goneKey = 'deleted-on-leaving'

export type Loading = 'idle' | 'loading' | 'failed' | 'complete'

/** One owner's photos, newest first, as far as they have been fetched; tells its listeners when anything changes. */
export class PhotoList {
  readonly owner: Owner
  photos: readonly Photo[] = []
  loading: Loading = 'idle'
  #cursor: string | undefined
  #fetching: Promise<void> | undefined
  readonly #listeners = new Set<() => void>()
  /** Deleted here, but the server has not been told yet. */
  readonly #leaving = new Map<string, Photo>()

  /** Deleted as the page before was left. */
  readonly #gone: ReadonlySet<string>

  constructor(owner: Owner) {
    this.owner = owner
    this.#gone = new Set(owner === 'me' ? recall(goneKey)?.match(/[\w-]+/g) : [])
    if (this.#gone.size > 0) void this.#deleteGone()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Fetches the next page; resolves when it is there, or has failed, whoever has asked for it. */
  loadMore(): Promise<void> {
    if (this.loading === 'complete') return Promise.resolve()
    this.#fetching ??= this.#fetchPage().finally(() => (this.#fetching = undefined))
    return this.#fetching
  }

  async loadAll(): Promise<void> {
    do await this.loadMore()
    while (this.loading === 'idle')
  }

  /** Fetches pages until the photo is among them; whether there is one. */
  async find(id: string): Promise<boolean> {
    const has = (): boolean => this.photos.some((photo) => photo.id === id)
    // Ids are in order: it cannot come after one that is greater.
    const passed = (): boolean => (this.photos.at(-1)?.id ?? '') > id
    while (!has() && !passed()) {
      await this.loadMore()
      if (this.loading !== 'idle') break
    }
    return has()
  }

  async #fetchPage(): Promise<void> {
    this.#set({ loading: 'loading' })
    try {
      const page = await listPhotos(this.owner, this.#cursor, this.photos.length === 0 ? firstPage : nextPages)
      this.#cursor = page.cursor
      this.#set({
        photos: [...this.photos, ...this.#unknown(page.photos)],
        loading: page.cursor === undefined ? 'complete' : 'idle',
      })
    } catch {
      this.#set({ loading: 'failed' })
    }
  }

  /** Looks for photos that are newer than what is shown. */
  async refresh(): Promise<void> {
    if (this.loading === 'loading' || this.loading === 'idle') return
    try {
      const { photos } = await listPhotos(this.owner, undefined, firstPage)
      const fresh = this.#unknown(photos)
      if (fresh.length > 0) this.#set({ photos: sorted([...fresh, ...this.photos]) })
    } catch {
      // What is shown stays; whoever looks again tries again.
    }
  }

  /** A photo has just been published. */
  add(photo: Photo): void {
    this.#set({ photos: sorted([...this.#unknown([photo]), ...this.photos]) })
  }

  async rename(id: string, title: string): Promise<void> {
    this.replace(await renamePhoto(id, title))
  }

  /** Fresh URLs for a photo whose old ones have expired. */
  async renew(id: string): Promise<Photo | undefined> {
    const photo =
      this.owner === 'me'
        ? await getPhoto(id)
        : (await listPhotos(this.owner, undefined, nextPages)).photos.find((each) => each.id === id)
    if (photo !== undefined) this.replace(photo)
    return photo
  }

  replace(photo: Photo): void {
    this.#set({ photos: this.photos.map((each) => (each.id === photo.id ? photo : each)) })
  }

  /** Takes photos out of sight. They are deleted by `commitRemoval`, or come back by `undoRemoval`. */
  remove(ids: readonly string[]): void {
    const gone = new Set(ids)
    for (const photo of this.photos) if (gone.has(photo.id)) this.#leaving.set(photo.id, photo)
    this.#set({ photos: this.photos.filter((photo) => !gone.has(photo.id)) })
  }

  undoRemoval(ids: readonly string[]): void {
    const back = ids.flatMap((id) => this.#leaving.get(id) ?? [])
    for (const id of ids) this.#leaving.delete(id)
    this.#set({ photos: sorted([...this.photos, ...back]) })
  }

  /** Deletes for good; resolves with the ids that the server kept, which are back in the list. */
  async commitRemoval(ids: readonly string[]): Promise<string[]> {
    const results = await Promise.allSettled(ids.map((id) => deletePhoto(id)))
    const kept = ids.filter((_, i) => {
      const result = results[i]!
      return result.status === 'rejected' && !isGone(result.reason)
    })
    for (const id of ids) if (!kept.includes(id)) this.#leaving.delete(id)
    if (kept.length > 0) this.undoRemoval(kept)
    return kept
  }

  /** The page is being left: what was deleted is deleted now, there will be no undo. Returns the ids. */
  flushRemovals(): string[] {
    const ids = [...this.#leaving.keys()]
    if (ids.length === 0) return ids
    // The next page may ask for the list before the server has heard of this.
    remember(goneKey, JSON.stringify([...this.#gone, ...ids]))
    for (const id of ids) deletePhoto(id, true).catch(() => undefined)
    // Should the page come back after all, it cannot take this back.
    this.#leaving.clear()
    return ids
  }

  /** A page that is closing sends what it can: what it could not is deleted now. */
  async #deleteGone(): Promise<void> {
    const results = await Promise.allSettled([...this.#gone].map((id) => deletePhoto(id)))
    if (results.every((result) => result.status === 'fulfilled' || isGone(result.reason))) remember(goneKey, null)
  }

  #unknown(photos: readonly Photo[]): Photo[] {
    const known = new Set(this.photos.map((photo) => photo.id))
    return photos.filter(({ id }) => !known.has(id) && !this.#leaving.has(id) && !this.#gone.has(id))
  }

  #set(change: { photos?: readonly Photo[]; loading?: Loading }): void {
    Object.assign(this, change)
    for (const listener of this.#listeners) listener()
  }
}

const isGone = (error: unknown): boolean => (error as { status?: number }).status === 404

/** Ids begin with the time counted down, so their order is the server's: newest first. */
function sorted(photos: Photo[]): Photo[] {
  return photos.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}
