import { alreadyThere, DirectDestination, refusesToOverwrite } from './direct.js'
import { type BlobRequest, type BlobRequestOptions, blobRequest } from './blob-request.js'
import { type Block, cut } from './blocks.js'
import { ServerClock } from './clock.js'
import type { Destination, FileInfo, ResumeState, UploadResult } from './destination.js'
import { UploadError } from './errors.js'
import type { GrantKeeper } from './grant.js'
import { integrityHeaders } from './integrity.js'
import { createLanes, type Lanes } from './limiter.js'
import { checkSigning, transferDefaults, type UploadOptions } from './options.js'
import type { RetryOptions } from './retry.js'
import { credentialsKeeper, credentialsSigner, getUploadSigner, signRequestSigner } from './signers.js'
import { type Introduction, ValetkeyDestination } from './valetkey.js'

/** What uploads of one page can share beside their lanes: the measured clock, a container's SAS, who begins first. */
export interface Shared {
  clock: ServerClock
  keeper?: GrantKeeper | undefined
  introduction?: Introduction | undefined
}

/**
 * Uploads one file. Resolves when it is committed; rejects with an `UploadError`, with the signal's reason, or with what
 * a callback of yours threw.
 */
export async function upload(file: Blob, options: UploadOptions, shared?: Shared): Promise<UploadResult> {
  checkSigning(options)
  const common = { clock: new ServerClock(), ...shared }
  const { resume } = options
  if (resume !== undefined && resume.size === file.size) {
    try {
      return await new Attempt(file, options, common, resume).run()
    } catch (error) {
      if (!(error instanceof UploadError) || error.kind !== 'gone') throw error
      // Too old or already cancelled: start over, the user still wants the file there.
    }
  }
  return await new Attempt(file, options, common, undefined).run()
}

/** Tells the server to forget an upload. Without an API that keeps uploads there is nothing to tell. */
export async function discard(state: ResumeState, options: UploadOptions): Promise<void> {
  checkSigning(options)
  if (options.endpoint === undefined) return
  const info: FileInfo = { name: '', type: '', size: state.size, meta: {} }
  const retry: RetryOptions = { delays: [], maxRetryAfter: 0 }
  await new ValetkeyDestination(options, info, new ServerClock(), retry, state).discard()
}

class Attempt {
  readonly #file: Blob
  readonly #options: UploadOptions
  readonly #requests: BlobRequestOptions
  readonly #destination: Destination
  readonly #resume: ResumeState | undefined
  readonly #stop = new AbortController()
  #staged = 0
  #blocksSent = 0
  readonly #inFlight = new Map<number, number>()
  #reported = -1

