import { type Bytes, cut, decodeBase64, hasControl, lower, quote, sameName, textOf, unescapeQuery } from './bytes'
import { delegationParameters, fieldSince, headers, type Kind, layouts, minVersion, parameters, resources } from './layouts'
import {
  accountPermissionLetters, type Invalid, invalid, type IPRange, parseIPRange, parseLetters, parsePermissions, parseTime,
  type Read, type Time,
} from './values'

/** One named value: a parameter, a header, or a part of a string-to-sign. */
export interface Field {
  name: string
  value: Bytes
}

/** A SAS that was read from a query, as far as it could be. Everything in it is a claim. */
export interface Token {
  kind: Kind
  layout: string[]
  /** Its parameters as they stand in the query, decoded. */
  values: Map<string, Bytes>
  /** The query's other parameters. */
  other: Field[]
  /** sr. */
  resource: string
  /** The number of directories in sdd. */
  depth: number
  /** sp of any kind of SAS, in its canonical order. */
  permissions: string
  services: string
  resourceTypes: string
  start?: Time
  expiry?: Time
  keyStart?: Time
  keyEnd?: Time
  ip?: IPRange
  protocol: string
  signedHeaders: string[]
  signedQuery: string[]
  /** 32 bytes. */
  signature: Bytes
}

/** The base64 of 32 bytes. */
export function decodeSignature(text: Bytes): Bytes | undefined {
  const bytes = decodeBase64(text)
  return bytes?.length === 32 ? bytes : undefined
}

export const valueOf = (token: Token, field: string): Bytes => token.values.get(field) ?? ''

/** Reads as much of a raw query as it can, and tells every problem. */
export function parse(query: Bytes): [Token, Invalid[]] {
  const token: Token = {
    kind: 'service SAS', layout: [], values: new Map(), other: [], resource: '', depth: 0, permissions: '', services: '',
    resourceTypes: '', protocol: '', signedHeaders: [], signedQuery: [], signature: '',
  }
  const problems = split(token, query)
  const add = (problem: Invalid | undefined): void => void (problem && problems.push(problem))
  const has = (field: string): boolean => token.values.has(field)
  if (delegationParameters.some(has)) token.kind = 'user delegation SAS'
  else if ((has('ss') || has('srt')) && !has('sr')) token.kind = 'account SAS'
  add(chooseLayout(token))
  for (const field of parameters.filter(has)) {
    add(checkBelongs(token, field))
    add(parseField(token, field))
  }
  for (const field of required(token)) if (!has(field)) add(invalid('missing', field, `a ${token.kind} needs it`))
  const { start, expiry, keyStart, keyEnd } = token
  if (start && expiry && start.at >= expiry.at) add(invalid('contradiction', 'se', 'the SAS ends before it starts'))
  if (keyStart && keyEnd && keyStart.at >= keyEnd.at) add(invalid('contradiction', 'ske', 'the delegation key ends before it starts'))
  if (has('saoid') && has('suoid')) add(invalid('contradiction', 'suoid', 'saoid and suoid exclude each other'))
  if (has('skdutid') && !has('sduoid')) add(invalid('contradiction', 'skdutid', 'a delegated tenant goes with a delegated user (sduoid)'))
  if (has('sr') && has('sdd') !== (token.resource === 'd')) add(invalid('contradiction', 'sdd', 'a directory SAS, and no other, has a depth'))
  return [token, problems]
}

function split(token: Token, query: Bytes): Invalid[] {
  const problems: Invalid[] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const [rawName, rawValue = ''] = cut(part, '=')
    const name = unescapeQuery(rawName)
    if (name === undefined) {
      problems.push(invalid('malformed', 'query', 'a name is not URL-encoded'))
      continue
    }
    const field = lower(name)
    const ours = parameters.includes(field)
    const value = unescapeQuery(rawValue)
    if (value === undefined) {
      problems.push(ours ? invalid('malformed', field, 'not URL-encoded') : invalid('malformed', 'query', quote(name) + ' is not URL-encoded'))
      if (ours && !token.values.has(field)) token.values.set(field, '')
    } else if (!ours) {
      token.other.push({ name, value })
    } else if (token.values.has(field)) {
      problems.push(invalid('duplicate', field, 'stands more than once'))
    } else {
      token.values.set(field, value)
    }
  }
  return problems
}

