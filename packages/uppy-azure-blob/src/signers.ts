import { type BlobOperation, type FileInfo, queryOf, type ResumeState } from './destination.js'
import { expiryOf, type Grant, GrantKeeper, sasExpiry } from './grant.js'
import type { ServerClock } from './clock.js'
import { UploadError } from './errors.js'
import { type RetryOptions, withRetry } from './retry.js'

/** Signs for one blob that the browser itself commits. */
export interface DirectSigner {
  readonly blobName: string
  /** Prepares; says where the blob is and whether the signature may stage blocks. */
  open(): Promise<{ url: string; mayStage: boolean }>
  sign(operation: BlobOperation): Promise<Grant>
  refused(grant: Grant): void
  /** Present when the backend commits instead of the browser. */
  complete?: (blockIds: readonly string[]) => Promise<unknown>
}

/** What a backend answers to `getUpload`. */
export interface UploadTarget {
  /** The blob's URL with a SAS; `w` to stage blocks, `r` as well to resume from what is staged. */
  url: string
  /** When the SAS expires; read from its `se` when absent. */
  expiresAt?: string | number | Date
  /** Headers that the signature covers. */
  headers?: Record<string, string>
}

export interface CallbackContext {
  /** The name that the blob is to get; the same for every call of one upload. */
  blobName: string
  /** Where the blob was at the first call, when this one renews or resumes. */
  previousURL?: string | undefined
  signal?: AbortSignal | undefined
}

export interface GetUploadOptions {
  /** Asks your backend where this file goes. Called again to renew before expiry, and to resume. */
  getUpload: (file: FileInfo, context: CallbackContext) => Promise<UploadTarget> | UploadTarget
  /** Lets your backend commit the block list. Without it the browser does. */
  completeUpload?: (
    file: FileInfo,
    context: CallbackContext & { blockIds: readonly string[] },
  ) => Promise<unknown> | unknown
}

/** One request as `signRequest` is asked to sign it. */
export type SignableRequest = BlobOperation & {
  method: 'GET' | 'PUT'
  blobName: string
  /** What the request adds to the blob's URL by itself; for signatures that cover query parameters. */
  query: string
  contentType: string
}

export interface SignRequestOptions {
  /** Signs every single request: for signatures that cover headers or query parameters. */
  signRequest: (
    request: SignableRequest,
    context: { signal?: AbortSignal | undefined },
  ) => Promise<{ url: string; headers?: Record<string, string> }> | { url: string; headers?: Record<string, string> }
}

export interface GetCredentialsOptions {
  /** A SAS for a whole container, as `GET /api/credentials` of Azure's upload tutorial answers it. */
  getCredentials: (context: { signal?: AbortSignal | undefined }) => Promise<Credentials> | Credentials
  /** The container that the SAS is for; `images` by default, as in the tutorial. */
  container?: string
}

export interface Credentials {
  /** The query string of the SAS, with or without a leading `?`. */
  sasKey: string
  /** The Blob endpoint, for instance `https://ACCOUNT.blob.core.windows.net`. */
  url: string
}

export function getUploadSigner(
  options: GetUploadOptions,
  file: FileInfo,
  blobName: string,
  clock: ServerClock,
  retry: RetryOptions,
  resume: ResumeState | undefined,
): DirectSigner {
  let previousURL = resume?.url
  const context = (): CallbackContext => ({ blobName, previousURL, signal: retry.signal })
  const keeper = new GrantKeeper(clock, async () => {
    const target = await withRetry(() => callBack(() => options.getUpload(file, context())), retry)
    previousURL ??= target.url.split('?')[0]
    return { url: target.url, headers: target.headers, expiresAt: expiryOf(target.expiresAt) ?? sasExpiry(queryPart(target.url)) }
  })
  const { completeUpload } = options
  return {
    blobName,
    open: async () => {
      const { url } = await keeper.current()
      return { url, mayStage: mayStage(queryPart(url)) }
    },
    sign: () => keeper.current(),
    refused: (grant) => keeper.refused(grant),
    ...(completeUpload && {
      complete: (blockIds: readonly string[]) =>
        withRetry(() => callBack(() => completeUpload(file, { ...context(), blockIds })), retry),
    }),
  }
}

export function signRequestSigner(
  options: SignRequestOptions,
  file: FileInfo,
  blobName: string,
  retry: RetryOptions,
): DirectSigner {
  const sign = async (operation: BlobOperation): Promise<Grant> =>
    callBack(() =>
      options.signRequest(
        {
          ...operation,
          method: operation.operation === 'get-block-list' ? 'GET' : 'PUT',
          blobName,
          query: queryOf(operation),
          contentType: file.type,
        },
        { signal: retry.signal },
      ),
    )
  return {
    blobName,
    open: async () => ({ url: (await sign({ operation: 'put-block-list' })).url, mayStage: true }),
    sign,
    refused: () => undefined,
  }
}

/** The keeper of a container SAS: one for all files, so that it is fetched once. */
export function credentialsKeeper(options: GetCredentialsOptions, clock: ServerClock, retry: RetryOptions): GrantKeeper {
  return new GrantKeeper(clock, async () => {
    const { sasKey, url } = await withRetry(() => callBack(() => options.getCredentials({ signal: retry.signal })), retry)
    const sas = sasKey.replace(/^\?/, '')
    return { url: `${url.replace(/\/$/, '')}/${options.container ?? 'images'}?${sas}`, expiresAt: sasExpiry(sas) }
  })
}

export function credentialsSigner(keeper: GrantKeeper, blobName: string): DirectSigner {
  const grants = new WeakMap<Grant, Grant>()
  const sign = async (): Promise<Grant> => {
    const container = await keeper.current()
    const path = blobName.split('/').map(encodeURIComponent).join('/')
    const grant = { ...container, url: container.url.replace('?', `/${path}?`) }
    grants.set(grant, container)
    return grant
  }
  return {
    blobName,
    open: async () => {
      const { url } = await sign()
      return { url, mayStage: mayStage(queryPart(url)) }
    },
    sign,
    refused: (grant) => keeper.refused(grants.get(grant) ?? grant),
  }
}

/** Put Block needs `w`. A SAS whose rights stand in a stored policy does not say; it gets the benefit of the doubt. */
function mayStage(sas: string): boolean {
  const permissions = new URLSearchParams(sas).get('sp')
  return permissions === null || permissions.includes('w')
}

function queryPart(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? '' : url.slice(mark + 1)
}

/** What a callback throws is final unless it says otherwise; a failed `fetch` in it says so by being a TypeError. */
async function callBack<T>(call: () => Promise<T> | T): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) {
      throw new UploadError('The connection failed', { kind: 'network', retryable: true, cause: error })
    }
    throw error
  }
}
