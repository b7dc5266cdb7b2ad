import { type ApiOptions, callApi } from './api.js'
import { cut } from './blocks.js'
import { type ServerClock } from './clock.js'
import type { BlobOperation, Destination, FileInfo, Opened, ResumeState, UploadResult } from './destination.js'
import { UploadError } from './errors.js'
import { expiryOf, type Grant, GrantKeeper } from './grant.js'
import { type RetryOptions, withRetry } from './retry.js'

interface GrantAnswer {
  id: string
  url: string
  blockSize: number
  expiresAt: string
  blocks?: { id: string; size: number }[]
}

/** What the API says of an upload to resume of which no byte is missing. */
interface ArrivedAnswer {
  id: string
  arrived: true
}

export interface ValetkeyOptions extends ApiOptions {
  /** Where Valetkey's JSON API is, for instance `/api`. */
  endpoint: string
}

/**
 * Lets one upload begin before all others: a guest gets the cookie that the server knows them by with the first answer,
 * and several first answers would make several guests of one.
 */
export class Introduction {
  #first: Promise<unknown> | undefined
  #done = false

  async wait<T>(begin: () => Promise<T>): Promise<T> {
    while (!this.#done && this.#first !== undefined) await this.#first.catch(() => undefined)
    if (this.#done) return begin()
    const mine = begin()
    this.#first = mine
    try {
      const result = await mine
      this.#done = true
      return result
    } finally {
      this.#first = undefined
    }
  }
}

/** Valetkey's own protocol: the server grants, the browser stages, the server adds up, commits and checks. */
export class ValetkeyDestination implements Destination {
  readonly #options: ValetkeyOptions
  readonly #file: FileInfo
  readonly #clock: ServerClock
  readonly #retry: RetryOptions
  readonly #keeper: GrantKeeper
  readonly #introduction: Introduction
  #state: ResumeState | undefined

  constructor(
    options: ValetkeyOptions,
    file: FileInfo,
    clock: ServerClock,
    retry: RetryOptions,
    resume?: ResumeState,
    introduction = new Introduction(),
  ) {
    this.#introduction = introduction
    this.#options = options
    this.#file = file
    this.#clock = clock
    this.#retry = retry
    this.#state = resume
    this.#keeper = new GrantKeeper(clock, () => this.#renew())
  }

  async open(): Promise<Opened> {
    const answer = this.#state === undefined ? await this.#start() : await this.#resume()
    if ('arrived' in answer) return this.#everything()
    this.#keeper.hold(this.#toGrant(answer))
    this.#state = { id: answer.id, size: this.#file.size, blockSize: answer.blockSize }
    return {
      inBlocks: true,
      blockSize: answer.blockSize,
      staged: new Map((answer.blocks ?? []).map((block) => [block.id, block.size])),
    }
  }

  sign(_operation: BlobOperation): Promise<Grant> {
    return this.#keeper.current()
  }

  refused(grant: Grant): void {
    this.#keeper.refused(grant)
  }

  async commit(): Promise<UploadResult> {
    const { name, size } = this.#file
    const body = await this.#call('POST', `${this.#path()}/complete`, { name, size })
    return { id: this.#state!.id, location: `${this.#options.endpoint}/photos/${this.#state!.id}`, body }
  }

  result(): UploadResult {
    throw new Error('an upload through the API is always committed by the API')
  }

  state(): ResumeState | undefined {
    return this.#state
  }

  async discard(): Promise<void> {
    if (this.#state === undefined) return
    try {
      // keepalive: people cancel by leaving, too.
      await callApi('DELETE', this.#path(), undefined, { ...this.#options, keepalive: true })
    } catch (error) {
      if (!(error instanceof UploadError && error.status === 404)) throw error
    }
  }

  #start(): Promise<GrantAnswer | ArrivedAnswer> {
    const { name, type, size } = this.#file
    return this.#introduction.wait(() =>
      this.#grant('POST', `${this.#options.endpoint}/uploads`, { name, type, size }),
    )
  }

  async #resume(): Promise<GrantAnswer | ArrivedAnswer> {
    const answer = await this.#look()
    if ('arrived' in answer || answer.blockSize === this.#state!.blockSize) return answer
    // Cut differently, nothing that is staged fits.
    return { ...answer, blocks: [] }
  }

  /** As if every block were staged: what is left is to complete the upload. */
  #everything(): Opened {
    const { size, blockSize } = this.#state!
    const staged = new Map(cut(size, blockSize).map(({ id, start, end }) => [id, end - start]))
    return { inBlocks: true, blockSize, staged }
  }

  async #renew(): Promise<Grant> {
    const answer = await this.#look()
    if (!('arrived' in answer)) return this.#toGrant(answer)
    // Another page went on with the same upload, and was faster. Trying again finds the photo.
    throw new UploadError('The upload was completed elsewhere', { kind: 'refused' })
  }

  async #look(): Promise<GrantAnswer | ArrivedAnswer> {
    try {
      return await this.#grant('GET', this.#path(), undefined)
    } catch (error) {
      if (error instanceof UploadError && (error.status === 404 || error.status === 410)) {
        throw new UploadError(error.message, { ...error, kind: 'gone', cause: error })
      }
      throw error
    }
  }

  async #grant(method: 'GET' | 'POST', url: string, body: unknown): Promise<GrantAnswer | ArrivedAnswer> {
    const answer = (await this.#call(method, url, body)) as (Partial<GrantAnswer> & Partial<ArrivedAnswer>) | undefined
    if (answer?.arrived === true && method === 'GET') return answer as ArrivedAnswer
    if (typeof answer?.id !== 'string' || typeof answer.url !== 'string' || !(Number(answer.blockSize) >= 1)) {
      throw new UploadError('The server granted something that is not an upload', { kind: 'server' })
    }
    return answer as GrantAnswer
  }

  #call(method: 'GET' | 'POST', url: string, body: unknown): Promise<unknown> {
    return withRetry(
      () => callApi(method, url, body, { ...this.#options, signal: this.#retry.signal, clock: this.#clock }),
      this.#retry,
    )
  }

  #path(): string {
    return `${this.#options.endpoint}/uploads/${encodeURIComponent(this.#state!.id)}`
  }

  #toGrant(answer: GrantAnswer): Grant {
    return { url: answer.url, expiresAt: expiryOf(answer.expiresAt) }
  }
}
