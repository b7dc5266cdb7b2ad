import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { Photo } from '../api'
import { Icon } from '../icons'
import { t } from '../texts'
import { placeholder } from './placeholder'

export interface TileProps {
  photo: Photo
  index: number
  left: number
  width: number
  height: number
  /** Whether the Tab key stops here. */
  tabStop: boolean
  selected: boolean
  selecting: boolean
  onOpen: (index: number) => void
  onSelect: (index: number, range: boolean) => void
  onBroken: (id: string) => void
}

export const photoName = (photo: Photo): string => photo.title || t.untitled

/** The variants to choose from; none where there is no choice. */
export const srcset = (photo: Photo): string | undefined =>
  photo.variants.length > 1 ? photo.variants.map(({ url, width }) => `${url} ${width}w`).join(', ') : undefined

export function TileView(props: TileProps): JSX.Element {
  const { photo, index, left, width, height, tabStop, selected, selecting } = props
  const [loaded, setLoaded] = useState(false)
  const broken = useRef(false)
  const blur = loaded ? undefined : placeholder(photo.thumbhash)
  const tabIndex = tabStop ? 0 : -1

  const press = useLongPress(() => props.onSelect(index, false))

  const open = (event: MouseEvent): void => {
    if (press.taken()) {
      event.preventDefault()
      return
    }
    // Ctrl, Cmd or the middle button open a tab as everywhere else.
    if (event.metaKey || event.ctrlKey) return
    event.preventDefault()
    if (selecting || event.shiftKey) props.onSelect(index, event.shiftKey)
    else props.onOpen(index)
  }
  const fail = (): void => {
    // Once: a URL whose window has ended is renewed, a picture that is gone stays a placeholder.
    if (broken.current) return
    broken.current = true
    props.onBroken(photo.id)
  }
  return (
    <div
      class={`tile${selected ? ' is-selected' : ''}`}
      style={{
        insetInlineStart: `${left}px`,
        width: `${width}px`,
        height: `${height}px`,
        backgroundImage: blur ? `url("${blur}")` : 'none',
      }}
    >
      <a href={photo.variants.at(-1)!.url} data-index={index} tabIndex={tabIndex} onClick={open} {...press.handlers}>
        <img
          alt={photoName(photo)}
          class={loaded ? 'is-loaded' : ''}
          srcset={srcset(photo)}
          src={photo.variants[0]!.url}
          // The picture covers the tile: one that is longer than its tile is drawn wider.
          sizes={`${Math.ceil(Math.max(width, (height * photo.width) / photo.height))}px`}
          width={photo.width}
          height={photo.height}
          decoding="async"
          draggable={false}
          onLoad={() => setLoaded(true)}
          onError={fail}
        />
      </a>
      <button
        type="button"
        class="select"
        role="checkbox"
        aria-checked={selected}
        tabIndex={tabIndex}
        aria-label={t.selectPhoto(photoName(photo))}
        onClick={(event) => props.onSelect(index, event.shiftKey)}
      >
        <Icon name="check" size={16} />
      </button>
    </div>
  )
}

/** A finger that rests is a wish to select. */
const longPress = 450

function useLongPress(act: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const acted = useRef(false)
  const cancel = (): void => clearTimeout(timer.current)
  return {
    /** Whether the click that follows belongs to a long press; says so once. */
    taken: (): boolean => {
      const was = acted.current
      acted.current = false
      return was
    },
    handlers: {
      onPointerDown: (event: PointerEvent): void => {
        acted.current = false
        if (event.pointerType !== 'touch') return
        timer.current = setTimeout(() => {
          acted.current = true
          act()
        }, longPress)
      },
      onPointerUp: cancel,
      onPointerCancel: cancel,
      onContextMenu: (event: MouseEvent): void => {
        if ((event as PointerEvent).pointerType === 'touch') event.preventDefault()
      },
    },
  }
}