function chooseLayout(token: Token): Invalid | undefined {
  const all = layouts[token.kind]
  const version = valueOf(token, 'sv')
  const wrong = version === '' ? undefined : checkVersion('sv', version)
  token.layout = all[0].fields
  if (version === '' || wrong) return wrong
  const layout = all.find((each) => version >= each.since)
  token.layout = (layout ?? all.at(-1)!).fields
  return layout ? undefined : invalid('too-old', 'sv', `no ${token.kind} exists at ${version}`)
}

/** The fields without which this kind of SAS says nothing. */
function required(token: Token): string[] {
  if (token.kind === 'account SAS') return ['sv', 'ss', 'srt', 'sp', 'se', 'sig']
  if (token.kind === 'user delegation SAS') {
    return ['sv', 'sr', 'sp', 'se', 'skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', 'sig']
  }
  return token.values.has('si') ? ['sv', 'sr', 'sig'] : ['sv', 'sr', 'sp', 'se', 'sig']
}

/** Refuses a field that is not signed in this kind of SAS at this sv: anybody could have added it. */
function checkBelongs(token: Token, field: string): Invalid | undefined {
  const bound = field === 'srh' || field === 'srq'
  if (field === 'sv' || field === 'sig') return undefined
  if ((field === 'sr' || field === 'sdd') && token.kind !== 'account SAS') return undefined
  if (bound && token.kind === 'user delegation SAS' && valueOf(token, 'sv') >= fieldSince(field)) return undefined
  if (token.layout.includes(field)) return undefined
  if (layouts[token.kind].some((each) => each.fields.includes(field) || (bound && each.fields.includes(headers)))) {
    return invalid('too-old', field, 'is not signed before sv ' + fieldSince(field))
  }
  return invalid('contradiction', field, 'does not belong in a ' + token.kind)
}

function parseField(token: Token, field: string): Invalid | undefined {
  const value = valueOf(token, field)
  const malformed = (detail: string): Invalid => invalid('malformed', field, detail)
  if (value === '') return invalid('missing', field, 'empty')
  if (field === 'sig') {
    token.signature = decodeSignature(value) ?? ''
    return token.signature === '' ? malformed('not the base64 of 32 bytes') : undefined
  }
  if (hasControl(value)) return malformed('holds a control character')
  const keep = <K extends keyof Token>(name: K, read: Read<Token[K]>): Invalid | undefined => {
    if (read.wrong) return read.wrong
    token[name] = read.value
    return undefined
  }
  switch (field) {
    case 'ss':
      return keep('services', parseLetters(field, value, 'bfqt', 'bfqt'))
    case 'srt':
      return keep('resourceTypes', parseLetters(field, value, 'sco', 'sco'))
    case 'sp':
      return keep('permissions', token.kind === 'account SAS'
        ? parseLetters(field, value, accountPermissionLetters, accountPermissionLetters) : parsePermissions(value))
    case 'sr': {
      token.resource = value
      const known = resources.get(value)
      if (!known) return malformed(quote(value) + ' is none of b, c, bs, bv, d')
      const version = valueOf(token, 'sv')
      return version !== '' && version < known.since ? invalid('too-old', field, `${known.name} needs sv ${known.since}`) : undefined
    }
    case 'sdd':
      token.depth = /^[+-]?\d+$/.test(value) ? Math.max(0, Number(value)) : 0
      return /^[1-9]\d*$/.test(value) && token.depth <= maxDepth ? undefined : malformed(`${quote(value)} is not a depth of 1 to ${maxDepth}`)
    case 'si':
      return [...textOf(value)].length > 64 ? malformed('longer than 64 characters') : undefined
    case 'sip':
      return keep('ip', parseIPRange(value))
    case 'spr':
      if (value !== 'https' && value !== 'https,http') return malformed(quote(value) + ' is neither "https" nor "https,http"')
      token.protocol = value
      return undefined
    case 'st': case 'se': case 'skt': case 'ske': {
      const time = parseTime(value)
      if (!time) return malformed(quote(value) + ' is not a UTC time such as 2006-01-02T15:04:05Z')
      token[({ st: 'start', se: 'expiry', skt: 'keyStart', ske: 'keyEnd' } as const)[field]] = time
      return undefined
    }
    case 'sks':
      return value === 'b' ? undefined : malformed('the delegation key is not for the Blob service')
    case 'skv':
      return checkVersion(field, value)
    case 'skoid': case 'sktid': case 'saoid': case 'suoid': case 'scid': case 'skdutid': case 'sduoid':
      return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value) ? undefined : malformed(quote(value) + ' is not a GUID')
    case 'srh':
      return keep('signedHeaders', parseNames(field, value))
    case 'srq':
      return keep('signedQuery', parseNames(field, value))
  }
  return undefined
}

