import { arrayOf, type Bytes, cut, escapeQuery, hideSignature, lower, quote, textOf } from './bytes'
import { type Explainer, fail, hasFinding, type Key, warn } from './finding'
import { end, headers, layouts, moment, queries, resource, resourceName } from './layouts'
import { requestOf } from './target'
import { boundValues, pathOf, type Request, type Token, valueOf } from './token'
import { accountPermissionLetters, common, permissionLetters } from './values'

/** One way in which a signature may have come about. */
interface Attempt {
  key: Key
  layout: string[]
  request: Request
  /** Values that were signed otherwise than they stand in the query. */
  replaced?: Record<string, Bytes>
}

/** Web Crypto is there in secure contexts only: over https, and on loopback. */
export const canCheck = (): boolean => globalThis.crypto?.subtle !== undefined

/** What is signed, field by field; joined by line feeds it is the string-to-sign. */
function signedValues(token: Token, { layout, request, replaced = {} }: Omit<Attempt, 'key'>): Bytes[] {
  const bound = boundValues(token, request)
  return layout.map((field) => {
    if (Object.hasOwn(replaced, field)) return replaced[field]!
    switch (field) {
      case 'account':
        return request.account
      case resource: {
        const path = pathOf(token, request) ?? request.blob
        return `/blob/${request.account}/${request.container}${path && '/' + path}`
      }
      case moment:
        return token.resource === 'bs' ? request.snapshot : token.resource === 'bv' ? request.version : ''
      case headers:
        return bound.headers.map(({ name, value }) => `${name}:${value}\n`).join('')
      case queries:
        return bound.queries.map(({ name, value }) => `\n${name}:${value}`).join('')
      case end:
        return ''
    }
    return valueOf(token, field)
  })
}

/** Whether the attempt gives the token's signature. */
async function matches({ token }: Explainer, attempt: Attempt): Promise<boolean> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', arrayOf(attempt.key), algorithm, false, ['verify'])
  const text = signedValues(token, attempt).join('\n')
  return crypto.subtle.verify('HMAC', key, arrayOf(token.signature), arrayOf(text))
}

/** Recomputes the signature where a key is known and, if it is wrong, looks for the cause. */
export async function checkSignature(e: Explainer): Promise<void> {
  const { token, target, q, out } = e
  const request = requestOf(e)
  if (hasFinding(e, 'sig-malformed') || token.signature === '' || !valueOf(token, 'sv') || !target.known) return
  if (token.kind !== 'account SAS' && target.fromURL && target.container === '') return // what it was signed for is not said
  // Without the signed headers there is no string-to-sign.
  if ((token.signedHeaders.length > 0 && !q.headers) || !boundValues(token, request).complete) return
  const plain = { layout: token.layout, request }
  const values = signedValues(token, plain)
  out.stringToSign = token.layout.map((name, i) => ({ name, value: textOf(hideSignature(values[i]!)) }))
  const [delegation, account] = canCheck() ? [q.delegation === undefined ? [] : [q.delegation], q.keys ?? []] : [[], []]
  const delegated = token.kind === 'user delegation SAS'
  const keys = delegated ? delegation : account
  for (const key of keys) {
    if (await matches(e, { ...plain, key })) {
      out.signature = 'right'
      return
    }
  }
  const otherKind = async (): Promise<boolean> => {
    for (const key of delegated ? account : delegation) {
      if (!(await matches(e, { ...plain, key }))) continue
      out.signature = 'wrong'
      fail(e, 'wrong-key-kind', 'sig',
        `It was signed with the ${delegated ? 'account key' : 'user delegation key'}, which does not sign a ${token.kind}.`,
        'A user delegation SAS is signed with the value of the user delegation key, the other kinds with an account key.')
      return true
    }
    return false
  }
  if (keys.length === 0) {
    if (target.doubled) warn(e, 'account-doubled', '', doubledMessage(target.account), doubledHint)
    await otherKind()
    return
  }
  out.signature = 'wrong'
  for (const key of keys) if (await findCause(e, { ...plain, key })) return
  if (await otherKind()) return
  const names = [...token.signedHeaders, ...token.signedQuery].join(', ')
  fail(e, 'signature-mismatch', 'sig', 'The signature is not that of this key for this string-to-sign.',
    (names && `The value of what it binds, ${quote(names)}, must be the very one that was signed. `) +
    "Either another key signed it (of another account, or rotated since), or it was made for another container or blob than the URL names, or a signed field was changed afterwards: compare the string-to-sign with the signer's, line by line.")
}

