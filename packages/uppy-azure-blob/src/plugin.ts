import { BasePlugin, type DefinePluginOpts, EventManager, type PluginOpts, type Uppy } from '@uppy/core'
import {
  type Body,
  filterFilesToEmitUploadStarted,
  filterFilesToUpload,
  getAllowedMetaFields,
  type LocalUppyFile,
  type Meta,
  type UppyFile,
} from '@uppy/core/utils'
import { blockSizeFor, defaultBlockSize } from './blocks.js'
import { ServerClock } from './clock.js'
import type { ResumeState, UploadResult } from './destination.js'
import { UploadError } from './errors.js'
import { createLanes, type Lanes } from './limiter.js'
import { checkSigning, type SigningOptions, transferDefaults, type TransferOptions, type UploadOptions } from './options.js'
import { credentialsKeeper } from './signers.js'
import { discard, type Shared, upload } from './upload.js'
import { Introduction } from './valetkey.js'

declare module '@uppy/core' {
  export interface UppyEventMap<M extends Meta, B extends Body> {
    /** A block has arrived at the storage. */
    'azure-blob:block-uploaded': (file: UppyFile<M, B>, block: { id: string; number: number; size: number }) => void
    /** A request failed and is about to be tried again. */
    'azure-blob:retry': (file: UppyFile<M, B>, error: UploadError, attempt: number) => void
  }
}

export type AzureBlobOptions<M extends Meta, B extends Body> = PluginOpts &
  TransferOptions & {
    /** Blocks, or one Put Blob, where the browser commits. Default: blocks above one block's size. */
    shouldUseMultipart?: boolean | ((file: UppyFile<M, B>) => boolean)
    /** Bytes of a block where the browser commits. Default 8 MiB; grows so that 50,000 blocks suffice. */
    getChunkSize?: (file: { size: number }) => number
    /** Which meta fields become the blob's metadata, or reach `getUpload`. Default none. */
    allowedMetaFields?: string[] | boolean
    /** The blob's name where the browser chooses it. Default: 128 random bits in hex and the file's extension. */
    generateObjectKey?: (file: UppyFile<M, B>) => string
  } & SigningOptions

const defaultOptions = {
  ...transferDefaults,
  allowedMetaFields: false,
} satisfies Partial<TransferOptions> & { allowedMetaFields: boolean; blockSize: number }

/** A file's resume state lives on the file, where Golden Retriever keeps it over a reload. */
type Resumable = { azureBlob?: ResumeState | undefined }

/** Uploads to Azure Blob Storage: blocks in parallel, resumable, with signatures that are renewed on the way. */
export default class AzureBlob<M extends Meta, B extends Body> extends BasePlugin<
  DefinePluginOpts<AzureBlobOptions<M, B>, keyof TransferOptions>,
  M,
  B
