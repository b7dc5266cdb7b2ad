import Uppy, { type State, type UppyFile } from '@uppy/core'
import GoldenRetriever from '@uppy/golden-retriever'
import ThumbnailGenerator from '@uppy/thumbnail-generator'
import AzureBlob from 'uppy-azure-blob'
import type { Photo } from '../api'
import { folderPath, photoType } from '../incoming'
import { t } from '../texts'
import { showToast } from '../toasts'
import { fingerprint, rememberSent, sentBefore, wasSent } from './duplicates'
import { explain, isFinal } from './explain'
import { keepUploads, setUploadsPending, uploadsPending } from './pending'
import { keepAwake } from './wake-lock'
import { sendsSmaller } from './wishes'

export type Status = 'waiting' | 'uploading' | 'paused' | 'finishing' | 'done' | 'failed' | 'ghost'

export interface Item {
  id: string
  name: string
  size: number
  preview: string | undefined
  status: Status
  /** 0 to 1. */
  progress: number
  /** Why it failed, or that it is being tried again. */
  message: string | undefined
  /** Failed in a way that trying again does not change. */
  final: boolean
}

export interface Overview {
  items: readonly Item[]
  done: number
  failed: number
  active: number
  paused: boolean
  /** Of all bytes, 0 to 1. */
  progress: number
  /** Seconds, undefined while there is no telling. */
  timeLeft: number | undefined
}

type Meta = Record<string, unknown>
type Body = Record<string, never>
type File_ = UppyFile<Meta, Body>

/**
 * What Golden Retriever brings back joins the files that were added in the meantime, instead of taking their place. The
 * old uploads that it would start again are left out: they are started file by file, beside those under way.
 */
class MergingUppy extends Uppy<Meta, Body> {
  override setState(patch?: Partial<State<Meta, Body>>): void {
    // Only the restoration sets these three and nothing else; removing the last file sets more.
    const restoring = patch?.recoveredState !== undefined && patch.files !== undefined && Object.keys(patch).length === 3
    if (!restoring) return super.setState(patch)
    const { files, currentUploads } = this.getState()
    super.setState({ recoveredState: null, files: { ...patch.files, ...files }, currentUploads })
  }
}

/** The plugin throws where a restored file has no bytes any more, and nobody would hear of the restoration after it. */
class Thumbnails extends ThumbnailGenerator<Meta, Body> {
  override requestThumbnail(file: File_): Promise<void> {
    return file.data == null ? Promise.resolve() : super.requestThumbnail(file)
  }
}

/** A file as it was chosen, and its fingerprint. */
interface Chosen {
  file: File
  print: string
}

/** Files that are looked at together, before the first of them are sent. */
const batchSize = 32

/** How long a change may wait in a page that is hidden, in milliseconds. */
const hiddenDelay = 300

/** How long files wait, in milliseconds, for the uploads of an earlier page to be brought back. */
const restoreTimeout = 3000

const askBeforeLeaving = (event: BeforeUnloadEvent): void => event.preventDefault()

/** The page's uploads: Uppy without its user interface, and what ours needs to know of it. */
export class Session {
  readonly #uppy: Uppy<Meta, Body>
  readonly #onPhoto: (photo: Photo) => void
  readonly #messages = new Map<string, string>()
  readonly #final = new Set<string>()
  readonly #listeners = new Set<() => void>()
  readonly #awake = keepAwake()
  readonly #restored: Promise<void>
  /** This tab's uploads are kept, and those that an earlier page left are in the list. */
  #keeps = false
  #drawing = false
  #copies = 0
  #overview: Overview = { items: [], done: 0, failed: 0, active: 0, paused: false, progress: 0, timeLeft: undefined }
  #speed = { at: 0, bytes: 0, perSecond: 0 }

