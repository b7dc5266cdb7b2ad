/** The arithmetic of the gallery: days, justified rows, and which of them are in sight. No DOM in here. */

export interface Tile {
  /** Index into the list of photos. */
  index: number
  left: number
  width: number
}

export type Line =
  | { kind: 'day'; key: string; date: Date; first: number; count: number; top: number; height: number }
  | { kind: 'row'; key: string; tiles: Tile[]; top: number; height: number }

export interface LayoutOptions {
  /** Pixels across. */
  width: number
  /** The height that rows are as near to as justifying allows. */
  rowHeight: number
  gap: number
  /** Height of a day's heading. */
  headingHeight: number
}

interface Picture {
  width: number
  height: number
  createdAt: string
}

/** Panoramas and strips are shown no wider than 3.5:1 and no narrower than 1:2; the lightbox shows all of them. */
const widest = 3.5
const narrowest = 0.5

export function aspect(photo: { width: number; height: number }): number {
  return Math.min(widest, Math.max(narrowest, photo.width / photo.height || 1))
}

/** Lays photos out, newest first as they come, under a heading for each day. */
export function layOut(photos: readonly Picture[], options: LayoutOptions): { lines: Line[]; height: number } {
  const lines: Line[] = []
  let top = 0
  for (let from = 0; from < photos.length; ) {
    const date = new Date(photos[from]!.createdAt)
    const day = dayKey(date)
    let to = from + 1
    while (to < photos.length && dayKey(new Date(photos[to]!.createdAt)) === day) to++
    lines.push({ kind: 'day', key: day, date, first: from, count: to - from, top, height: options.headingHeight })
    top += options.headingHeight
    top = addRows(lines, photos, from, to, top, options)
    from = to
  }
  return { lines, height: top }
}

function dayKey(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`
}

/** Greedy rows: a row is closed as soon as its photos at `rowHeight` are wider than the space. */
function addRows(
  lines: Line[],
  photos: readonly Picture[],
  from: number,
  to: number,
  top: number,
  { width, rowHeight, gap }: LayoutOptions,
): number {
  for (let first = from; first < to; ) {
    let sum = 0
    let last = first
    for (; last < to; last++) {
      sum += aspect(photos[last]!)
      if (sum * rowHeight + (last - first) * gap >= width) break
    }
    const full = last < to
    const end = full ? last + 1 : to
    const space = width - (end - first - 1) * gap
    // A row that is not full keeps the usual height instead of blowing up its few photos.
    const height = full ? space / sum : Math.min(rowHeight, space / sum)
    lines.push({ kind: 'row', key: `r${first}`, tiles: placeTiles(photos, first, end, height, gap), top, height })
    top += height + gap
    first = end
  }
  return top
}

function placeTiles(photos: readonly Picture[], first: number, end: number, height: number, gap: number): Tile[] {
  const tiles: Tile[] = []
  let left = 0
  for (let index = first; index < end; index++) {
    const width = aspect(photos[index]!) * height
    tiles.push({ index, left, width })
    left += width + gap
  }
  return tiles
}

/** The lines that overlap `[from, to]`, found by bisection: scrolling costs the same with ten photos and ten thousand. */
export function inSight(lines: readonly Line[], from: number, to: number): { start: number; end: number } {
  const firstWhere = (test: (line: Line) => boolean): number => {
    let low = 0
    let high = lines.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (test(lines[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
  const start = firstWhere((line) => line.top + line.height >= from)
  return { start, end: Math.max(start, firstWhere((line) => line.top > to)) }
}

/** The row that a photo is in. */
export function lineOf(lines: readonly Line[], index: number): number {
  return lines.findIndex((line) => line.kind === 'row' && line.tiles[0]!.index <= index && index <= line.tiles.at(-1)!.index)
}

/** The photo that an arrow key leads to, or undefined at the edge. */
export function neighbour(lines: readonly Line[], index: number, key: string): number | undefined {
  const rows = lines.filter((line) => line.kind === 'row')
  const row = rows.findIndex((line) => line.tiles.some((tile) => tile.index === index))
  if (row < 0) return undefined
  const last = rows.at(-1)!.tiles.at(-1)!.index
  switch (key) {
    case 'ArrowRight':
      return index < last ? index + 1 : undefined
    case 'ArrowLeft':
      return index > 0 ? index - 1 : undefined
    case 'Home':
      return 0
    case 'End':
      return last
    case 'ArrowDown':
    case 'ArrowUp': {
      const target = rows[row + (key === 'ArrowDown' ? 1 : -1)]
      const from = rows[row]!.tiles.find((tile) => tile.index === index)!
      const middle = from.left + from.width / 2
      const distance = (tile: Tile): number => Math.abs(tile.left + tile.width / 2 - middle)
      return target?.tiles.reduce((best, tile) => (distance(tile) < distance(best) ? tile : best)).index
    }
    default:
      return undefined
  }
}