> {
  readonly #lanes: Lanes
  readonly #shared: Shared
  #order = 0

  constructor(uppy: Uppy<M, B>, opts: AzureBlobOptions<M, B>) {
    checkSigning(opts)
    super(uppy, { ...defaultOptions, ...opts })
    this.type = 'uploader'
    this.id = this.opts.id || 'AzureBlob'
    this.#lanes = createLanes(this.opts.limit)
    const clock = new ServerClock()
    const { retryDelays: delays, maxRetryAfter } = this.opts
    this.#shared = {
      clock,
      introduction: new Introduction(),
      keeper:
        opts.getCredentials !== undefined ? credentialsKeeper(opts, clock, { delays, maxRetryAfter }) : undefined,
    }
  }

  override install(): void {
    this.#setCapability(true)
    this.uppy.addUploader(this.#upload)
  }

  override uninstall(): void {
    this.#setCapability(false)
    this.uppy.removeUploader(this.#upload)
  }

  #setCapability(resumableUploads: boolean): void {
    const { capabilities } = this.uppy.getState()
    this.uppy.setState({ capabilities: { ...capabilities, resumableUploads } })
  }

  #upload = async (fileIDs: string[]): Promise<void> => {
    const files = filterFilesToUpload(this.uppy.getFilesByIds(fileIDs))
    this.uppy.emit('upload-start', filterFilesToEmitUploadStarted(files))
    await Promise.allSettled(
      files.map((file) => {
        if (file.isRemote) {
          const error = new Error(this.#remoteMessage(file))
          this.uppy.emit('upload-error', file, error)
          return Promise.reject(error)
        }
        return this.#uploadFile(file, this.#order++)
      }),
    )
  }

  #remoteMessage(file: UppyFile<M, B>): string {
    return `${file.name} lies with a remote provider; this uploader sends files of this device only`
  }

  /** Settles when the file is up, has failed, or was removed; pausing only stops and starts what happens inside. */
  #uploadFile(file: LocalUppyFile<M, B>, priority: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const { uppy } = this
      const events = new EventManager(uppy)
      let running: AbortController | undefined

      const finish = (settle: () => void): void => {
        running = undefined
        events.remove()
        settle()
      }
      const start = (): void => {
        if (running !== undefined) return
        const controller = new AbortController()
        running = controller
        this.#attempt(file, priority, controller.signal).then(
          (result) => finish(() => {
            this.#succeeded(file.id, result)
            resolve()
          }),
          (error: unknown) => {
            // Stopped by us: whoever stopped it has already said what comes next.
            if (controller.signal.aborted) return
            finish(() => {
              this.#failed(file.id, error)
              reject(error as Error)
            })
          },
        )
      }
      const stop = (): void => {
        running?.abort(new DOMException('The upload was paused or cancelled', 'AbortError'))
        running = undefined
      }
      const drop = (): void => {
        stop()
        finish(resolve)
      }

      events.onFilePause(file.id, (isPaused) => (isPaused ? stop() : start()))
      events.onPauseAll(file.id, stop)
      events.onResumeAll(file.id, start)
      events.on('file-removed', (removed) => {
        if (removed.id !== file.id) return
        drop()
        this.#discard(removed as Resumable)
      })
      events.onCancelAll(file.id, () => {
        this.#discard(uppy.getFile(file.id) as Resumable)
        drop()
      })
      if (!file.isPaused) start()
    })
  }

  #attempt(file: LocalUppyFile<M, B>, priority: number, signal: AbortSignal): Promise<UploadResult> {
    const { uppy } = this
    const current = uppy.getFile(file.id) as LocalUppyFile<M, B> & Resumable
    const { data } = current
    if (data === undefined) return Promise.reject(new Error(`The data of ${file.name} is missing`))
    return upload(
      data,
      {
        ...this.#fileOptions(current, data.size),
        signal,
        priority,
        lanes: this.#lanes,
        resume: current.azureBlob,
        onState: (azureBlob) => this.#setFileState(file.id, { azureBlob }),
        onBlock: (block) => uppy.emit('azure-blob:block-uploaded', uppy.getFile(file.id), block),
        onRetry: (error, attempt) => uppy.emit('azure-blob:retry', uppy.getFile(file.id), error, attempt),
        onProgress: (bytesUploaded, bytesTotal) => {
          const { uploadStarted } = uppy.getFile(file.id).progress
          uppy.emit('upload-progress', uppy.getFile(file.id), {
            uploadStarted: uploadStarted ?? Date.now(),
            bytesUploaded,
            bytesTotal,
          })
        },
      },
      this.#shared,
    )
  }

  #fileOptions(file: UppyFile<M, B>, size: number): UploadOptions {
    const { shouldUseMultipart, getChunkSize, generateObjectKey, allowedMetaFields } = this.opts
    const fields = getAllowedMetaFields(allowedMetaFields as string[] | boolean, file.meta)
    const blockSize = blockSizeFor(size, getChunkSize?.({ size }) ?? defaultBlockSize)
    const inBlocks = typeof shouldUseMultipart === 'function' ? shouldUseMultipart(file) : shouldUseMultipart
    return {
      ...(this.opts as unknown as SigningOptions & TransferOptions),
      name: file.meta.name || file.name,
      type: file.type,
      meta: Object.fromEntries(fields.map((name) => [name, String(file.meta[name])])),
      blockSize,
      ...(inBlocks !== undefined && { inBlocks }),
      ...(generateObjectKey && { blobName: generateObjectKey(file) }),
    }
  }

  #succeeded(id: string, result: UploadResult): void {
    this.#setFileState(id, { azureBlob: undefined })
    const body = (result.body ?? { location: result.location, key: result.id }) as B
    this.uppy.emit('upload-success', this.uppy.getFile(id), { status: 200, body, uploadURL: result.location })
  }

  #failed(id: string, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    this.uppy.emit('upload-error', this.uppy.getFile(id), error)
  }

  #discard({ azureBlob }: Resumable): void {
    if (azureBlob === undefined) return
    discard(azureBlob, this.opts as unknown as UploadOptions).catch((error: unknown) => {
      // The server's sweep removes what is abandoned; the user has nothing to do about it.
      this.uppy.log(error as Error, 'warning')
    })
  }

  #setFileState(id: string, state: Resumable): void {
    this.uppy.setFileState(id, state as Partial<LocalUppyFile<M, B>>)
  }
}
