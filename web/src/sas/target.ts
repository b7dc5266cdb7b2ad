import { type Bytes, bytesOf, cut, lower, quote, sameName, unescapePath } from './bytes'
import { type Explainer, fail, type Question } from './finding'
import { type Operation, operationOf, parseOperation } from './operations'
import { levelOf, type Request, type Token } from './token'
import { parseAddress } from './values'

/** What a URL, or else the question, names. */
export interface Target {
  known: boolean
  fromURL: boolean
  https: boolean
  pathStyle: boolean
  /** The account's name stands where the container's should. */
  doubled: boolean
  account: Bytes
  container: Bytes
  blob: Bytes
}

interface URLParts {
  https: boolean
  host: Bytes
  path: Bytes
}

/** Reads a URL without a query by RFC 3986: unlike the browser's own, neither `..` nor `\` nor case is changed. */
function parseURL(place: Bytes): URLParts | undefined {
  const m = /^(?:([a-z][a-z\d+.-]*):)?\/\/(?:([^/]*)@)?([^/]*)(\/[^]*)?$/i.exec(place)
  if (!m || /[\0-\x1f\x7f]/.test(place)) return undefined
  const [, scheme = '', user = '', authority = '', escaped = ''] = m
  const path = unescapePath(escaped)
  if (!/^[\w.:~!$&'()*+,;=%@-]*$/.test(user) || unescapePath(user) === undefined || path === undefined) return undefined
  const literal = authority.startsWith('[')
  const host = unescapePath((literal ? /^\[([^]*)\](?::\d*)?$/ : /^([^:[]*)(?::\d*)?$/).exec(authority)?.[1] ?? '%')
  // Of ASCII, a host's name may have these, and escape none but the percent sign.
  if (authority === '' || host === undefined || /[^\w.~!$&'()*+,;=:[\]<>"%\x80-\xff-]|%(?!25|[89a-f])/i.test(authority)) return undefined
  if (literal && (!host.includes(':') || !parseAddress(host))) return undefined
  return { https: lower(scheme) === 'https', host, path }
}

/**
 * Reads the place that a SAS is for. Whether a host with a name of its own holds the account in its path, or is one
 * account's, nobody can see; the query helps to tell.
 */
export function locate(e: Explainer, place: Bytes, query: Bytes): Target {
  const asked = bytesOf(e.q.account ?? '')
  const url = parseURL(place)
  if (!url) {
    return {
      known: asked !== '', fromURL: false, https: false, pathStyle: false, doubled: false,
      account: asked, container: bytesOf(e.q.container ?? ''), blob: bytesOf(e.q.blob ?? ''),
    }
  }
  let path = url.path.replace(/^\//, '')
  const [first, rest = ''] = cut(path, '/')
  const hostAccount = accountOfHost(url.host)
  const pathStyle = hostAccount === '' && (isLocalHost(url.host) || first === asked || (asked === '' && reaches(query, rest)))
  if (pathStyle) path = rest
  const [container, blob = ''] = cut(path, '/')
  const custom = hostAccount === '' && !pathStyle
  const target = {
    known: !custom || asked !== '', fromURL: true, https: url.https, pathStyle, doubled: false,
    account: hostAccount || (custom ? asked : first), container, blob,
  }
  checkAccount(e, target, asked)
  return target
}

/** Whether a path below an account names what the SAS in a query is for. */
function reaches(query: Bytes, path: Bytes): boolean {
  const [container, blob = ''] = cut(path, '/')
  for (const part of query.split('&')) {
    const [name, value = ''] = cut(part, '=')
    if (lower(name) === 'sr') return container !== '' && (blob !== '' || value === 'c')
  }
  return true // an account SAS goes anywhere
}

/** Finds an account's name that stands twice in a URL, or not at all, and mends the latter. */
function checkAccount(e: Explainer, t: Target, known: Bytes): void {
  if (t.container !== '' && t.container === t.account) {
    t.doubled = true // but a container may well bear the account's name: the signature tells
  } else if (t.pathStyle && known !== '' && t.account !== known) {
    fail(e, 'account-missing', '', `The URL does not name the account ${quote(known)}; its path begins with ${quote(t.account)}.`,
      `With an IP address or localhost as the host, the path begins with the account: http://127.0.0.1:10000/${known}/container/blob.`)
    t.blob = t.blob === '' ? t.container : t.container + '/' + t.blob
    t.container = t.account
    t.account = known
  } else if (known !== '' && t.account !== known) {
    fail(e, 'account-mismatch', '', `The URL is of the account ${quote(t.account)}, the key of ${quote(known)}.`, "Take the key of the URL's account.")
  }
}

/**
 * Reads the account from a host such as acct.blob.core.windows.net; zones (acct.z1.blob…), secondary endpoints
 * (acct-secondary) and those of Data Lake Storage (acct.dfs…), which are signed alike, are told apart. Empty when it is no
 * such host.
 */
function accountOfHost(host: Bytes): Bytes {
  const [first, rest = ''] = cut(lower(host), '.')
  if (!/(^|\.)(blob|dfs)\./.test(rest) || parseAddress(host)) return ''
  return first.replace(/-secondary$/, '')
}

/** Whether a host serves accounts path-style: an address, or a name without dots. */
const isLocalHost = (host: Bytes): boolean => !host.includes('.') || parseAddress(host) !== undefined

/** Finds a query parameter that is not the SAS's. */
export const otherParameter = (token: Token, name: string): Bytes => token.other.find((each) => sameName(each.name, name))?.value ?? ''

export const countOther = (token: Token, name: string): number => token.other.filter((each) => sameName(each.name, name)).length

/** The request that the target and the question describe. */
export function requestOf({ target, token, q }: Explainer): Request {
  return {
    account: target.account, container: target.container, blob: target.blob, headers: q.headers ?? [],
    snapshot: otherParameter(token, 'snapshot'), version: otherParameter(token, 'versionid'), prefix: otherParameter(token, 'prefix'),
  }
}

/** What shall be done; undefined when it cannot be told. */
export function intended(e: Explainer): Operation | undefined {
  const q: Question = e.q
  if (q.operation || !q.method) return q.operation
  const other = (name: string): Bytes => otherParameter(e.token, name)
  const operation = operationOf(q.method.toUpperCase(), levelOf(requestOf(e)), other('restype'), other('comp'))
  if (operation?.name !== 'Delete Blob') return operation
  if (lower(other('deletetype')) === 'permanent') return parseOperation('Delete Blob (permanent)')
  return countOther(e.token, 'versionid') > 0 ? parseOperation('Delete Blob Version') : operation
}
