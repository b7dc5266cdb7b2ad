import { quote, quoteUnlessPlain } from './bytes'
import type { Explainer } from './finding'
import { resourceName } from './layouts'
import { valueOf } from './token'
import { duration, formatTime, type Time, union } from './values'

const permissionWords: Record<string, string> = {
  r: 'read blobs, their properties, metadata and block lists',
  a: 'append blocks to append blobs',
  c: 'create new blobs with one request, never overwrite; it cannot stage blocks',
  w: 'write: create and overwrite blobs, stage and commit blocks, set properties and metadata',
  d: 'delete blobs',
  x: 'delete blob versions',
  y: 'delete snapshots and versions for good',
  l: 'list blobs',
  t: 'read and write blob tags',
  f: 'find blobs by tags',
  m: 'move (hierarchical namespace)',
  e: 'execute (hierarchical namespace)',
  o: 'change owners (hierarchical namespace)',
  p: 'change access lists (hierarchical namespace)',
  i: 'set immutability policies and legal holds',
}

const accountPermissionWords: Record<string, string> = {
  ...permissionWords,
  l: 'list containers and blobs',
  d: 'delete containers and blobs',
  u: 'update queue messages and table entities',
  p: 'process queue messages',
  a: 'add queue messages, table entities, append blocks',
  r: 'read properties, metadata and content',
  w: 'write: create and overwrite containers and blobs, stage and commit blocks, set properties',
  c: 'create new containers and blobs',
}

/** Tells what the SAS allows, for what and until when. */
export function describe(e: Explainer): void {
  const { token, out, policy } = e
  const ofAccount = token.kind === 'account SAS'
  out.kind = token.kind
  out.version = quoteUnlessPlain(valueOf(token, 'sv'))
  out.target = describeTarget(e)
  const letters = policy && !ofAccount ? union(token.permissions, policy.permissions) : token.permissions
  out.allows = [...letters].map((each) => `${each}: ${(ofAccount ? accountPermissionWords : permissionWords)[each]}`)
  const { start, expiry } = times(e)
  if (start) out.start = formatTime(start.at)
  if (expiry) {
    out.expiry = formatTime(expiry.at)
    out.lasts = expiry.at > e.now ? `ends in ${duration(expiry.at - e.now)}` : `ended ${duration(e.now - expiry.at)} ago`
  }
  out.limits = limits(e)
}

/** The start and the expiry, those of the stored access policy included. */
export const times = ({ token, policy }: Explainer): { start: Time | undefined; expiry: Time | undefined } => ({
  start: token.start ?? policy?.start,
  expiry: token.expiry ?? policy?.expiry,
})

function describeTarget({ token, target }: Explainer): string {
  const account = target.account === '' ? 'the account' : 'the account ' + quoteUnlessPlain(target.account)
  if (token.kind === 'account SAS') {
    const levels = { s: 'the service itself', c: 'all containers', o: 'all blobs' }
    const named = Object.entries(levels).filter(([level]) => token.resourceTypes.includes(level))
    return `${named.map(([, words]) => words).join(', ')} of ${account}`
  }
  const container = `container ${target.container === '' ? 'that is not named here' : quote(target.container)} of ${account}`
  const name = resourceName(token.resource)
  if (token.resource === '') return ''
  if (token.resource === 'c') return `every blob in ${container}`
  if (token.resource === 'd') return `every blob below a directory of depth ${token.depth} in ${container}`
  return target.blob === '' ? `one ${name} of ${account}` : `the ${name} ${quote(target.blob)} in ${container}`
}

function limits({ token }: Explainer): string[] {
  const value = (field: string): string => valueOf(token, field)
  const out: string[] = []
  if (token.protocol === 'https') out.push('only over https')
  if (token.ip) out.push('only from ' + token.ip.text)
  if (value('si')) out.push(`as long as the container's stored access policy ${quote(value('si'))} stands`)
  if (token.keyEnd) out.push(`as long as the user delegation key is good, which is until ${formatTime(token.keyEnd.at)}`)
  if (value('sduoid')) out.push('only together with a bearer token of user ' + quoteUnlessPlain(value('sduoid')))
  if (token.signedHeaders.length > 0) out.push('only with the signed headers ' + token.signedHeaders.join(', '))
  if (token.signedQuery.length > 0) out.push('only with the signed query parameters ' + token.signedQuery.join(', '))
  if (value('ses')) out.push('with encryption scope ' + quote(value('ses')))
  if (['rscc', 'rscd', 'rsce', 'rscl', 'rsct'].some(value)) out.push('reads answer with response headers that the SAS dictates')
  return out
}
