import { defaultBlockSize } from './blocks.js'
import type { UploadError } from './errors.js'
import type { Lanes } from './limiter.js'
import type { ResumeState } from './destination.js'
import type { Integrity } from './integrity.js'
import { defaultRetryDelays } from './retry.js'
import type { GetCredentialsOptions, GetUploadOptions, SignRequestOptions } from './signers.js'
import type { ValetkeyOptions } from './valetkey.js'

/** `Chosen`, and none of the other options that a union of all would let through beside it. */
type Only<Chosen, All = ValetkeyOptions | GetUploadOptions | SignRequestOptions | GetCredentialsOptions> = Chosen & {
  [Name in Exclude<All extends unknown ? keyof All : never, keyof Chosen>]?: undefined
}

/** Who signs. Exactly one of them. */
export type SigningOptions =
  | Only<ValetkeyOptions>
  | Only<GetUploadOptions>
  | Only<SignRequestOptions>
  | Only<GetCredentialsOptions>

/** What the Uppy plugin and the framework-free core have in common. */
export interface TransferOptions {
  /** Requests with bytes in flight at once, over all blocks of all files; as many files again are signed ahead. Default 6. */
  limit?: number
  /** Milliseconds before each retry of a failed request; its length is the number of retries. Spread by 50 %. */
  retryDelays?: readonly number[]
  /** A `Retry-After` beyond this many milliseconds ends the upload with the server's message. Default 60,000. */
  maxRetryAfter?: number
  /** Milliseconds without progress after which a request is given up and tried again. Default 30,000; 0 never. */
  stallTimeout?: number
  /** Lets the storage check every request's bytes: CRC-64 or MD5, computed in a worker. Default false. */
  integrity?: Integrity
  /** Replace a blob of the same name. Default false. Valetkey's API never does. */
  overwrite?: boolean
}

export type UploadOptions = SigningOptions &
  TransferOptions & {
    /** Default: the `File`'s name, else `file`. */
    name?: string
    /** MIME type. Default: the file's own, else `application/octet-stream`. */
    type?: string
    /** Becomes the blob's metadata where the browser commits. */
    meta?: Record<string, string>
    /** The blob's name where the browser chooses it. Default: 128 random bits in hex and the file's extension. */
    blobName?: string
    /** Blocks (true) or one Put Blob (false) where the browser may choose. Default: blocks above one block's size. */
    inBlocks?: boolean
    /** Bytes of a block where the browser may choose. Default 8 MiB; grows so that 50,000 blocks suffice. */
    blockSize?: number
    /** Cancels: the promise rejects with the signal's reason, what is staged stays for `resume` or `discard`. */
    signal?: AbortSignal
    /** Goes on with an earlier upload: only blocks that are missing or of the wrong size are sent. */
    resume?: ResumeState | undefined
    /** Bytes that have left, of all bytes; blocks found staged count as sent. */
    onProgress?: (bytesUploaded: number, bytesTotal: number) => void
    /** Called when there is something to resume from, and again when that changes. */
    onState?: (state: ResumeState) => void
    onBlock?: (block: { id: string; number: number; size: number }) => void
    onRetry?: (error: UploadError, attempt: number) => void
    /** Shares limits with other uploads. */
    lanes?: Lanes
    /** Lower goes first where uploads share `lanes`. */
    priority?: number
  }

export const transferDefaults = {
  limit: 6,
  retryDelays: defaultRetryDelays,
  maxRetryAfter: 60_000,
  stallTimeout: 30_000,
  integrity: false,
  overwrite: false,
  blockSize: defaultBlockSize,
} as const

/** Refuses options that name no signer or several: the wrong one would be used silently. */
export function checkSigning(options: object): void {
  const named = ['endpoint', 'getUpload', 'signRequest', 'getCredentials'].filter(
    (name) => (options as Record<string, unknown>)[name] !== undefined,
  )
  if (named.length !== 1) {
    throw new TypeError(
      `exactly one of endpoint, getUpload, signRequest and getCredentials is required, not ${named.join(' and ') || 'none'}`,
    )
  }
  const name = named[0]!
  const expected = name === 'endpoint' ? 'string' : 'function'
  if (typeof (options as Record<string, unknown>)[name] !== expected) throw new TypeError(`${name} must be a ${expected}`)
}