  constructor(onPhoto: (photo: Photo) => void) {
    this.#onPhoto = onPhoto
    this.#uppy = new MergingUppy({
      id: 'valetkey',
      autoProceed: true,
      // Failures are told to the user in the tray; the console is for faults of the page itself.
      logger: { debug: () => undefined, warn: () => undefined, error: () => undefined },
      // A file whose bytes the browser lost is chosen again to go on; any other is in the list already.
      onBeforeFileAdded: (file, files) => files[file.id] === undefined || files[file.id]!.isGhost,
    })
      .use(Thumbnails, { thumbnailWidth: 112, thumbnailType: 'image/webp', waitForThumbnailsBeforeUpload: false })
      .use(AzureBlob, { endpoint: '/api' })
    this.#listen()
    this.#restored = this.#restore()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get overview(): Overview {
    return this.#overview
  }

  /** Starts uploading; files that were chosen or sent before are left out unless the user wants them twice. */
  async add(files: readonly File[]): Promise<void> {
    this.clearDone()
    const sent = sentBefore()
    const chosen = new Set(this.#uppy.getFiles().filter(({ isGhost }) => !isGhost).map(({ meta }) => meta.fingerprint))
    const known: Chosen[] = []
    const twice: Chosen[] = []
    for (let at = 0; at < files.length; at += batchSize) {
      const batch = await Promise.all(files.slice(at, at + batchSize).map(async (file) => ({ file, print: await fingerprint(file) })))
      const fresh = batch.filter((each) => {
        const place = sent.has(each.print) ? known : chosen.has(each.print) ? twice : undefined
        place?.push(each)
        chosen.add(each.print)
        return place === undefined
      })
      await this.#add(fresh)
    }
    this.#offer(known, t.alreadyThere)
    this.#offer(twice, t.chosenTwice)
  }

  #offer(left: readonly Chosen[], text: (n: number) => string): void {
    if (left.length > 0) showToast({ text: text(left.length), action: { label: t.addAnyway, run: () => void this.#add(left, true) } })
  }

  togglePause(id: string): void {
    this.#uppy.pauseResume(id)
  }

  retry(id: string): void {
    this.#messages.delete(id)
    void this.#uppy.retryUpload(id)
  }

  remove(id: string): void {
    this.#uppy.removeFile(id)
  }

  pauseAll(): void {
    this.#uppy.pauseAll()
  }

  resumeAll(): void {
    this.#uppy.resumeAll()
  }

  retryAll(): void {
    for (const { id, status, final } of this.#overview.items) if (status === 'failed' && !final) this.retry(id)
  }

  cancelAll(): void {
    this.#uppy.cancelAll()
  }

  clearDone(): void {
    for (const item of this.#overview.items) if (item.status === 'done') this.#uppy.removeFile(item.id)
  }

  async #add(files: readonly Chosen[], again = false): Promise<void> {
    await this.#restored
    await this.#applySmaller()
    const descriptions = files.map(({ file, print }) => ({
      source: 'page', name: file.name, type: photoType(file), data: file, meta: this.#metaOf(file, print, again),
    }))
    const lost = this.#uppy.getFiles().filter(({ isGhost, progress }) => isGhost && progress.uploadStarted)
    this.#uppy.addFiles(descriptions)
    // Those whose bytes are here again had begun, so that Uppy does not begin with them.
    for (const { id } of lost) if (this.#uppy.getFile(id)?.isGhost === false) this.retry(id)
  }

  /** Files of folders keep their path, so that two of the same name in two folders are two; so are those wanted twice. */
  #metaOf(file: File, print: string, again: boolean): Meta {
    const path = folderPath(file) + (again ? `#${++this.#copies}` : '')
    return { fingerprint: print, again, ...(path && { relativePath: path }) }
  }

  /** Keeps the uploads over a reload or a crash, and brings back those of an earlier page; elsewhere they just go on. */
  async #restore(): Promise<void> {
    if (!(await keepUploads())) return
    const pending = await uploadsPending()
    const restored = new Promise<void>((resolve) => {
      this.#uppy.once('restored', () => resolve())
      if (pending) setTimeout(resolve, restoreTimeout)
      else resolve()
    })
    try {
      // By default it keeps no file above 10 MB, which would leave out most photos of a good camera.
      this.#uppy.use(GoldenRetriever, { indexedDB: { maxFileSize: 2 ** 30, maxTotalSize: 2 ** 32 } as { name?: string } })
    } catch {
      return // Storage is forbidden.
    }
    await restored
    this.#keeps = true
    this.#changed()
  }

  async #applySmaller(): Promise<void> {
    const plugin = this.#uppy.getPlugin('Compressor')
    if (sendsSmaller() && !plugin) {
      const { default: Smaller, smallerOptions } = await import('./smaller')
      this.#uppy.use(Smaller, smallerOptions)
    }
    if (!sendsSmaller() && plugin) this.#uppy.removePlugin(plugin)
  }

  #listen(): void {
    const uppy = this.#uppy
    uppy.on('state-update', () => this.#changed())
    uppy.on('upload-success', (file, { body }) => {
      if (file === undefined) return
      this.#messages.delete(file.id)
      const photo = body as unknown as Photo
      const { fingerprint } = file.meta
      if (typeof fingerprint === 'string') rememberSent(fingerprint, photo.id)
      this.#onPhoto(photo)
    })
    uppy.on('upload-error', (file, error) => {
      if (file === undefined) return
      this.#messages.set(file.id, explain(error, file.name))
      if (!isFinal(error)) return
      this.#final.add(file.id)
      uppy.setFileMeta(file.id, { refused: true })
    })
    uppy.on('azure-blob:retry', (file) => {
      this.#messages.set(file.id, t.reconnecting)
      this.#changed()
    })
    uppy.on('azure-blob:block-uploaded', (file) => this.#messages.delete(file.id))
    uppy.on('restored', () => this.#goOn())
  }

  /** Goes on with what an earlier page left unfinished. */
  #goOn(): void {
    const unfinished = this.#uppy.getFiles().filter((file) => file.isRestored && !file.progress.uploadComplete)
    for (const { id, meta, isGhost, error } of unfinished) {
      // What was kept may be half a second old: files that arrived after all are not sent twice.
      if (meta.refused || (!meta.again && wasSent(meta.fingerprint))) this.#uppy.removeFile(id)
      else if (!isGhost && !error) void this.#uppy.retryUpload(id)
    }
    const left = unfinished.filter(({ id, error }) => !error && this.#uppy.getFile(id) !== undefined).length
    if (left > 0) showToast({ text: t.restored(left) })
    else this.#changed()
  }

  /** Uppy tells of every byte; the page is drawn once a frame at most, and now and then while it is hidden and has none. */
  #changed(): void {
    if (this.#drawing) return
    this.#drawing = true
    const draw = (): void => {
      if (this.#drawing) this.#draw()
    }
    requestAnimationFrame(draw)
    setTimeout(draw, hiddenDelay)
  }

  #draw(): void {
    this.#drawing = false
    this.#overview = this.#look()
    const { items, active, paused } = this.#overview
    if (this.#keeps) setUploadsPending(items.some(({ status, final }) => status !== 'done' && !final))
    this.#awake(active > 0 && !paused)
    // Only while it is needed: a page that asks before it is left is not kept ready for coming back to.
    if (active > 0) addEventListener('beforeunload', askBeforeLeaving)
    else removeEventListener('beforeunload', askBeforeLeaving)
    for (const listener of this.#listeners) listener()
  }

  #look(): Overview {
    const files = this.#uppy.getFiles()
    const items = files.map((file) => this.#item(file))
    const count = (...statuses: Status[]): number => items.filter((item) => statuses.includes(item.status)).length
    const running = items.filter((item) => item.status !== 'failed')
    const total = running.reduce((sum, item) => sum + item.size, 0)
    const sent = running.reduce((sum, item) => sum + item.size * item.progress, 0)
    const active = count('waiting', 'uploading', 'paused', 'finishing')
    return {
      items,
      done: count('done'),
      failed: count('failed', 'ghost'),
      active,
      paused: active > 0 && count('paused') === active,
      progress: total === 0 ? 0 : sent / total,
      timeLeft: this.#timeLeft(sent, total),
    }
  }

  #item(file: File_): Item {
    const { progress } = file
    const fraction = progress.bytesTotal ? Number(progress.bytesUploaded || 0) / progress.bytesTotal : 0
    const status = this.#status(file, fraction)
    return {
      id: file.id,
      name: file.name,
      size: file.size ?? 0,
      preview: file.preview,
      status,
      progress: status === 'done' ? 1 : fraction,
      message: status === 'ghost' ? t.ghost : this.#messages.get(file.id),
      final: status === 'failed' && this.#final.has(file.id),
    }
  }

  #status(file: File_, fraction: number): Status {
    if (file.progress.uploadComplete) return 'done'
    if (file.error) return 'failed'
    if (file.isGhost) return 'ghost'
    if (file.isPaused) return 'paused'
    if (fraction >= 1) return 'finishing'
    return fraction > 0 ? 'uploading' : 'waiting'
  }

  #timeLeft(sent: number, total: number): number | undefined {
    const now = performance.now()
    const { at, bytes, perSecond } = this.#speed
    const seconds = (now - at) / 1000
    if (seconds >= 1) {
      const current = Math.max(0, sent - bytes) / seconds
      // A slow average: a number that jumps is worse than one that is a little old.
      this.#speed = { at: now, bytes: sent, perSecond: at === 0 ? 0 : perSecond === 0 ? current : perSecond * 0.8 + current * 0.2 }
    }
    return perSecond > 1000 && sent < total ? (total - sent) / perSecond : undefined
  }
}
