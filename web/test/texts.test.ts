import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UploadError } from 'uppy-azure-blob'
import { photoType, sortOut } from '../src/incoming'
import { formatBytes, formatCameraTime, formatDay, formatDuration, preferredLanguage } from '../src/texts'
import { ar } from '../src/texts/ar'
import { en } from '../src/texts/en'
import { explain, isFinal } from '../src/upload/explain'

/** The app's code without its languages; the SAS explainer is English throughout, as what it explains is. */
const code = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !/^(texts\/(en|ar)|sas\/)/.test(name))
  .map((name) => readFileSync(new URL(`../src/${name}`, import.meta.url), 'utf8'))
  .join('\n')

describe('languages', () => {
  it('take the choice of before, else what the browser wants, else English', () => {
    expect(preferredLanguage('ar', ['en-GB'])).toBe('ar')
    expect(preferredLanguage(null, ['fr', 'ar-EG', 'en'])).toBe('ar')
    expect(preferredLanguage('xx', ['fr'])).toBe('en')
  })
  it('leave no text empty', () => {
    const check = (texts: object): void => {
      for (const [name, text] of Object.entries(texts)) {
        if (typeof text === 'object') check(text)
        else expect(typeof text === 'function' ? text(3, 2) : text, name).toMatch(/\S/)
      }
    }
    check(en)
    check(ar)
  })
  it('have the same texts, each of which is used', () => {
    const keys = (texts: object, prefix = ''): string[] =>
      Object.entries(texts).flatMap(([name, text]) => (typeof text === 'object' ? keys(text, `${prefix}${name}.`) : prefix + name))
    expect(keys(ar).sort()).toEqual(keys(en).sort())
    const names = keys(en).map((key) => key.split('.').at(-1)!)
    expect(names.filter((name) => !new RegExp(`\\b(t|problem)\\.${name}\\b`).test(code))).toEqual([])
  })
  it('leave none of the app’s texts in its code', () => {
    // Between tags, and in the attributes that are read out.
    const written = [...code.matchAll(/>\s*([^<>{}=;()|&]*\p{L}{2}[^<>{}=;()|&]*)\s*<\/|(?:aria-label|title|placeholder|alt)="([^"]*\p{L}[^"]*)"/gu)]
    expect(written.map(([, between, attribute]) => between ?? attribute)).toEqual([])
  })
  it('write numbers as their readers do', () => {
    expect([en.photoCount(1), en.photoCount(12_345), en.position(3), en.position(3, 1200)]).toEqual(['1 photo', '12,345 photos', '3', '3 / 1,200'])
    expect([en.pixels(4032, 3024), ar.pixels(4032, 3024)]).toEqual(['4,032 × 3,024', '٤٬٠٣٢ × ٣٬٠٢٤'])
  })
  it('count as Arabic counts', () => {
    expect([1, 2, 5, 11, 100].map((n) => ar.photoCount(n))).toEqual(['صورة واحدة', 'صورتان', '٥ صور', '١١ صورة', '١٠٠ صورة'])
  })
})

describe('formats', () => {
  it('says sizes as people do', () => {
    expect(formatBytes(999)).toBe('999 bytes')
    expect(formatBytes(4_200_000)).toBe('4.2 MB')
    expect(formatBytes(35_400)).toBe('35 kB')
  })
  it('says durations roughly', () => {
    expect([0.2, 59, 61, 7200].map(formatDuration)).toEqual(['1 second', '59 seconds', '1 minute', '2 hours'])
  })
  it('says a camera’s time as the camera had it, whatever the zone', () => {
    expect(formatCameraTime('2016-01-02T03:04:05Z')).toMatch(/^January 2, 2016 at 3:04\sAM$/)
    expect(formatCameraTime('2016-01-02T23:04:05+09:00')).toMatch(/^January 2, 2016 at 11:04\sPM$/)
  })
  it('names days as seen from now', () => {
    const now = new Date(2026, 2, 1, 0, 5)
    expect(formatDay(new Date(2026, 2, 1), now)).toBe('Today')
    expect(formatDay(new Date(2026, 1, 28, 23, 59), now)).toBe('Yesterday')
    expect(formatDay(new Date(2026, 0, 5), now)).toBe('Monday, January 5')
    expect(formatDay(new Date(2025, 0, 5), now)).toBe('Sunday, January 5, 2025')
  })
})

