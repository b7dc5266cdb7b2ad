import type { JSX } from 'preact'
import { useLayoutEffect } from 'preact/hooks'
import type { PhotoList } from './gallery/photo-list'
import { Icon } from './icons'
import { t } from './texts'

interface Props {
  list: PhotoList
  selection: ReadonlySet<string>
  onChange: (selection: ReadonlySet<string>) => void
  /** Absent where the photos are not the user's own. */
  onDelete: ((ids: string[]) => void) | undefined
}

/** What can be done with the photos that are selected. */
export function SelectionBar({ list, selection, onChange, onDelete }: Props): JSX.Element {
  // Before the next paint, so that no key meets the selection of before.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !document.querySelector('.pswp')) onChange(new Set())
      if (event.key === 'Delete') onDelete?.([...selection])
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [selection, onChange, onDelete])

  const download = (): void => {
    // One link after another: the storage answers each with an attachment, the browser asks once and keeps all.
    const urls = list.photos.filter((photo) => selection.has(photo.id)).map((photo) => photo.original.url)
    urls.forEach((url, i) => setTimeout(() => follow(url), i * 300))
  }
  return (
    <section class="selection-bar" aria-label={t.selected(selection.size)}>
      <button type="button" class="icon-button" aria-label={t.clearSelection} onClick={() => onChange(new Set())}>
        <Icon name="close" />
      </button>
      <span role="status">{t.selected(selection.size)}</span>
      <button type="button" class="text-button" onClick={() => onChange(new Set(list.photos.map((photo) => photo.id)))}>
        {t.selectAll}
      </button>
      <button type="button" class="icon-button" aria-label={t.download} title={t.download} onClick={download}>
        <Icon name="download" />
      </button>
      {onDelete && (
        <button type="button" class="icon-button" aria-label={t.delete} title={t.delete} onClick={() => onDelete([...selection])}>
          <Icon name="trash" />
        </button>
      )}
    </section>
  )
}

function follow(url: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = ''
  link.click()
}