const doubledHint =
  'A host-style URL (account.blob.core.windows.net) has it in the host only, a path-style one (127.0.0.1:10000/account) once, at the start of the path.'

const doubledMessage = (account: Bytes): string =>
  `The account's name ${quote(account)} follows an account's name in the URL, where the container's name should be.`

/** Tries what people get wrong. */
async function findCause(e: Explainer, plain: Attempt): Promise<boolean> {
  const { token } = e
  if (await matches(e, { ...plain, key: btoa(plain.key) })) {
    fail(e, 'key-not-decoded', 'sig', "It was signed with the key's text; the key is the base64 decoding of it.", 'Decode the key before signing.')
    return true
  }
  const version = valueOf(token, 'sv')
  for (const { since, fields } of layouts[token.kind]) {
    if (fields !== token.layout && (await matches(e, { ...plain, layout: fields }))) {
      fail(e, 'layout-wrong', 'sv', `It was signed in the layout of sv ${since}, while sv says ${version}.`,
        `Sign the fields that sv ${version} has, in its order; or say sv=${since}.`)
      return true
    }
  }
  return (await findAccount(e, plain)) || (await findPath(e, plain)) || findRewritten(e, plain)
}

/** Tries other account names. */
async function findAccount(e: Explainer, plain: Attempt): Promise<boolean> {
  const { target, token } = e
  const { request } = plain
  if ((target.pathStyle || target.doubled) && target.container !== '') {
    const [container, blob = ''] = cut(target.blob, '/')
    if (await matches(e, { ...plain, request: { ...request, account: target.container, container, blob } })) {
      fail(e, 'account-doubled', '', doubledMessage(target.container), doubledHint)
      return true
    }
  }
  if (await matches(e, { ...plain, request: { ...request, container: `${request.account}/${request.container}` } })) {
    fail(e, 'account-doubled', '', "It was signed with the account's name twice in the canonicalized resource.",
      'The resource is /blob/account/container/blob, for path-style URLs too; only Shared Key doubles the name there.')
    return true
  }
  if (token.kind === 'account SAS') return false
  const bare = `/${request.container}${request.blob && '/' + request.blob}`
  for (const signed of ['/blob' + bare, bare, '/' + request.account + bare]) {
    if (await matches(e, { ...plain, replaced: { [resource]: signed } })) {
      fail(e, 'account-missing', '', `It was signed for the resource ${quote(signed)}.`,
        "The resource is /blob/account/container/blob: with /blob and with the account's name.")
      return true
    }
  }
  return false
}

/** Tries other resources than what sr and the URL say. */
async function findPath(e: Explainer, plain: Attempt): Promise<boolean> {
  const { token } = e
  if (token.kind === 'account SAS') return false
  const { account, container, blob } = plain.request
  const prefix = `/blob/${account}/${container}`
  const candidates = [
    prefix, prefix + '/', `${prefix}/${blob}`, `${prefix}/${blob.split('/').map(escapeQuery).join('/')}`, `${prefix}//${blob}`,
    lower(`${prefix}/${blob}`), `${prefix}/${blob.replaceAll('\\', '/')}`, `${prefix}/${blob.replaceAll('+', ' ')}`,
  ]
  for (let at = blob.lastIndexOf('/'); at > 0 && candidates.length <= 16; at = blob.lastIndexOf('/', at - 1)) {
    candidates.push(`${prefix}/${blob.slice(0, at)}`)
  }
  for (const signed of candidates) {
    for (const sr of [token.resource, 'b', 'c']) {
      if (await matches(e, { ...plain, replaced: { [resource]: signed, sr } })) {
        fail(e, 'path-mismatch', 'sr', `It was signed as a ${resourceName(sr)} SAS for the resource ${quote(signed)}.`,
          'The signed resource must be what the URL names, URL-decoded, and sr must say its kind.')
        return true
      }
    }
  }
  return false
}

/** Tries permissions that were signed in another order than they were written. */
async function findRewritten(e: Explainer, plain: Attempt): Promise<boolean> {
  const { token } = e
  const written = valueOf(token, 'sp')
  const letters = token.kind === 'account SAS' ? accountPermissionLetters : permissionLetters
  const canonical = common(letters, written)
  if (canonical.length !== written.length || canonical === written) return false
  if (!(await matches(e, { ...plain, replaced: { sp: canonical } }))) return false
  fail(e, 'permissions-reordered', 'sp',
    `It was signed with the permissions in the order ${quote(canonical)}, and the query has ${quote(written)}.`, 'Put into the query what was signed.')
  return true
}
