import type { Grant } from './grant.js'

/** What is known of a file before its bytes are looked at. */
export interface FileInfo {
  name: string
  /** MIME type, `application/octet-stream` when the browser knows none. */
  type: string
  /** Bytes. */
  size: number
  /** The fields that `allowedMetaFields` lets through. */
  meta: Record<string, string>
}

/** The requests that an upload makes of the Blob service (REST reference: Put Blob, Put Block, ...). */
export type BlobOperation =
  | { operation: 'put-blob' }
  | { operation: 'put-block'; blockId: string }
  | { operation: 'put-block-list' }
  | { operation: 'get-block-list' }

/** The query parameters that turn the blob's URL into one for the operation. */
export function queryOf(operation: BlobOperation): string {
  switch (operation.operation) {
    case 'put-blob':
      return ''
    case 'put-block':
      return `comp=block&blockid=${encodeURIComponent(operation.blockId)}`
    case 'put-block-list':
      return 'comp=blocklist'
    case 'get-block-list':
      return 'comp=blocklist&blocklisttype=uncommitted'
  }
}

/**
 * All that is needed to go on with an upload after a reload: plain JSON, no signature in it. Keep it where you like and
 * hand it back as `resume`.
 */
export interface ResumeState {
  /** The upload's id where an API keeps it, else the blob's name. */
  id: string
  /** The blob's URL without SAS, where a backend chose it. */
  url?: string
  size: number
  blockSize: number
  /** Every byte had arrived; only the commit's answer was missing. */
  committing?: boolean
}

/** What `open` found: how the file is to be cut and what need not be sent. */
export interface Opened {
  /** False: one Put Blob instead of blocks. */
  inBlocks: boolean
  blockSize: number
  /** Bytes of each block that is already staged, by block id. */
  staged: ReadonlyMap<string, number>
}

export interface UploadResult {
  /** The upload's id where an API keeps it, else the blob's name. */
  id: string
  /** Where the result is found, without any signature. */
  location: string
  /** What the API answered to the commit, `undefined` when the browser committed by itself. */
  body: unknown
}

/** Where one file goes and who signs for it. One object serves one attempt at one file. */
export interface Destination {
  /** Starts the upload, or finds out what is left of the one that `resume` names. */
  open(): Promise<Opened>
  /** The grant to send the next request with. Called again after `refused`. */
  sign(operation: BlobOperation): Promise<Grant>
  /** The storage answered 403 to a request signed with this grant. */
  refused(grant: Grant): void
  /** Makes a blob out of the staged blocks. Safe to call again when the answer was lost. */
  commit(blockIds: readonly string[]): Promise<UploadResult>
  /** The result of an upload whose one Put Blob already made the blob. */
  result(): UploadResult
  /** What to keep for a later `resume`; undefined before `open` has succeeded. */
  state(): ResumeState | undefined
  /** Forgets what was staged. */
  discard(): Promise<void>
}
