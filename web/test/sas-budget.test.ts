import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const built = existsSync(`${dist}sas.html`)

describe.skipIf(!built)('the built page', () => {
  const html = built ? readFileSync(`${dist}sas.html`, 'utf8') : ''
  const scripts = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path!)
  const text = scripts.map((path) => readFileSync(dist + path, 'utf8'))
  const sizes = text.map((each) => gzipSync(each, { level: 9 }).length)

  it('is at most 17.5 KB of compressed JavaScript of its own, a quarter of it words, and 24 KB with Preact', () => {
    expect(scripts[0]).toContain('sas-')
    expect(sizes[0]).toBeLessThanOrEqual(17_500)
    expect(sizes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(24_000)
  })
  it('is complete once it has loaded: it imports nothing later', () => {
    for (const each of text) expect(each).not.toMatch(/import\(/)
    const imported = text.flatMap((each) => [...each.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+)["'`]/g)].map(([, name]) => `assets/${name}`))
    expect(scripts).toEqual(expect.arrayContaining(imported))
  })
  it('names no other place, and forbids itself every connection', () => {
    expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/)
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    expect(html).toContain(`content="connect-src 'none'; img-src 'self'; form-action 'none'"`)
  })
})