  constructor(file: Blob, options: UploadOptions, shared: Shared, resume: ResumeState | undefined) {
    this.#file = file
    this.#options = options
    this.#resume = resume
    this.#requests = {
      clock: shared.clock,
      stallTimeout: options.stallTimeout ?? transferDefaults.stallTimeout,
      retry: {
        delays: options.retryDelays ?? transferDefaults.retryDelays,
        maxRetryAfter: options.maxRetryAfter ?? transferDefaults.maxRetryAfter,
        signal: this.#stop.signal,
        onRetry: options.onRetry,
      },
    }
    this.#destination = this.#choose(shared)
  }

  async run(): Promise<UploadResult> {
    const { signal, priority = 0 } = this.#options
    const lanes = this.#options.lanes ?? createLanes(this.#options.limit ?? transferDefaults.limit)
    const abort = (): void => this.#stop.abort(signal!.reason)
    signal?.throwIfAborted()
    signal?.addEventListener('abort', abort)
    try {
      if (this.#resume?.committing) {
        const result = await this.#finishInterruptedCommit()
        if (result !== undefined) return result
      }
      // The file's slot is free again while the server looks at what arrived: the next file's bytes can flow.
      const ids = await lanes.files.run(priority, this.#stop.signal, () => this.#transfer(lanes))
      if (ids === undefined) return this.#destination.result()
      this.#keep({ committing: true })
      return await lanes.commits.run(priority, this.#stop.signal, () => this.#commit(ids, lanes))
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      // One block's failure ends the others' requests, too.
      this.#stop.abort()
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Sends what is missing; the ids of all blocks in order, or undefined when one Put Blob did it all. */
  async #transfer(lanes: Lanes): Promise<string[] | undefined> {
    const { inBlocks, blockSize, staged } = await this.#destination.open()
    this.#keep()
    if (!inBlocks) {
      await this.#putBlob(lanes)
      this.#report()
      return undefined
    }
    const blocks = cut(this.#file.size, blockSize)
    const missing = blocks.filter((block) => staged.get(block.id) !== block.end - block.start)
    this.#staged = this.#file.size - missing.reduce((sum, block) => sum + block.end - block.start, 0)
    this.#report()
    const next = missing[Symbol.iterator]()
    const worker = async (): Promise<void> => {
      for (const block of next) await this.#putBlock(block, lanes)
    }
    // Only checksums are worth beginning a block for before its turn comes.
    const { limit } = this.#options.integrity ? lanes.blocks : lanes.requests
    const workers = Array.from({ length: Math.min(limit, missing.length) }, worker)
    try {
      await Promise.all(workers)
    } catch (error) {
      this.#stop.abort(error)
      await Promise.allSettled(workers)
      throw error
    }
    return blocks.map((block) => block.id)
  }

  async #putBlock({ number, id, start, end }: Block, lanes: Lanes): Promise<void> {
    const body = this.#part(start, end)
    await this.#send(number, body, lanes, { operation: { operation: 'put-block', blockId: id } })
    this.#options.onBlock?.({ id, number, size: body.size })
  }

  /**
   * A file that goes in one piece is sent as it is: cutting it takes a browser some hundredths of the whole upload. Not
   * where a backend signs each request: a file brings its type along as a header, which is in what a Shared Key signs.
   */
  #part(start: number, end: number): Blob {
    const whole = end - start === this.#file.size && this.#options.signRequest === undefined
    return whole ? this.#file : this.#file.slice(start, end)
  }

  #putBlob(lanes: Lanes): Promise<void> {
    const destination = this.#destination as DirectDestination
    return this.#send(0, this.#part(0, this.#file.size), lanes, {
      operation: { operation: 'put-blob' },
      headers: { 'x-ms-blob-type': 'BlockBlob', ...destination.blobHeaders() },
      accept: alreadyThere,
    })
  }

  /** Sends a body when its turn comes, with the checksum that was computed while others had theirs. */
  async #send(number: number, body: Blob, lanes: Lanes, request: BlobRequest): Promise<void> {
    const { priority = 0, integrity = false } = this.#options
    const { signal } = this.#stop
    const onProgress = (loaded: number): void => this.#progress(number, loaded, body.size)
    try {
      await lanes.blocks.run(priority, signal, async () => {
        const headers = { ...request.headers, ...(await integrityHeaders(body, integrity)) }
        await lanes.requests.run(priority, signal, () =>
          blobRequest(this.#destination, { ...request, headers, body, onProgress }, this.#requests),
        )
      })
    } catch (error) {
      if (signal.aborted) throw error
      throw (await isReadable(body)) ? error : unreadable(error)
    }
    this.#blocksSent++
    this.#inFlight.delete(number)
    this.#staged += body.size
    this.#report()
  }

  /** Commits; when the server misses blocks, sends those and commits again. */
  async #commit(ids: readonly string[], lanes: Lanes): Promise<UploadResult> {
    for (let round = 0; ; round++) {
      try {
        return await this.#destination.commit(ids)
      } catch (error) {
        // Another's blob: a later resume must not take it for the outcome of this commit.
        if (error instanceof UploadError && refusesToOverwrite(error)) this.#keep()
        if (!(error instanceof UploadError) || error.status !== 409 || round >= 2) throw error
        const sent = this.#blocksSent
        await this.#transfer(lanes)
        if (this.#blocksSent === sent) throw error
      }
    }
  }

  /** The page went away between the commit and its answer: the same commit again tells how it ended. */
  async #finishInterruptedCommit(): Promise<UploadResult | undefined> {
    const ids = cut(this.#file.size, this.#resume!.blockSize).map((block) => block.id)
    try {
      return await this.#destination.commit(ids)
    } catch (error) {
      if (error instanceof UploadError && ([404, 409, 410].includes(error.status) || error.code === 'InvalidBlockList')) return undefined
      throw error
    }
  }

  #choose(shared: Shared): Destination {
    const options = this.#options
    const { retry } = this.#requests
    const info = fileInfo(this.#file, options)
    if (options.endpoint !== undefined) {
      return new ValetkeyDestination(options, info, shared.clock, retry, this.#resume, shared.introduction)
    }
    const blobName = this.#resume?.id ?? options.blobName ?? randomName(info.name)
    const preferredBlockSize = options.blockSize ?? transferDefaults.blockSize
    const direct = {
      inBlocks: options.inBlocks ?? this.#file.size > preferredBlockSize,
      preferredBlockSize,
      overwrite: options.overwrite ?? transferDefaults.overwrite,
    }
    const signer =
      options.getUpload !== undefined
        ? getUploadSigner(options, info, blobName, shared.clock, retry, this.#resume)
        : options.signRequest !== undefined
          ? signRequestSigner(options, info, blobName, retry)
          : credentialsSigner(shared.keeper ?? credentialsKeeper(options, shared.clock, retry), blobName)
    return new DirectDestination(signer, info, direct, this.#requests, this.#resume)
  }

  #keep(more: Partial<ResumeState> = {}): void {
    const state = this.#destination.state()
    if (state !== undefined) this.#options.onState?.({ ...state, ...more })
  }

  #progress(number: number, loaded: number, size: number): void {
    this.#inFlight.set(number, Math.min(loaded, size))
    this.#report()
  }

  #report(): void {
    let sum = this.#staged
    for (const loaded of this.#inFlight.values()) sum += loaded
    if (sum === this.#reported) return
    this.#reported = sum
    this.#options.onProgress?.(sum, this.#file.size)
  }
}

export function fileInfo(file: Blob, options: Pick<UploadOptions, 'name' | 'type' | 'meta'>): FileInfo {
  return {
    name: options.name ?? (file instanceof File ? file.name : 'file'),
    type: options.type || file.type || 'application/octet-stream',
    size: file.size,
    meta: options.meta ?? {},
  }
}

function randomName(name: string): string {
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0].toLowerCase() ?? ''
  // Not randomUUID(): it exists on secure origins only, and a test server in one's own network is none.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') + extension
}

/** A file that was moved or changed since it was chosen fails like a broken network; only reading it tells. */
async function isReadable(body: Blob): Promise<boolean> {
  try {
    await body.slice(0, 1).arrayBuffer()
    return true
  } catch {
    return false
  }
}

function unreadable(cause: unknown): UploadError {
  return new UploadError('The file can no longer be read: it was moved, changed or deleted', {
    kind: 'unreadable',
    cause,
  })
}
