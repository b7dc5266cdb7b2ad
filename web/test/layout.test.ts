import { describe, expect, it } from 'vitest'
import { aspect, inSight, layOut, type Line, neighbour } from '../src/gallery/layout'

const options = { width: 1000, rowHeight: 200, gap: 5, headingHeight: 50 }
const photo = (width: number, height: number, createdAt = '2026-05-01T12:00:00') => ({ width, height, createdAt })
const many = (n: number) => Array.from({ length: n }, (_, i) => photo(300 + ((i * 37) % 400), 300))
const rows = (lines: readonly Line[]) => lines.filter((line) => line.kind === 'row')

describe('the justified layout', () => {
  it('fills every row but the last of a day to the pixel', () => {
    const all = rows(layOut(many(50), options).lines)
    for (const row of all.slice(0, -1)) {
      const last = row.tiles.at(-1)!
      expect(last.left + last.width).toBeCloseTo(1000, 6)
      expect(row.height).toBeLessThanOrEqual(200)
    }
    expect(all.at(-1)!.height).toBeLessThanOrEqual(200)
  })
  it('shows every photo once, in order', () => {
    const indexes = rows(layOut(many(123), options).lines).flatMap((row) => row.tiles.map((tile) => tile.index))
    expect(indexes).toEqual(Array.from({ length: 123 }, (_, i) => i))
  })
  it('keeps the shape of a photo, panoramas apart', () => {
    expect(aspect(photo(3000, 2000))).toBe(1.5)
    expect(aspect(photo(20_000, 1000))).toBe(3.5)
    expect(aspect(photo(100, 9000))).toBe(0.5)
    expect(aspect(photo(0, 0))).toBe(1)
  })
  it('does not blow up a lonely photo, and shrinks one that is too wide for the screen', () => {
    expect(rows(layOut([photo(300, 300)], options).lines)[0]!.height).toBe(200)
    const narrow = rows(layOut([photo(3500, 1000)], { ...options, width: 350 }).lines)[0]!
    expect(narrow.tiles[0]!.width).toBeCloseTo(350)
    expect(narrow.height).toBeCloseTo(100)
  })
  it('puts a heading before each day and leaves no overlap', () => {
    const { lines, height } = layOut([photo(300, 200), photo(300, 200), photo(300, 200, '2026-04-30T23:59:00')], options)
    expect(lines.map((line) => line.kind)).toEqual(['day', 'row', 'day', 'row'])
    expect(lines.filter((line) => line.kind === 'day').map((line) => line.count)).toEqual([2, 1])
    for (let i = 1; i < lines.length; i++) expect(lines[i]!.top).toBeGreaterThanOrEqual(lines[i - 1]!.top + lines[i - 1]!.height)
    expect(height).toBeGreaterThanOrEqual(lines.at(-1)!.top + lines.at(-1)!.height)
  })
  it('looks at each of ten thousand photos a few times only', () => {
    let looks = 0
    const counted = many(10_000).map(({ width, height, createdAt }) => ({ width, height, get createdAt() { return looks++, createdAt } }))
    layOut(counted, options)
    expect(looks).toBeLessThan(3 * counted.length)
  })
})

describe('windowing', () => {
  const { lines, height } = layOut(many(10_000), options)
  it('draws what overlaps the window and nothing else', () => {
    for (const at of [0, 1234.5, height / 2, height - 800]) {
      const { start, end } = inSight(lines, at, at + 800)
      const expected = lines.filter((line) => line.top + line.height >= at && line.top <= at + 800)
      expect(lines.slice(start, end)).toEqual(expected)
      expect(end - start).toBeLessThan(12)
    }
  })
  it('draws nothing of nothing', () => {
    expect(inSight([], 0, 800)).toEqual({ start: 0, end: 0 })
  })
})

describe('arrow keys', () => {
  const { lines } = layOut(many(40), options)
  const [first, second] = rows(lines)
  it('go along the row and on to the next', () => {
    const end = first!.tiles.at(-1)!.index
    expect(neighbour(lines, end, 'ArrowRight')).toBe(end + 1)
    expect(neighbour(lines, 0, 'ArrowLeft')).toBeUndefined()
    expect(neighbour(lines, 39, 'ArrowRight')).toBeUndefined()
  })
  it('go to what is nearest in the next row', () => {
    const below = neighbour(lines, 0, 'ArrowDown')!
    expect(below).toBe(second!.tiles[0]!.index)
    expect(neighbour(lines, below, 'ArrowUp')).toBe(0)
    expect(neighbour(lines, 0, 'ArrowUp')).toBeUndefined()
  })
  it('know Home and End, and leave other keys alone', () => {
    expect(neighbour(lines, 20, 'Home')).toBe(0)
    expect(neighbour(lines, 20, 'End')).toBe(39)
    expect(neighbour(lines, 20, 'a')).toBeUndefined()
  })
})
