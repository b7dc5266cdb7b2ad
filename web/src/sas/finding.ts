import { type Bytes, hideSignature, textOf } from './bytes'
import type { Field, Token } from './token'
import type { Operation } from './operations'
import type { Target } from './target'
import type { Address, Time } from './values'

/** A secret that signs: an account key, or the value of a user delegation key, decoded. */
export type Key = Bytes

/** A stored access policy: what a SAS with si leaves out. */
export interface Policy {
  start?: Time
  expiry?: Time
  permissions: string
}

/** What `explain` is asked: what was pasted, and as much of the rest as is known. */
export interface Question {
  /** A URL with a SAS, a query, or a SAS with what copying did to it. */
  text: string
  now: Date
  /** Stand in where the text is no URL. With a URL, the account is the one that the keys belong to. */
  account?: string
  container?: string
  blob?: string
  /** Account keys, to check the signature of a service or account SAS. */
  keys?: Key[]
  /** To check the signature of a user delegation SAS. */
  delegation?: Key
  /** The container's stored access policies by id; undefined when unknown. */
  policies?: Map<Bytes, Policy>
  /** What shall be done; without it the method and the URL tell. */
  operation?: Operation
  method?: string
  /** The address that shall use the SAS. */
  ip?: Address
  /** The request's headers; undefined when unknown. */
  headers?: Field[]
}

/** One thing that was found. The codes are those of the Go package `sas`, which also lists them. */
export interface Finding {
  code: string
  severity: 'failure' | 'warning'
  field?: string
  message: string
  hint?: string
}

/** What a SAS allows, where and until when, and what is wrong with it. It holds no signature and no key. */
export interface Explanation {
  verdict: 'works' | 'refused' | 'unverified'
  signature: 'right' | 'wrong' | 'unchecked'
  kind?: string
  version?: string
  target?: string
  allows?: string[]
  operation?: string
  start?: string
  expiry?: string
  lasts?: string
  limits?: string[]
  findings: Finding[]
  stringToSign?: { name: string; value: string }[]
}

/** What is gathered while explaining. */
export interface Explainer {
  q: Question
  now: bigint
  out: Explanation
  token: Token
  target: Target
  policy?: Policy
}

export const hasFinding = (e: Explainer, code: string): boolean => e.out.findings.some((each) => each.code === code)

export const fail = (e: Explainer, code: string, field: string, message: string, hint = ''): void =>
  add(e, 'failure', code, field, message, hint)

export const warn = (e: Explainer, code: string, field: string, message: string, hint = ''): void =>
  add(e, 'warning', code, field, message, hint)

/** Keeps the first finding of each code and field. */
function add(e: Explainer, severity: Finding['severity'], code: string, field: string, message: string, hint: string): void {
  if (e.out.findings.some((each) => each.code === code && (each.field ?? '') === field)) return
  const say = (text: string): string => textOf(hideSignature(text))
  e.out.findings.push({ code, severity, ...(field && { field }), message: say(message), ...(hint && { hint: say(hint) }) })
}
