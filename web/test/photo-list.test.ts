import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Photo } from '../src/api'
import { PhotoList } from '../src/gallery/photo-list'

const photo = (id: string): Photo => ({
  id, title: id, width: 3, height: 2, thumbhash: '', createdAt: '2026-01-01T00:00:00Z', bytes: 1,
  variants: [{ width: 3, height: 2, type: 'image/webp', url: `http://blob/${id}` }],
  original: { type: 'image/jpeg', bytes: 1, url: `http://blob/${id}/original` },
})
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status })

let server: (method: string, url: URL) => Response
const calls: string[] = []
beforeEach(() => {
  calls.length = 0
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    calls.push(`${init.method} ${url}`)
    return server(init.method!, new URL(url, 'http://app'))
  })
})
afterEach(() => vi.unstubAllGlobals())

const loaded = async (...ids: string[]): Promise<PhotoList> => {
  server = () => json({ photos: ids.map(photo) })
  const list = new PhotoList('me')
  await list.loadMore()
  calls.length = 0
  return list
}
const ids = (list: PhotoList) => list.photos.map((each) => each.id).join('')

describe('a list of photos', () => {
  it('follows the cursor to the end and then stops asking', async () => {
    const pages: Record<string, unknown> = { first: { photos: [photo('a')], cursor: 'x y' }, 'x y': { photos: [photo('b')] } }
    server = (_, url) => json(pages[url.searchParams.get('cursor') ?? 'first'])
    const list = new PhotoList('public')
    await list.loadMore()
    expect(list.loading).toBe('idle')
    await list.loadMore()
    await list.loadMore()
    expect(ids(list)).toBe('ab')
    expect(list.loading).toBe('complete')
    expect(calls).toEqual(['GET /api/photos?limit=60&owner=public', 'GET /api/photos?limit=200&cursor=x+y&owner=public'])
  })
  it('asks once at a time, and again after a failure', async () => {
    server = () => json({ title: 'down' }, 500)
    const list = new PhotoList('me')
    await Promise.all([list.loadMore(), list.loadMore()])
    expect(calls).toHaveLength(1)
    expect(list.loading).toBe('failed')
    server = () => json({ photos: [photo('a')] })
    await list.loadMore()
    expect(ids(list)).toBe('a')
  })
  it('is fetched as far as a photo, or to the end', async () => {
    const pages: Record<string, unknown> = { first: { photos: [photo('a'), photo('c')], cursor: '2' }, 2: { photos: [photo('e')], cursor: '3' }, 3: { photos: [photo('g')] } }
    server = (_, url) => json(pages[url.searchParams.get('cursor') ?? 'first'])
    const list = new PhotoList('me')
    expect([await list.find('c'), calls.length]).toEqual([true, 1])
    expect([await list.find('b'), calls.length]).toEqual([false, 1])
    expect([await list.find('e'), calls.length]).toEqual([true, 2])
    await list.loadAll()
    expect([ids(list), list.loading]).toEqual(['aceg', 'complete'])
    expect(await list.find('x')).toBe(false)
  })
  it('is not asked for without end while there is no answer', async () => {
    server = () => json({ title: 'down' }, 500)
    const list = new PhotoList('me')
    expect(await list.find('a')).toBe(false)
    await list.loadAll()
    expect(calls).toHaveLength(2)
  })
  it('puts a new photo where the server would, once', async () => {
    const list = await loaded('b', 'd')
    list.add(photo('c'))
    list.add(photo('a'))
    list.add(photo('a'))
    expect(ids(list)).toBe('abcd')
  })
  it('shows what is new after a refresh, but not what was just deleted', async () => {
    const list = await loaded('c', 'd')
    list.remove(['c'])
    server = () => json({ photos: ['a', 'c', 'd'].map(photo) })
    await list.refresh()
    expect(ids(list)).toBe('ad')
  })
})

describe('deleting', () => {
  it('tells the server only when there is no undo any more', async () => {
    const list = await loaded('a', 'b', 'c')
    list.remove(['a', 'c'])
    expect(ids(list)).toBe('b')
    expect(calls).toEqual([])
    server = () => new Response(null, { status: 204 })
    expect(await list.commitRemoval(['a', 'c'])).toEqual([])
    expect(calls).toEqual(['DELETE /api/photos/a', 'DELETE /api/photos/c'])
  })
  it('brings everything back in its place', async () => {
    const list = await loaded('a', 'b', 'c')
    list.remove(['b'])
    list.undoRemoval(['b'])
    expect(ids(list)).toBe('abc')
    list.flushRemovals()
    expect(calls).toEqual([])
  })
  it('brings back what the server refused to delete, not what was gone already', async () => {
    const list = await loaded('a', 'b', 'c')
    list.remove(['a', 'b'])
    server = (_, url) => json({ title: 'no' }, url.pathname.endsWith('a') ? 500 : 404)
    expect(await list.commitRemoval(['a', 'b'])).toEqual(['a'])
    expect(ids(list)).toBe('ac')
  })
  it('deletes with the next page what the last one could not, and does not show it meanwhile', async () => {
    const kept = new Map<string, string>()
    vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value), removeItem: (key: string) => kept.delete(key) })
    const list = await loaded('a', 'b', 'c')
    server = () => json({ title: 'down' }, 500)
    list.remove(['a', 'c'])
    list.flushRemovals()
    calls.length = 0
    server = (method, url) => (method === 'GET' ? json({ photos: ['a', 'b', 'c'].map(photo) }) : new Response(null, { status: url.pathname.endsWith('a') ? 404 : 204 }))
    const next = new PhotoList('me')
    await next.loadMore()
    expect(ids(next)).toBe('b')
    await vi.waitFor(() => expect(kept.size).toBe(0))
    expect(calls.filter((call) => call.startsWith('DELETE'))).toEqual(['DELETE /api/photos/a', 'DELETE /api/photos/c'])
  })
  it('deletes at once when the page is left', async () => {
    const list = await loaded('a', 'b')
    server = () => new Response(null, { status: 204 })
    list.remove(['b'])
    list.flushRemovals()
    expect(calls).toEqual(['DELETE /api/photos/b'])
  })
})

describe('renaming and renewing', () => {
  it('shows what the server made of the title', async () => {
    const list = await loaded('a', 'b')
    server = () => json({ ...photo('b'), title: 'Clean' })
    await list.rename('b', ' Clean ')
    expect(list.photos[1]!.title).toBe('Clean')
  })
  it('fetches fresh URLs for one photo', async () => {
    const list = await loaded('a')
    server = () => json({ ...photo('a'), variants: [{ width: 3, height: 2, type: 'image/webp', url: 'fresh' }] })
    await list.renew('a')
    expect(list.photos[0]!.variants[0]!.url).toBe('fresh')
    expect(calls).toEqual(['GET /api/photos/a'])
  })
})
