import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import { announce } from './announcer'
import { download } from './download'
import type { PhotoList } from './gallery/photo-list'
import { Icon } from './icons'
import { t } from './texts'
import { showToast } from './toasts'

interface Props {
  list: PhotoList
  selection: ReadonlySet<string>
  onChange: (selection: ReadonlySet<string>) => void
  onClear: () => void
  /** Absent where the photos are not the user's own. */
  onDelete: ((ids: string[]) => void) | undefined
}

/** What can be done with the photos that are selected. */
export function SelectionBar({ list, selection, onChange, onClear, onDelete }: Props): JSX.Element {
  const [busy, setBusy] = useState(false)
  useEffect(() => announce(t.selected(selection.size)), [selection])
  // Before the next paint, so that no key meets the selection of before.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (document.querySelector('.pswp')) return
      if (event.key === 'Escape') onClear()
      if (event.key === 'Delete') onDelete?.([...selection])
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [selection, onClear, onDelete])

  const during = async (work: () => Promise<void>): Promise<void> => {
    if (busy) return
    setBusy(true)
    await work()
    setBusy(false)
  }
  /** All there are, not only those that have been scrolled to. */
  const selectAll = async (): Promise<void> => {
    await list.loadAll()
    onChange(new Set(list.photos.map(({ id }) => id)))
  }
  const save = async (): Promise<void> => {
    const failed = await download(list, list.photos.filter(({ id }) => selection.has(id)))
    if (failed > 0) showToast({ text: t.downloadFailed(failed) })
  }
  return (
    <section class="selection-bar" aria-label={t.selected(selection.size)}>
      <button type="button" class="icon-button" aria-label={t.clearSelection} onClick={onClear}>
        <Icon name="close" />
      </button>
      <span>{t.selected(selection.size)}</span>
      <button type="button" class="text-button" aria-disabled={busy} onClick={() => void during(selectAll)}>
        {t.selectAll}
      </button>
      <button type="button" class="icon-button" aria-label={t.download} title={t.download} aria-disabled={busy} onClick={() => void during(save)}>
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
