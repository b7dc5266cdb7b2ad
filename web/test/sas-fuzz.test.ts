import { describe, expect, it } from 'vitest'
import type { Explanation } from '../src/sas/finding'
import { type Answers, answer } from '../src/sas/question'
import { mutated, random } from './sas-mutations'
import { answersFor, vectors } from './sas-vectors'

const verdicts = ['works', 'refused', 'unverified']

/** A signature that stands where one stands, and nowhere else: the same text elsewhere is not one. */
function signatureIn(text: string): string | undefined {
  const sig = /sig=([^&]*)/.exec(text)?.[1] ?? ''
  return sig.length >= 20 && text.split(sig).length === 2 ? sig : undefined
}

function check(answers: Answers, explanation: Explanation): void {
  const said = JSON.stringify(explanation)
  expect(verdicts).toContain(explanation.verdict)
  for (const key of [...answers.keys.split(' '), answers.delegation]) {
    if (key !== '' && !answers.text.includes(key)) expect(said).not.toContain(key)
  }
  const sig = signatureIn(answers.text)
  if (sig !== undefined) expect(said).not.toContain(sig)
  const failed = explanation.findings.some((each) => each.severity === 'failure')
  const unseen = explanation.findings.some((each) => each.code === 'policy-unseen' || each.code === 'operation-unknown')
  expect(explanation.verdict).toBe(failed ? 'refused' : explanation.signature === 'right' && !unseen ? 'works' : 'unverified')
}

describe('whatever is pasted', () => {
  it('is explained without an exception, a key or a signature', async () => {
    const next = random(20260504)
    const seen = new Set<string>()
    for (let i = 0; i < 2000; i++) {
      const answers = mutated(next)
      const [explanation] = await answer(answers, new Date(0))
      try {
        check(answers, explanation)
      } catch (error) {
        throw new Error(`${JSON.stringify(answers)} gives ${JSON.stringify(explanation)}`, { cause: error })
      }
      seen.add(`${explanation.verdict} ${explanation.signature}`)
    }
    // Or the texts would be broken too much to get anywhere.
    expect([...seen]).toEqual(expect.arrayContaining(['works right', 'refused wrong', 'refused right', 'refused unchecked', 'unverified unchecked']))
  }, 60_000)

  it('never works with any byte of the signature or of what is signed changed', async () => {
    const next = random(7)
    const working = vectors.filter((each) => each.headers.some(([name, value]) => name === 'verdict' && value === 'works'))
    expect(working.length).toBeGreaterThan(20)
    for (const vector of working) {
      const answers = answersFor(vector)
      const at = answers.text.indexOf('sig=') + 4 + Math.floor(next() * 40)
      const other = answers.text[at] === 'A' ? 'B' : 'A'
      const [explanation] = await answer({ ...answers, text: answers.text.slice(0, at) + other + answers.text.slice(at + 1) }, new Date(0))
      expect(explanation.verdict, vector.name).toBe('refused')
    }
  })

  it.each([
    ['question marks', '?'.repeat(65_000) + 'sig=x'],
    ['question marks and names', '?se'.repeat(20_000)],
    ['spaces', 'x' + ' '.repeat(65_000) + 'x'],
    ['quotes', '"'.repeat(65_000)],
    ['backslashes', '\\'.repeat(65_000)],
    ['percent signs', 'sig=' + '%25'.repeat(21_000)],
    ['parameters', 'sig=x' + '&a=b'.repeat(16_000)],
    ['the same parameter', 'sig=x&' + 'se=1&'.repeat(13_000)],
    ['slashes', 'https://a.blob.core.windows.net' + '/'.repeat(60_000) + '?sr=d&sdd=500&sig=x'],
    ['letters', 'sig=x&sp=' + 'r'.repeat(65_000)],
    ['signed names', 'sig=x&srh=' + 'a,'.repeat(30_000)],
    ['digits', 'sig=x&sdd=' + '9'.repeat(60_000)],
    ['at signs', 'https://' + '@'.repeat(60_000) + '?sig=x'],
    ['hyphens', 'sig=x&sip=' + '1-'.repeat(30_000)],
    ['marks of a signature', 'x=' + 'sig='.repeat(16_000)],
  ])('is explained at once: %s', async (_, text) => {
    const answers = { ...answersFor(vectors[0]!), text, keys: '\n; ;'.repeat(10_000), headers: 'a:b\n'.repeat(10_000) }
    const before = process.cpuUsage() // which, unlike the clock, other programs leave alone
    const [explanation] = await answer(answers, new Date(0))
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1000, 'milliseconds of CPU').toBeLessThan(2000)
    expect(verdicts).toContain(explanation.verdict)
  })
})
