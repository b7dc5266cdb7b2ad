import { UploadError } from 'uppy-azure-blob'
import { currentLanguage, t } from '../texts'

const prefix = 'urn:valetkey:problem:'

/** What to tell the user about a failed upload: in their language, by the stable type of the problem. */
export function explain(error: unknown, fileName: string): string {
  if (!(error instanceof UploadError)) return t.problem.other
  const text = byType(error, fileName)
  // The server's own words know the numbers, and what is in the file; they are English.
  if (!error.detail || currentLanguage() !== 'en') return text
  if (error.code === `${prefix}not-an-image`) return error.detail
  return [t.problem.tooLarge, t.problem.quota, t.problem.other].includes(text) ? `${text} ${error.detail}` : text
}

/** Whether the file itself is what was refused: sending the same bytes again is of no use. */
export function isFinal(error: unknown): boolean {
  return error instanceof UploadError && ['too-large', 'unsupported-type', 'not-an-image'].some((type) => error.code === prefix + type)
}

/** Why what arrived is no photo: `reason` in api/openapi.yaml. */
function byReason(reason: string | undefined): string {
  const { problem } = t
  switch (reason) {
    case 'unsupported-format':
      return problem.unsupportedFormat
    case 'truncated':
      return problem.truncated
    case 'damaged':
      return problem.damaged
    case 'too-large':
      return problem.tooLarge
    case 'too-many-pixels':
      return problem.tooManyPixels
    case 'too-many-frames':
      return problem.tooManyFrames
    case 'too-much-metadata':
      return problem.tooMuchMetadata
    case 'too-slow':
      return problem.tooSlow
    default:
      return problem.notAnImage
  }
}

function byType(error: UploadError, fileName: string): string {
  const { problem } = t
  switch (error.code?.startsWith(prefix) ? error.code.slice(prefix.length) : '') {
    case 'too-large':
      return problem.tooLarge
    case 'unsupported-type':
      return /\.hei[cf]$/i.test(fileName) ? problem.heic : problem.unsupportedType
    case 'not-an-image':
      return byReason(error.reason)
    case 'quota':
      return problem.quota
    case 'rate-limited':
      return problem.rateLimited
    case 'expired':
      return problem.expired
    case 'storage-unavailable':
    case 'internal':
      return problem.server
  }
  switch (error.kind) {
    case 'network':
    case 'stalled':
      return problem.network
    case 'unreadable':
      return problem.unreadable
    case 'expired':
    case 'gone':
      return problem.expired
    case 'server':
      return error.status === 429 ? problem.rateLimited : problem.server
    case 'refused':
      return error.status === 413 ? problem.tooLarge : problem.other
  }
}
