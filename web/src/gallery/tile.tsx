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
  selected: boolean
  selecting: boolean
  onOpen: (index: number) => void
  onSelect: (index: number, range: boolean) => void
  onBroken: (id: string) => void
}

export const photoName = (photo: Photo): string => photo.title || t.untitled

export const srcset = (photo: Photo): string => photo.variants.map(({ url, width }) => `${url} ${width}w`).join(', ')

export function TileView(props: TileProps): JSX.Element {
  const { photo, index, left, width, height, selected, selecting } = props
  const [loaded, setLoaded] = useState(false)
  const broken = useRef(false)
  const blur = loaded ? undefined : placeholder(photo.thumbhash)
  const largest = photo.variants.at(-1)!

  const open = (event: MouseEvent): void => {
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
      <a href={largest.url} data-index={index} onClick={open}>
        <img
          alt={photoName(photo)}
          class={loaded ? 'is-loaded' : ''}
          srcset={srcset(photo)}
          src={photo.variants[0]!.url}
          sizes={`${Math.ceil(width)}px`}
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
        aria-label={t.selectPhoto(photoName(photo))}
        onClick={(event) => props.onSelect(index, event.shiftKey)}
      >
        <Icon name="check" size={16} />
      </button>
    </div>
  )
}