/** The most directories in a blob's name, whose 1,024 characters are names and slashes. */
const maxDepth = 512

/** A service version, which is a date. */
function checkVersion(field: string, value: Bytes): Invalid | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return invalid('malformed', field, quote(value) + ' is not a service version such as 2026-04-06')
  return value < minVersion ? invalid('too-old', field, `${value} is older than ${minVersion}, whose SAS has another form`) : undefined
}

/** The most headers, or query parameters, that one SAS may sign. */
const maxSigned = 32

/** Reads srh or srq: names joined by commas. */
function parseNames(field: string, value: Bytes): Read<string[]> {
  const names = value.split(',')
  if (names.length > maxSigned) return { wrong: invalid('malformed', field, `more than ${maxSigned} names`) }
  for (const [i, name] of names.entries()) {
    if (name === '') return { wrong: invalid('missing', field, 'an empty name') }
    if (!/^[\w.-]+$/.test(name)) return { wrong: invalid('malformed', field, quote(name) + ' is not a name that can be signed') }
    if (field === 'srq' && parameters.includes(lower(name))) return { wrong: invalid('not-allowed', field, quote(name) + " is the SAS's own") }
    if (names.slice(0, i).some((each) => sameName(each, name))) return { wrong: invalid('duplicate', field, quote(name) + ' stands twice') }
  }
  return { value: names }
}

/** What a SAS is checked against: the request that it is for. Names are decoded. */
export interface Request {
  account: Bytes
  container: Bytes
  blob: Bytes
  prefix: Bytes
  snapshot: Bytes
  version: Bytes
  headers: Field[]
}

/** Where a request's URL points: to the service, a container, or a blob. */
export const levelOf = (request: Request): string => (request.container === '' ? 's' : request.blob === '' ? 'c' : 'o')

/** The last part of the signed resource for a request; undefined when the SAS cannot reach what the request names. */
export function pathOf({ resource, depth }: Token, { container, blob, prefix, snapshot, version }: Request): Bytes | undefined {
  switch (resource) {
    case 'c':
      return container === '' ? undefined : ''
    case 'd': {
      const names = (blob || prefix).split('/')
      return depth < 1 || depth >= names.length ? undefined : names.slice(0, depth).join('/')
    }
    case 'b':
      return blob !== '' && snapshot === '' && version === '' ? blob : undefined
    case 'bs':
      return blob !== '' && snapshot !== '' && version === '' ? blob : undefined
    case 'bv':
      return blob !== '' && version !== '' && snapshot === '' ? blob : undefined
  }
  return undefined
}

/** The values of the headers and query parameters that the SAS binds, and whether each of them is there, once. */
export function boundValues(token: Token, request: Request): { headers: Field[]; queries: Field[]; complete: boolean } {
  let complete = true
  const find = (names: string[], among: Field[], once: boolean): Field[] =>
    names.flatMap((name) => {
      const found = among.filter((each) => sameName(each.name, name))
      const usable = found[0] !== undefined && !hasControl(found[0].value) && (!once || found.length === 1)
      if (!usable) complete = false
      return usable ? [{ name, value: found[0]!.value }] : []
    })
  const headers = find(token.signedHeaders, request.headers, false)
  const queries = find(token.signedQuery, token.other, true)
  return { headers, queries, complete }
}
