import { bytesOf, cut, decodeBase64 } from './bytes'
import type { Explanation, Key, Policy, Question } from './finding'
import { explain } from './explain'
import { parseOperation } from './operations'
import type { Field } from './token'
import { parseAddress, parsePermissions, parseTime } from './values'

/** What a form holds, all of it as text; empty where nothing was said. */
export interface Answers {
  text: string
  /** Account keys with spaces between them, or a connection string. */
  keys: string
  delegation: string
  account: string
  container: string
  blob: string
  /** An HTTP method, or an operation by its name. */
  intent: string
  ip: string
  /** `Name: value`, one a line. */
  headers: string
  /** The id of a stored access policy and what it sets, one a line; or `none`. */
  policies: string
  /** RFC 3339; now when empty. */
  at: string
}

export const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']

/** The fields that could not be read, and why. The reasons quote nothing. */
export type Mistakes = Partial<Record<keyof Answers, string>>

/** The longest key, decoded, in bytes. Azure's are 64 and 32. */
const maxKey = 1024

function parseKey(text: string): Key | undefined {
  const bytes = decodeBase64(text)
  return bytes && bytes.length <= maxKey ? bytes : undefined
}

/** Turns a form's answers into a question. What cannot be read is left out and told of. */
export function questionOf(answers: Answers, now: Date): [Question, Mistakes] {
  const mistakes: Mistakes = {}
  const trimmed = Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, value.trim()])) as unknown as Answers
  const { account, container, blob, intent, ip, at } = trimmed
  const operation = methods.includes(intent) ? undefined : parseOperation(intent)
  const q: Question = { text: answers.text, now, account, container, blob, ...(operation ? { operation } : { method: intent }) }
  if (at !== '') {
    const then = new Date(at)
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(at) && !Number.isNaN(+then)) q.now = then
    else mistakes.at = 'This is no time such as 2026-05-04T12:00:00Z.'
  }
  readKeys(trimmed, q, mistakes)
  if (ip !== '') {
    const address = parseAddress(ip)
    if (address) q.ip = address
    else mistakes.ip = 'This is no IP address.'
  }
  const lines = (text: string): string[] => text.split('\n').map((each) => each.trim()).filter((each) => each !== '')
  if (trimmed.headers !== '') {
    const pairs = lines(trimmed.headers).map(parseHeader)
    q.headers = pairs.filter((each) => each !== undefined)
    if (pairs.includes(undefined)) mistakes.headers = 'A header reads Name: value.'
  }
  if (trimmed.policies !== '') {
    const read = parsePolicies(lines(trimmed.policies))
    if (read) q.policies = read
    else mistakes.policies = 'A policy reads: id sp=r st=2026-05-04T12:00:00Z se=2026-05-04T13:00:00Z'
  }
  return [q, mistakes]
}

/** The account that local services answer to, and its published key; see "Use the Azurite emulator" in Azure's reference. */
const development =
  'AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

function readKeys({ keys, delegation }: Answers, q: Question, mistakes: Mistakes): void {
  let texts = keys.split(/\s+/).filter((each) => each !== '')
  const connection = /^UseDevelopmentStorage=true\b/i.test(keys) ? development : keys
  if (/(?:^|;)\s*AccountKey\s*=/i.test(connection)) {
    const parts = new Map(connection.split(';').map((each) => {
      const [name, value = ''] = cut(each, '=')
      return [name.trim().toLowerCase(), value.trim()]
    }))
    q.account ||= parts.get('accountname')
    // The key of another account than the one that was named is of no use.
    texts = q.account === parts.get('accountname') ? [parts.get('accountkey')!] : []
  }
  const read = texts.map(parseKey)
  q.keys = read.filter((each) => each !== undefined)
  if (read.includes(undefined)) mistakes.keys = 'This is neither a key, which is base64, nor a connection string. Was it cut off?'
  if (delegation === '') return
  const key = parseKey(delegation)
  if (key === undefined) mistakes.delegation = 'This is not base64. Was it cut off?'
  else q.delegation = key
}

function parseHeader(line: string): Field | undefined {
  const [name, value] = cut(line, ':')
  return value === undefined || name.trim() === '' ? undefined : { name: bytesOf(name.trim()), value: bytesOf(value.trim()) }
}

function parsePolicies(lines: string[]): Map<string, Policy> | undefined {
  const policies = new Map<string, Policy>()
  for (const line of lines) {
    const [id, ...parts] = line.split(/\s+/)
    if (id === 'none' && parts.length === 0) continue
    const policy: Policy = { permissions: '' }
    for (const part of parts) {
      const [name, value = ''] = cut(part, '=')
      const time = parseTime(value)
      const permissions = parsePermissions(value).value
      if (name === 'st' && time) policy.start = time
      else if (name === 'se' && time) policy.expiry = time
      else if (name === 'sp' && permissions) policy.permissions = permissions
      else return undefined
    }
    policies.set(bytesOf(id!), policy)
  }
  return policies
}

/** Explains what a form holds. */
export async function answer(answers: Answers, now: Date): Promise<[Explanation, Mistakes]> {
  const [question, mistakes] = questionOf(answers, now)
  return [await explain(question), mistakes]
}
