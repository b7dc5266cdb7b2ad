import type PhotoSwipe from 'photoswipe'
import { describe, expect, it } from 'vitest'
import type { Photo } from '../src/api'
import { isFresh } from '../src/download'
import { Sequence, shiftIndexes, slide } from '../src/lightbox/sequence'
import { hashOf, placeOf } from '../src/place'
import { fingerprint } from '../src/upload/duplicates'

const photo = (id: string, more: Partial<Photo> = {}): Photo => ({
  id, title: id, width: 4000, height: 2000, thumbhash: '', createdAt: '2026-01-01T00:00:00Z', bytes: 1,
  variants: [320, 2048].map((width) => ({ width, height: width / 2, type: 'image/webp', url: `http://blob/${id}/w${width}.webp` })),
  original: { type: 'image/jpeg', bytes: 1, url: `http://blob/${id}/original.jpg` },
  ...more,
})
const photos = (ids: string): Photo[] => [...ids].map((id) => photo(id))
const read = (sequence: Sequence) => Array.from({ length: sequence.length }, (_, i) => sequence.at(i)!.id).join('')

describe('what one pages through', () => {
  it('stays in place when photos come in before it, and grows at its end', () => {
    const sequence = new Sequence(photos('cd'), false)
    expect(sequence.update(photos('abcdef'))).toBe(0)
    expect([read(sequence), sequence.indexOf('d')]).toEqual(['cdef', 1])
  })
  it('takes over new titles, and keeps what is deleted until it is closed', () => {
    const sequence = new Sequence(photos('abc'), false)
    sequence.update([photo('a'), photo('c', { title: 'New' })])
    expect([read(sequence), sequence.at(2)!.title]).toEqual(['abc', 'New'])
  })
  it('runs the other way where one reads from the right, and says how far it has moved', () => {
    const sequence = new Sequence(photos('cd'), true)
    expect([read(sequence), sequence.position(1)]).toEqual(['dc', 0])
    expect(sequence.update(photos('abcdef'))).toBe(2)
    expect([read(sequence), sequence.indexOf('c')]).toEqual(['fedc', 3])
  })
  it('moves every index of PhotoSwipe once', () => {
    const content = { index: 1 }
    const ready = { index: 2 }
    const current = { index: 1, content }
    const swipe = { currIndex: 1, potentialIndex: 1, mainScroll: { itemHolders: [{}, { slide: current }, {}] }, contentLoader: { _cachedItems: [content, ready] } }
    shiftIndexes(swipe as unknown as PhotoSwipe, 5)
    expect([swipe.currIndex, swipe.potentialIndex, current.index, content.index, ready.index]).toEqual([6, 6, 6, 6, 7])
  })
})

describe('a slide', () => {
  it('offers the original to who looks closer than the variants go', () => {
    expect(slide(photo('a'))).toMatchObject({ width: 4000, height: 2000, src: 'http://blob/a/w2048.webp', srcset: 'http://blob/a/w320.webp 320w, http://blob/a/w2048.webp 2048w, http://blob/a/original.jpg 4000w' })
    expect(slide(photo('a', { width: 2048, height: 1024 })).srcset).toBe('http://blob/a/w320.webp 320w, http://blob/a/w2048.webp 2048w')
  })
  it('is the original where that moves', () => {
    const moving = slide(photo('a', { original: { type: 'image/gif', bytes: 1, url: 'http://blob/a/original.gif' } }))
    expect([moving.src, moving.srcset]).toEqual(['http://blob/a/original.gif', undefined])
  })
})

describe('addresses', () => {
  it('name whose photos, and which one', () => {
    for (const place of [{ owner: 'me' }, { owner: 'public' }, { owner: 'me', photo: '0ab-z' }, { owner: 'public', photo: 'x' }] as const) {
      expect(placeOf(hashOf(place))).toEqual({ photo: undefined, ...place })
    }
    for (const hash of ['', '#', '#photos', '#photo/', '#photo/a/b', '#photo/<b>']) expect(placeOf(hash), hash).toEqual({ owner: 'me', photo: undefined })
  })
})

describe('a URL with a SAS', () => {
  it('is fresh until a minute before its end', () => {
    const end = Date.UTC(2026, 0, 1)
    const url = `http://blob/a?se=${encodeURIComponent(new Date(end).toISOString())}&sig=x`
    expect([isFresh(url, end - 60_001), isFresh(url, end - 60_000), isFresh('http://blob/a', end)]).toEqual([true, false, true])
  })
})

describe('a fingerprint', () => {
  const file = (bytes: Uint8Array<ArrayBuffer>, name = 'a.jpg') => new File([bytes], name)
  it('is of the content, not of the name', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(1000))
    expect(await fingerprint(file(bytes))).toBe(await fingerprint(file(bytes, 'b.jpg')))
  })
  it('sees a change in the beginning, the middle and the end of a large file, and another length', async () => {
    const size = 1_000_000
    const prints = [await fingerprint(file(new Uint8Array(size))), await fingerprint(file(new Uint8Array(size + 1)))]
    for (const at of [0, size / 2, size - 1]) prints.push(await fingerprint(file(new Uint8Array(size).fill(1, at, at + 1))))
    expect(new Set(prints).size).toBe(5)
  })
})
