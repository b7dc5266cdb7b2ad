/** Why an upload stopped. A user interface can choose its words and its buttons by this alone. */
export type UploadErrorKind =
  /** The connection failed, was cut or never answered. */
  | 'network'
  /** The connection stood still for longer than `stallTimeout`. */
  | 'stalled'
  /** The server or the storage understood and said no: too large, not an image, quota, wrong permission. */
  | 'refused'
  /** The signature had expired and a fresh one did not help. */
  | 'expired'
  /** The server or the storage failed or is too busy. */
  | 'server'
  /** The upload that was to be resumed is no longer known. */
  | 'gone'
  /** The browser can no longer read the file: moved, changed or deleted since it was chosen. */
  | 'unreadable'

export interface UploadErrorDetails {
  kind: UploadErrorKind
  /** HTTP status; 0 when there was no answer. */
  status?: number
  /** `x-ms-error-code` of the storage, or the `type` of an RFC 9457 problem. */
  code?: string
  /** A sentence for the user, where the server sent one. */
  title?: string
  /** What is special about this case, where the server sent it. */
  detail?: string
  /** Why a file is refused, in a word to choose one's own sentence by, where the server sent one. */
  reason?: string
  /** Worth trying again without the user doing anything. */
  retryable?: boolean
  /** Milliseconds that the server asked to wait. */
  retryAfter?: number
  /** What the server calls this request in its log. */
  requestId?: string
  cause?: unknown
}

/** The one error type of this package; a cancelled upload rejects with the signal's reason instead. */
export class UploadError extends Error {
  readonly kind: UploadErrorKind
  readonly status: number
  readonly code: string | undefined
  readonly title: string | undefined
  readonly detail: string | undefined
  readonly reason: string | undefined
  readonly retryable: boolean
  readonly retryAfter: number | undefined
  readonly requestId: string | undefined

  constructor(message: string, details: UploadErrorDetails) {
    super(message, { cause: details.cause })
    this.name = 'UploadError'
    this.kind = details.kind
    this.status = details.status ?? 0
    this.code = details.code
    this.title = details.title
    this.detail = details.detail
    this.reason = details.reason
    this.retryable = details.retryable ?? false
    this.retryAfter = details.retryAfter
    this.requestId = details.requestId
  }
}

/** An answer as both transports give it: enough to judge it by. */
export interface Answer {
  status: number
  /** A header's value, or null where it is absent or not exposed by CORS. */
  header(name: string): string | null
  text: string
}

const transientStatus = new Set([408, 425, 429, 500, 502, 503, 504])

/** Turns an answer that is not 2xx into an error: problem+json, Azure's XML, or the bare status. */
export function errorFromAnswer(answer: Answer, what: string): UploadError {
  const { title, detail, reason, code, requestId } = describe(answer)
  const message = [title ?? `${what} was answered with status ${answer.status}`, detail]
    .filter(Boolean)
    .join(': ')
  const retryable = transientStatus.has(answer.status)
  return new UploadError(message, {
    kind: retryable || answer.status >= 500 ? 'server' : 'refused',
    status: answer.status,
    code,
    title,
    detail,
    reason,
    retryable,
    retryAfter: parseRetryAfter(answer.header('retry-after'), Date.now()),
    requestId: requestId ?? answer.header('x-ms-request-id') ?? undefined,
  })
}

function describe(answer: Answer): Pick<UploadErrorDetails, 'title' | 'detail' | 'reason' | 'code' | 'requestId'> {
  const type = answer.header('content-type') ?? ''
  if (type.includes('json')) {
    try {
      const problem: unknown = JSON.parse(answer.text)
      if (typeof problem === 'object' && problem !== null) {
        const member = (name: string): string | undefined => {
          const value = (problem as Record<string, unknown>)[name]
          return typeof value === 'string' && value !== '' ? value : undefined
        }
        return {
          title: member('title'),
          detail: member('detail'),
          reason: member('reason'),
          code: member('type'),
          requestId: member('requestId'),
        }
      }
    } catch {
      // A body that is not what its type says tells nothing more than the status does.
    }
    return {}
  }
  const code = answer.header('x-ms-error-code') ?? between(answer.text, 'Code')
  const message = between(answer.text, 'Message')?.split('\n')[0]
  return { code, title: message, detail: between(answer.text, 'AuthenticationErrorDetail') }
}

function between(xml: string, element: string): string | undefined {
  return new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1]
}

/** Milliseconds of a Retry-After header (RFC 9110 10.2.3: seconds or a date), undefined when there is none. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null || value.trim() === '') return undefined
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
