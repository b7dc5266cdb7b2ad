import type { JSX } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Icon } from '../icons'
import { formatDay, rightToLeft, t } from '../texts'
import { inSight, layOut, type Line, lineOf, neighbour } from './layout'
import type { PhotoList } from './photo-list'
import { TileView } from './tile'

const headingHeight = 56
/** How far beyond the window rows are drawn, and how far before the end the next page is fetched, in windows. */
const overscan = 0.75
const fetchAhead = 3

interface Props {
  list: PhotoList
  selection: ReadonlySet<string>
  onSelect: (index: number, range: boolean) => void
  /** Selects photos from an index on, all of them or none. */
  onSelectDay: (first: number, count: number, wanted: boolean) => void
  onOpen: (index: number) => void
  /** Is given the way to show one photo and to put the focus on it. */
  reveal: { current: (id: string) => void }
}

/** The list's state, as a hook: the component is drawn again when the list says so. */
export function usePhotoList(list: PhotoList): PhotoList {
  const [, redraw] = useState(0)
  useLayoutEffect(() => list.subscribe(() => redraw((n) => n + 1)), [list])
  return list
}

export function Gallery({ list, selection, onSelect, onSelectDay, onOpen, reveal }: Props): JSX.Element {
  const { photos, loading } = usePhotoList(list)
  const root = useRef<HTMLDivElement>(null)
  const width = useWidth(root)
  const compact = width < 640
  const layout = useMemo(
    () => (width > 0 ? layOut(photos, { width, rowHeight: compact ? 132 : 236, gap: compact ? 3 : 6, headingHeight }) : { lines: [], height: 0 }),
    [photos, width, compact],
  )
  const [start, end] = useSight(root, layout.lines)
  const [current, setCurrent] = useState<string>()
  const focus = useRef<string | undefined>(undefined)
  const [, redraw] = useState(0)
  const drawn = useMemo(() => withLineOf(layout.lines, start, end, photos.findIndex(({ id }) => id === current)), [layout, start, end, current])
  const tabStop = current !== undefined && photos.some(({ id }) => id === current) ? current : firstIn(drawn, photos)

  useEffect(() => {
    const last = layout.lines.at(-1)
    const near = (): boolean => {
      if (root.current === null) return false
      return last === undefined || root.current.getBoundingClientRect().top + last.top < innerHeight * (1 + fetchAhead)
    }
    if (loading === 'idle' && near()) void list.loadMore()
  }, [list, loading, layout, start, end])

  // A photo may have to be scrolled to, and drawn, before it can have the focus.
  useLayoutEffect(() => {
    if (focus.current === undefined) return
    const index = photos.findIndex(({ id }) => id === focus.current)
    const tile = root.current!.querySelector<HTMLElement>(`a[data-index="${index}"]`)
    if (tile === null) return
    focus.current = undefined
    bringIntoSight(root.current!, layout.lines[lineOf(layout.lines, index)])
    tile.focus({ preventScroll: true })
  })
  reveal.current = (id) => {
    focus.current = id
    setCurrent(id)
    redraw((n) => n + 1) // It may be the current one already.
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = (event.target as HTMLElement).dataset.index
    if (at === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === ' ' || event.key.toLowerCase() === 'x') {
      event.preventDefault()
      onSelect(Number(at), event.shiftKey)
      return
    }
    const next = neighbour(layout.lines, Number(at), forReading(event.key))
    if (next === undefined) return
    event.preventDefault()
    reveal.current(photos[next]!.id)
  }
  const onFocusIn = (event: FocusEvent): void => {
    const { index } = (event.target as HTMLElement).dataset
    if (index !== undefined) setCurrent(photos[Number(index)]!.id)
  }
  const onBroken = useCallback((id: string) => void list.renew(id).catch(() => undefined), [list])

  return (
    <div
      ref={root}
      class="gallery"
      data-selecting={selection.size > 0}
      style={{ height: `${layout.height}px` }}
      onKeyDown={onKeyDown}
      onFocusIn={onFocusIn}
    >
      {drawn.map((line) =>
        line.kind === 'day' ? (
          <Day key={line.key} line={line} chosen={chosenOf(line, photos, selection)} onSelect={onSelectDay} />
        ) : (
          <div key={line.key} class="row" style={{ top: `${line.top}px`, height: `${line.height}px` }}>
            {line.tiles.map((tile) => {
              const photo = photos[tile.index]!
              return (
                <TileView
                  key={photo.id}
                  photo={photo}
                  {...tile}
                  height={line.height}
                  tabStop={photo.id === tabStop}
                  selected={selection.has(photo.id)}
                  selecting={selection.size > 0}
                  onOpen={onOpen}
                  onSelect={onSelect}
                  onBroken={onBroken}
                />
              )
            })}
          </div>
        ),
      )}
    </div>
  )
}

