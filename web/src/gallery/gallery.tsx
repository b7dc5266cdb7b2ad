import type { JSX } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { formatDay, t } from '../texts'
import { inSight, layOut, type Line, neighbour } from './layout'
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
  onOpen: (index: number) => void
}

/** The list's state, as a hook: the component is drawn again when the list says so. */
export function usePhotoList(list: PhotoList): PhotoList {
  const [, redraw] = useState(0)
  useLayoutEffect(() => list.subscribe(() => redraw((n) => n + 1)), [list])
  return list
}

export function Gallery({ list, selection, onSelect, onOpen }: Props): JSX.Element {
  const { photos, loading } = usePhotoList(list)
  const root = useRef<HTMLDivElement>(null)
  const width = useWidth(root)
  const compact = width < 640
  const layout = useMemo(
    () => (width > 0 ? layOut(photos, { width, rowHeight: compact ? 132 : 236, gap: compact ? 3 : 6, headingHeight }) : { lines: [], height: 0 }),
    [photos, width, compact],
  )
  const [start, end] = useSight(root, layout.lines)
  const focus = useRef<number | undefined>(undefined)

  useEffect(() => {
    const last = layout.lines.at(-1)
    const near = (): boolean => {
      if (root.current === null) return false
      return last === undefined || root.current.getBoundingClientRect().top + last.top < innerHeight * (1 + fetchAhead)
    }
    if (loading === 'idle' && near()) void list.loadMore()
  }, [list, loading, layout, start, end])

  useLayoutEffect(() => {
    if (focus.current === undefined) return
    const tile = root.current?.querySelector<HTMLElement>(`a[data-index="${focus.current}"]`)
    if (tile) focus.current = undefined
    tile?.focus()
  })

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = (event.target as HTMLElement).dataset.index
    if (at === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === ' ' || event.key === 'x') {
      event.preventDefault()
      onSelect(Number(at), event.shiftKey)
      return
    }
    const next = neighbour(layout.lines, Number(at), forReading(event.key))
    if (next === undefined) return
    event.preventDefault()
    focus.current = next
    bringIntoSight(root.current!, layout.lines, next)
    root.current!.querySelector<HTMLElement>(`a[data-index="${next}"]`)?.focus()
  }
  const onBroken = useCallback((id: string) => void list.renew(id).catch(() => undefined), [list])

  return (
    <div ref={root} class="gallery" style={{ height: `${layout.height}px` }} onKeyDown={onKeyDown}>
      {layout.lines.slice(start, end).map((line) =>
        line.kind === 'day' ? (
          <div key={line.key} class="day" style={{ top: `${line.top}px`, height: `${line.height}px` }}>
            <h2>{formatDay(line.date, new Date())}</h2>
            <span>{t.photoCount(line.count)}</span>
          </div>
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

/** Left and right change places where one reads from the right. */
function forReading(key: string): string {
  if (document.documentElement.dir !== 'rtl') return key
  return key === 'ArrowLeft' ? 'ArrowRight' : key === 'ArrowRight' ? 'ArrowLeft' : key
}

function bringIntoSight(root: HTMLElement, lines: readonly Line[], index: number): void {
  const line = lines.find((each) => each.kind === 'row' && each.tiles.some((tile) => tile.index === index))
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
