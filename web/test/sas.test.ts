import { describe, expect, it } from 'vitest'
import type { Explanation } from '../src/sas/finding'
import { type Answers, answer, questionOf } from '../src/sas/question'
import { all, answersFor, one, type Vector, vectors } from './sas-vectors'

const codesOf = (explanation: Explanation): string[] => [...new Set(explanation.findings.map((each) => each.code))].sort()

function unescapeAll(text: string): string {
  for (let i = 0; i < 3; i++) {
    try {
      text = decodeURIComponent(text)
    } catch {
      break
    }
  }
  return text
}

/** Every key, and the signature in any spelling, that must not be said. */
function secretsOf(vector: Vector): string[] {
  const sig = /sig=([^&]*)/.exec(vector.text)?.[1] ?? ''
  return [...all(vector, 'account-key'), ...all(vector, 'delegation-key'), sig, unescapeAll(sig), sig.slice(0, 20)].filter((each) => each.length >= 20)
}

describe('the shared vectors', () => {
  it('are all there', () => expect(vectors.length).toBeGreaterThanOrEqual(107))

  it.each(vectors.map((each) => [each.name, each] as const))('%s', async (_, vector) => {
    const [explanation, mistakes] = await answer(answersFor(vector), new Date(0))
    expect(mistakes).toEqual({})
    const expected = one(vector, 'expect') === 'none' ? [] : one(vector, 'expect').split(', ').sort()
    expect(codesOf(explanation), JSON.stringify(explanation, null, 1)).toEqual(expected)
    const severities = explanation.findings.map((each) => each.severity)
    expect(severities).toEqual(severities.slice().sort())
    expect([explanation.verdict, explanation.signature]).toEqual([one(vector, 'verdict'), one(vector, 'signature')])
    for (const secret of secretsOf(vector)) expect(JSON.stringify(explanation)).not.toContain(secret)
  })
})

const vector = (name: string): Vector => vectors.find((each) => each.name === name)!

describe('what is asked', () => {
  const asked = (name: string, more: Partial<Answers>) => answer({ ...answersFor(vector(name)), ...more }, new Date(0))
  const key = one(vector('blob'), 'account-key')

  it('takes a connection string for the key, and its account for the one that the key belongs to', async () => {
    const [right] = await asked('blob', { keys: `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${key};EndpointSuffix=core.windows.net` })
    expect(right.signature).toBe('right')
    const [other] = await asked('blob', { keys: `AccountName=other;AccountKey=${key}` })
    expect(codesOf(other)).toEqual(['account-mismatch'])
  })
  it('knows the account that local services answer to', () => {
    const [q] = questionOf({ ...answersFor(vector('blob')), keys: 'UseDevelopmentStorage=true' }, new Date(0))
    expect([q.account, q.keys![0]!.length]).toEqual(['devstoreaccount1', 64])
  })
  it('tells what cannot be read, without repeating it', async () => {
    const bad = { keys: 'no!key', delegation: 'x', ip: '1.2.3', headers: 'no header', policies: 'id xx=1', at: 'tomorrow' }
    const [, mistakes] = await asked('blob', bad)
    expect(Object.keys(mistakes).sort()).toEqual(Object.keys(bad).sort())
    for (const typed of [bad.keys, 'tomorrow', 'xx=1']) expect(JSON.stringify(mistakes)).not.toContain(typed)
  })
  it('judges by the clock where no time is given', async () => {
    const [q] = questionOf({ ...answersFor(vector('blob')), at: '' }, new Date('2026-05-04T12:30:00Z'))
    expect(q.now.toISOString()).toBe('2026-05-04T12:30:00.000Z')
    const [late] = await answer({ ...answersFor(vector('blob')), at: '' }, new Date('2026-05-04T13:00:00Z'))
    expect(codesOf(late)).toEqual(['expired'])
  })
  it('is answered for every operation and method, with the same rights as their names say', async () => {
    expect(codesOf((await asked('create-only', { intent: 'put-block' }))[0])).toContain('permission-missing')
    expect(codesOf((await asked('blob', { intent: 'DELETE' }))[0])).toContain('permission-missing')
  })
})

describe('a SAS that no signer makes', () => {
  const of = async (query: string) =>
    codesOf((await answer({ ...answersFor(vector('blob')), keys: '', text: `https://acct.blob.core.windows.net/images/cats/x?spr=https&sig=x&${query}` }, new Date(0)))[0])
  it.each(['', '&sdd=0', '&sdd=-1', '&sdd=x'])('reaches nothing with a directory whose depth is "%s"', async (depth) => {
    expect(await of(`sv=2026-04-06&sp=r&se=2026-05-04T13:00:00Z&sr=d${depth}`)).toEqual(
      ['resource-mismatch', 'sig-malformed', depth ? 'parameter-malformed' : 'parameter-contradiction'].sort(),
    )
  })
  it('binds none of its own parameters', async () => {
    expect(await of('sv=2026-04-06&srq=sp')).toContain('parameter-contradiction')
  })
})

describe('a text at its limit', () => {
  const of = (text: string) => answer({ ...answersFor(vector('blob')), text }, new Date(0))
  it('is looked at up to 64 KiB, and not beyond', async () => {
    const start = 'https://acct.blob.core.windows.net/images/x?sig=y&x='
    const fits = await of(start.padEnd(65_536, 'z'))
    const beyond = await of(start.padEnd(65_537, 'z'))
    expect(codesOf(fits[0])).toContain('sig-malformed')
    expect(codesOf(beyond[0])).toEqual(['no-sas'])
    expect((await of(start + 'ä'.repeat(32_743)))[0].findings[0]!.code).toBe('no-sas')
  })
})