describe('what went wrong', () => {
  const problem = (type: string, more = {}) =>
    new UploadError('x', { kind: 'refused', status: 400, code: `urn:valetkey:problem:${type}`, ...more })
  it('has its own words for every problem of an upload', () => {
    expect(explain(problem('not-an-image'), 'a.jpg')).toBe(en.problem.notAnImage)
    expect(explain(problem('unsupported-type'), 'a.heic')).toBe(en.problem.heic)
    expect(explain(problem('not-an-image'), 'a.heic')).toBe(en.problem.notAnImage)
    expect(explain(problem('unsupported-type'), 'a.svg')).toBe(en.problem.unsupportedType)
    expect(explain(problem('rate-limited'), 'a.jpg')).toBe(en.problem.rateLimited)
    expect(explain(problem('expired'), 'a.jpg')).toBe(en.problem.expired)
    expect(explain(problem('internal'), 'a.jpg')).toBe(en.problem.server)
  })
  it('tells apart why a file is no photo, for each reason that the API has', () => {
    const contract = readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8')
    const reasons = /reason:\n(?:.*\n){2}\s+enum: \[(.*)\]/.exec(contract)![1]!.split(', ')
    const texts = reasons.map((reason) => explain(problem('not-an-image', { reason }), 'a.jpg'))
    expect(reasons).toContain('damaged')
    expect(new Set(texts).size).toBe(reasons.length)
    expect(explain(problem('not-an-image', { reason: 'new' }), 'a.jpg')).toBe(en.problem.notAnImage)
  })
  it('is final where the file itself was refused', () => {
    expect(['too-large', 'unsupported-type', 'not-an-image', 'quota', 'rate-limited', 'internal'].map((type) => isFinal(problem(type)))).toEqual([true, true, true, false, false, false])
    expect(isFinal(new Error('?'))).toBe(false)
  })
  it('adds the numbers that the server knows', () => {
    expect(explain(problem('too-large', { detail: '64 MiB at most.' }), 'a.jpg')).toBe('This file is too large. 64 MiB at most.')
    expect(explain(problem('quota', { detail: '5 GiB used.' }), 'a.jpg')).toBe(`${en.problem.quota} 5 GiB used.`)
  })
  it('leaves it to the server to say what is in a file that is refused', () => {
    const detail = 'This is a TIFF with WebP compression.'
    expect(explain(problem('not-an-image', { detail }), 'a.tiff')).toBe(detail)
  })
  it('judges by the kind where no server has spoken', () => {
    const kind = (each: UploadError['kind']) => explain(new UploadError('x', { kind: each }), 'a.jpg')
    expect(kind('network')).toBe(en.problem.network)
    expect(kind('stalled')).toBe(en.problem.network)
    expect(kind('unreadable')).toBe(en.problem.unreadable)
    expect(kind('server')).toBe(en.problem.server)
    expect(explain(new Error('?'), 'a.jpg')).toBe(en.problem.other)
  })
})

describe('sorting files out', () => {
  it('takes photos, tells of the rest, and drops what systems leave in folders', () => {
    const file = (name: string, type: string) => new File(['x'], name, { type })
    const { photos, others } = sortOut([
      file('a.jpg', 'image/jpeg'), file('b.HEIC', ''), file('c.txt', 'text/plain'), file('d', ''), file('.DS_Store', ''), file('Thumbs.db', ''),
    ])
    expect(photos.map((each) => each.name)).toEqual(['a.jpg', 'b.HEIC'])
    expect(others.map((each) => each.name)).toEqual(['c.txt', 'd'])
  })
  it('names the type of what the system does not know, or calls otherwise', () => {
    const typed = (name: string, type: string) => photoType({ name, type })
    expect([typed('a.HEIC', ''), typed('a.heif', 'image/heif'), typed('a', 'image/heif')]).toEqual(['image/heic', 'image/heic', 'image/heic'])
    expect([typed('a.avif', ''), typed('a.AVIF', 'image/avif'), typed('a', 'image/avif')]).toEqual(['image/avif', 'image/avif', 'image/avif'])
    expect([typed('a.tif', ''), typed('a.bmp', 'image/x-ms-bmp'), typed('a.b.JPG', '')]).toEqual(['image/tiff', 'image/bmp', 'image/jpeg'])
    expect([typed('a', 'image/png'), typed('a.xyz', 'image/svg+xml')]).toEqual(['image/png', 'image/svg+xml'])
    expect([typed('a.jpg', 'text/html'), typed('a.xyz', ''), typed('jpg', '')]).toEqual(['', '', ''])
  })
})
