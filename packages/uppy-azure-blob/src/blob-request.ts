import type { ServerClock } from './clock.js'
import { type BlobOperation, type Destination, queryOf } from './destination.js'
import { type Answer, errorFromAnswer, UploadError } from './errors.js'
import { withQuery } from './grant.js'
import { type RetryOptions, withRetry } from './retry.js'
import { send } from './transport.js'

/** The Blob service version whose semantics the requests are written for. */
export const apiVersion = '2024-11-04'

export interface BlobRequestOptions {
  clock: ServerClock
  retry: RetryOptions
  stallTimeout: number
}

export interface BlobRequest {
  operation: BlobOperation
  headers?: Record<string, string>
  body?: Blob | string
  onProgress?: (loaded: number) => void
  /** Says of a final refusal whether it is a success all the same; `lostAnswer`: an attempt ended without an answer. */
  accept?: (error: UploadError, lostAnswer: boolean) => boolean
}

/**
 * One request to the Blob service: signed, sent, tried again. A 403 for an expired or altered signature is answered with
 * a fresh grant, at most twice; any other 403 would only be repeated.
 */
export async function blobRequest(
  destination: Destination,
  request: BlobRequest,
  options: BlobRequestOptions,
): Promise<Answer> {
  let renewals = 0
  let lostAnswer = false
  const attempt = async (): Promise<Answer> => {
    for (;;) {
      const grant = await destination.sign(request.operation)
      const sentAt = Date.now()
      const answer = await send({
        method: request.operation.operation === 'get-block-list' ? 'GET' : 'PUT',
        url: withQuery(grant.url, queryOf(request.operation)),
        headers: { 'x-ms-version': apiVersion, ...request.headers, ...grant.headers },
        body: request.body,
        signal: options.retry.signal,
        stallTimeout: options.stallTimeout,
        onProgress: request.onProgress,
      })
      options.clock.observe(answer.header('date'), sentAt, Date.now())
      if (answer.status >= 200 && answer.status < 300) return answer
      const error = errorFromAnswer(answer, request.operation.operation)
      if (!isSignatureRefusal(error)) throw error
      if (renewals++ >= 2) throw new UploadError(error.message, { ...error, kind: 'expired', cause: error })
      request.onProgress?.(0)
      destination.refused(grant)
    }
  }
  try {
    return await withRetry(attempt, {
      ...options.retry,
      onRetry: (error, failures) => {
        lostAnswer ||= error.status === 0 || error.status >= 500
        request.onProgress?.(0)
        options.retry.onRetry?.(error, failures)
      },
    })
  } catch (error) {
    if (error instanceof UploadError && request.accept?.(error, lostAnswer)) {
      return { status: error.status, header: () => null, text: '' }
    }
    throw error
  }
}

/** Refusals that a fresh signature of the same kind would meet again. */
const finalRefusals = new Set([
  'AuthorizationPermissionMismatch',
  'AuthorizationSourceIPMismatch',
  'AuthorizationProtocolMismatch',
  'AuthorizationServiceMismatch',
  'AuthorizationResourceTypeMismatch',
  'UnauthorizedBlobOverwrite',
])

/** Azure says AuthenticationFailed for expiry, emulators other things, and CORS or a proxy may hide the code. */
function isSignatureRefusal(error: UploadError): boolean {
  return error.status === 403 && !finalRefusals.has(error.code ?? '')
}
