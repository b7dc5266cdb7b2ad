import { methods } from '../src/sas/question'
import type { Answers } from '../src/sas/question'
import { answersFor, vectors } from './sas-vectors'

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const pieces = [
  '&', '=', '?', '??', '%', '%2', '%25', '%00', '%0A', '%3D', '%3d', '%26', '%2B', '%C3%A4', '%E2%82', '%FF', '+', ' ', '\n', '\r\n', '\t', '#', '"', "'",
  '`', '\\', '\\u0026', '\\/', '&amp;', ';', ',', '/', '//', '/../', ':', '@', '[::1]', 'ä', '€', '📷', '\ud800', '\0', '\x7f', '-', '.', '0', '9', 'sig=',
  'SIG=', '&sig=x', '&sp=r', '&sp=rw', '&sp=wr', '&sr=b', '&sr=c', '&sr=x', '&sr=bs', '&sdd=1', '&sdd=9', '&st=2026-05-04', '&se=2026-05-04T12:00Z',
  '&se=9999-12-31T23:59:59.9999999Z', '&st=2026-02-30', '&se=0000-01-01', '&sv=2012-02-12', '&sv=9999-99-99', '&sip=1.2.3.4', '&sip=10.0.0.1-10.0.0.9',
  '&sip=::1', '&sip=01.2.3.4', '&sip=9.9.9.9-1.1.1.1', '&spr=https,http', '&spr=http', '&si=readers', '&si=x', '&ses=s', '&ss=bfqt', '&srt=sco', '&sks=b',
  '&skoid=1', '&skt=2026-05-04', '&srh=a,a', '&srh=accept', '&srq=comp', '&srq=sp', '&comp=block', '&comp=list&restype=container', '&comp=constructor',
  '&snapshot=x', '&versionid=y', '&prefix=cats/', '&rscc=no', '&saoid=1', '&suoid=2', '&__proto__=1', 'http://', 'https://', 'AccountKey=',
  'SharedAccessSignature=', '.blob.core.windows.net', 'acct/', 'devstoreaccount1/', '127.0.0.1:10000/', 'localhost',
]

/** One of the vectors with a few things done to it. */
export function mutated(next: () => number): Answers {
  const below = (n: number): number => Math.floor(next() * n)
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!
  const answers = answersFor(one(vectors))
  let text = answers.text
  for (let times = below(4); times >= 0; times--) text = change(text, below, one)
  const more: Partial<Answers> = {}
  if (next() < 0.3) more.intent = one([...methods, '', 'get', 'Put Block', 'List Blobs', 'Get Account Information', 'Copy Blob', 'Blob Batch'])
  if (next() < 0.2) more.ip = one(['10.0.0.5', '10.0.0.9', '::ffff:10.0.0.5', 'fe80::1', ''])
  if (next() < 0.2) more.account = one(['acct', 'other', 'images', 'devstoreaccount1', 'ä', ''])
  if (next() < 0.1) more.headers = one(['accept: */*', 'x-ms-client-request-id: 1', ''])
  if (next() < 0.1) more.policies = one(['none', 'readers sp=r', 'readers', 'x se=2026-05-04T13:00:00Z', ''])
  if (next() < 0.1) [more.keys, more.delegation] = [answers.delegation, answers.keys.split(' ')[0]!]
  return { ...answers, ...more, text }
}

function change(text: string, below: (n: number) => number, one: <T>(list: readonly T[]) => T): string {
  const at = below(text.length + 1)
  const splice = (remove: number, insert: string): string => text.slice(0, at) + insert + text.slice(at + remove)
  const parts = text.split('&')
  const part = below(parts.length)
  switch (below(11)) {
    case 0:
      return splice(1, '')
    case 1:
      return splice(0, one(pieces))
    case 2:
      return splice(1, one(pieces))
    case 3:
      return splice(1, String.fromCharCode(32 + below(95)))
    case 4:
      return text.slice(0, at)
    case 5:
      return parts.filter((_, i) => i !== part).join('&')
    case 6:
      return [...parts, parts[part]].join('&')
    case 7:
      return parts.map((each, i) => (i === part ? encodeURIComponent(each.replaceAll('\ud800', '')) : each)).join('&')
    case 8:
      return parts.map((each, i) => (i === part ? each.toUpperCase() : each)).join('&')
    case 9:
      return text + one(pieces)
    default:
      return one(vectors).text.slice(0, below(200)) + text.slice(at)
  }
}