/** What is in sight, and the row that has the focus: it must not be gone when the next key is pressed. */
function withLineOf(lines: readonly Line[], start: number, end: number, index: number): Line[] {
  const drawn = lines.slice(start, end)
  const at = index < 0 ? -1 : lineOf(lines, index)
  if (at < 0 || (start <= at && at < end)) return drawn
  return at < start ? [lines[at]!, ...drawn] : [...drawn, lines[at]!]
}

/** The gallery is one stop of the Tab key, however many photos it holds; arrow keys walk from there. */
function firstIn(drawn: readonly Line[], photos: PhotoList['photos']): string | undefined {
  const row = drawn.find((line) => line.kind === 'row')
  return row && photos[row.tiles[0]!.index]?.id
}

type DayLine = Extract<Line, { kind: 'day' }>

/** How many of a day's photos are selected. */
function chosenOf({ first, count }: DayLine, photos: PhotoList['photos'], selection: ReadonlySet<string>): number {
  return selection.size === 0 ? 0 : photos.slice(first, first + count).filter(({ id }) => selection.has(id)).length
}

interface DayProps {
  line: DayLine
  chosen: number
  onSelect: Props['onSelectDay']
}

function Day({ line: { date, first, count, top, height }, chosen, onSelect }: DayProps): JSX.Element {
  const name = formatDay(date, new Date())
  return (
    <div class="day" style={{ top: `${top}px`, height: `${height}px` }}>
      <h2>{name}</h2>
      <span>{t.photoCount(count)}</span>
      <button
        type="button"
        class="select-day"
        role="checkbox"
        aria-checked={chosen === 0 ? 'false' : chosen === count ? 'true' : 'mixed'}
        aria-label={t.selectDay(name)}
        title={t.selectDay(name)}
        onClick={() => onSelect(first, count, chosen < count)}
      >
        <Icon name={chosen === 0 || chosen === count ? 'check' : 'minus'} size={16} />
      </button>
    </div>
  )
}

/** Left and right change places where one reads from the right. */
function forReading(key: string): string {
  if (!rightToLeft()) return key
  return key === 'ArrowLeft' ? 'ArrowRight' : key === 'ArrowRight' ? 'ArrowLeft' : key
}

function bringIntoSight(root: HTMLElement, line: Line | undefined): void {
  if (line === undefined) return
  const top = root.getBoundingClientRect().top + line.top
  const margin = 90
  if (top < margin) scrollBy({ top: top - margin })
  else if (top + line.height > innerHeight - margin) scrollBy({ top: top + line.height - innerHeight + margin })
}

function useWidth(ref: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)))
    observer.observe(ref.current!)
    setWidth(Math.floor(ref.current!.clientWidth))
    return () => observer.disconnect()
  }, [])
  return width
}

/** Which lines to draw; changes only when a line comes into sight or leaves it, not with every pixel. */
function useSight(ref: { current: HTMLElement | null }, lines: readonly Line[]): [number, number] {
  const measure = (): [number, number] => {
    const top = ref.current === null ? 0 : -ref.current.getBoundingClientRect().top
    const { start, end } = inSight(lines, top - innerHeight * overscan, top + innerHeight * (1 + overscan))
    return [start, end]
  }
  const [range, setRange] = useState<[number, number]>([0, 0])
  useLayoutEffect(() => {
    const update = (): void => {
      const [start, end] = measure()
      setRange((old) => (old[0] === start && old[1] === end ? old : [start, end]))
    }
    let frame = 0
    const onScroll = (): void => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(update)
    }
    update()
    addEventListener('scroll', onScroll, { passive: true })
    addEventListener('resize', onScroll)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('scroll', onScroll)
      removeEventListener('resize', onScroll)
    }
  }, [lines])
  return range
}
