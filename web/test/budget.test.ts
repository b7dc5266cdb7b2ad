import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const built = existsSync(`${dist}index.html`)

/** A script of the built app and everything that it imports without being asked, by name. */
function closure(name: string, into = new Set<string>()): Set<string> {
  if (into.has(name)) return into
  into.add(name)
  const source = readFileSync(dist + name, 'utf8')
  for (const [, path] of source.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g)) closure(`assets/${path}`, into)
  return into
}

const size = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + gzipSync(readFileSync(dist + name), { level: 9 }).length, 0)

/** The chunk that a lazy `import()` of the entry leads to. */
function lazy(entry: Set<string>, prefix: string): Set<string> {
  const source = [...entry].map((name) => readFileSync(dist + name, 'utf8')).join('\n')
  const name = new RegExp(`import\\(\\s*[\`"']\\./(${prefix}-[^"'\`]+\\.js)`).exec(source)?.[1]
  expect(name, `${prefix} is loaded lazily`).toBeDefined()
  return closure(`assets/${name}`)
}

describe.skipIf(!built)('the built app', () => {
  const html = built ? readFileSync(`${dist}index.html`, 'utf8') : ''
  const first = built ? closure(/<script[^>]*src="\/(assets\/[^"]+)"/.exec(html)![1]!) : new Set<string>()

  it('needs at most 30 KB of compressed JavaScript to begin with', () => {
    expect(first.size).toBeGreaterThan(1)
    expect(size(first)).toBeLessThanOrEqual(30_000)
  })
  it('needs at most 95 KB more to upload, and nothing of it before', () => {
    const upload = lazy(first, 'upload')
    expect(size([...upload].filter((name) => !first.has(name)))).toBeLessThanOrEqual(95_000)
    expect([...first].join()).not.toContain('upload')
  })
  it('needs no exception from its content security policy', () => {
    expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/)
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  })
})
