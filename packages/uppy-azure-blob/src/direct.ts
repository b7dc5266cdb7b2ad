import { blobRequest, type BlobRequestOptions } from './blob-request.js'
import { blockSizeFor } from './blocks.js'
import type { BlobOperation, Destination, FileInfo, Opened, ResumeState, UploadResult } from './destination.js'
import { UploadError } from './errors.js'
import { type Grant, withoutQuery } from './grant.js'
import type { DirectSigner } from './signers.js'

export interface DirectOptions {
  /** Blocks (true) or one Put Blob (false) for this file. */
  inBlocks: boolean
  preferredBlockSize: number
  /** Replace a blob of the same name instead of refusing. */
  overwrite: boolean
}

/** The browser commits by itself: signed by a backend's callback, or with a SAS for a whole container. */
export class DirectDestination implements Destination {
  readonly #signer: DirectSigner
  readonly #file: FileInfo
  readonly #options: DirectOptions
  readonly #requests: BlobRequestOptions
  /** An earlier attempt asked for the commit and never learnt how that ended. */
  readonly #mayBeCommitted: boolean
  #state: ResumeState | undefined

  constructor(
    signer: DirectSigner,
    file: FileInfo,
    options: DirectOptions,
    requests: BlobRequestOptions,
    resume?: ResumeState,
  ) {
    this.#signer = signer
    this.#file = file
    this.#options = options
    this.#requests = requests
    this.#mayBeCommitted = resume?.committing ?? false
    this.#state = resume
  }

  async open(): Promise<Opened> {
    const resumed = this.#state
    const { url, mayStage } = await this.#signer.open()
    const blockSize = resumed?.blockSize ?? blockSizeFor(this.#file.size, this.#options.preferredBlockSize)
    const inBlocks = this.#options.inBlocks && mayStage && this.#file.size > 0
    this.#state = { id: this.#signer.blobName, url: withoutQuery(url), size: this.#file.size, blockSize }
    return { inBlocks, blockSize, staged: resumed && inBlocks ? await this.#staged() : new Map() }
  }

  sign(operation: BlobOperation): Promise<Grant> {
    return this.#signer.sign(operation)
  }

  refused(grant: Grant): void {
    this.#signer.refused(grant)
  }

  async commit(blockIds: readonly string[]): Promise<UploadResult> {
    if (this.#signer.complete) {
      return { ...this.result(), body: await this.#signer.complete(blockIds) }
    }
    const list = blockIds.map((id) => `<Latest>${id}</Latest>`).join('')
    await blobRequest(
      this,
      {
        operation: { operation: 'put-block-list' },
        headers: { ...this.blobHeaders() },
        body: `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`,
        accept: (error, lostAnswer) => alreadyThere(error, lostAnswer || this.#mayBeCommitted),
      },
      this.#requests,
    )
    return this.result()
  }

  /** Headers that Put Blob and Put Block List share: type, metadata, and the refusal to overwrite. */
  blobHeaders(): Record<string, string> {
    const headers: Record<string, string> = { 'x-ms-blob-content-type': this.#file.type }
    if (!this.#options.overwrite) headers['If-None-Match'] = '*'
    for (const [name, value] of Object.entries(this.#file.meta)) {
      // Metadata names are C# identifiers, values are ASCII (Naming and Referencing Containers, Blobs, and Metadata).
      headers[`x-ms-meta-${name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_')}`] = encodeURIComponent(value)
    }
    return headers
  }

  result(): UploadResult {
    return { id: this.#signer.blobName, location: this.#state!.url!, body: undefined }
  }

  state(): ResumeState | undefined {
    return this.#state
  }

  /** Nothing to do: uncommitted blocks are dropped by Azure a week after the last one. */
  async discard(): Promise<void> {}

  async #staged(): Promise<Map<string, number>> {
    let text: string
    try {
      text = (await blobRequest(this, { operation: { operation: 'get-block-list' } }, this.#requests)).text
    } catch (error) {
      // No blob and no blocks, or a SAS without the right to list: everything is sent, nothing is lost.
      if (error instanceof UploadError && (error.status === 404 || error.status === 403)) return new Map()
      throw error
    }
    const staged = new Map<string, number>()
    for (const [, id, size] of text.matchAll(/<Block>\s*<Name>([^<]*)<\/Name>\s*<Size>(\d+)<\/Size>/g)) {
      staged.set(id!, Number(size))
    }
    return staged
  }
}

/**
 * A blob that exists although we refuse to overwrite is ours if an earlier attempt's answer was lost: its name was made
 * for this upload.
 */
export function alreadyThere(error: UploadError, lostAnswer: boolean): boolean {
  return lostAnswer && refusesToOverwrite(error)
}

/** The storage has a blob of that name and keeps it. */
export function refusesToOverwrite(error: UploadError): boolean {
  return (
    (error.status === 409 && error.code === 'BlobAlreadyExists') ||
    (error.status === 403 && error.code === 'UnauthorizedBlobOverwrite') ||
    error.status === 412
  )
}
