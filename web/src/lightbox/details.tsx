import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Photo } from '../api'
import type { PhotoList } from '../gallery/photo-list'
import { Icon } from '../icons'
import { formatBytes, formatCameraTime, formatMoment, t } from '../texts'
import { showToast } from '../toasts'

/** What is known of a photo; its owner can give it another title. */
export function Details({ photo, list, onDone }: { photo: Photo; list: PhotoList; onDone: () => void }): JSX.Element {
  const [title, setTitle] = useState(photo.title)
  const changed = title.trim() !== photo.title && title.trim() !== ''

  const save = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!changed) return
    try {
      await list.rename(photo.id, title.trim())
    } catch {
      showToast({ text: t.renameFailed })
    }
  }
  const facts: [string, string][] = [
    [t.dimensions, t.pixels(photo.width, photo.height)],
    [t.fileSize, formatBytes(photo.original.bytes)],
    [t.format, photo.original.type.replace('image/', '').toUpperCase()],
    [t.added, formatMoment(new Date(photo.createdAt))],
  ]
  const { takenAt, camera } = photo.details ?? {}
  if (takenAt) facts.push([t.taken, formatCameraTime(takenAt)])
  if (camera) facts.push([t.camera, camera])
  return (
    <section class="details" aria-label={t.details}>
      <header>
        <h2 tabIndex={-1}>{t.details}</h2>
        <button type="button" class="icon-button" aria-label={t.close} onClick={onDone}>
          <Icon name="close" />
        </button>
      </header>
      {list.owner === 'me' ? (
        <form onSubmit={save}>
          <label>
            <span>{t.title}</span>
            <input type="text" dir="auto" value={title} maxLength={200} onInput={(event) => setTitle(event.currentTarget.value)} />
          </label>
          <button type="submit" class="button" aria-disabled={!changed}>
            {t.save}
          </button>
        </form>
      ) : (
        <p class="details-title">{photo.title || t.untitled}</p>
      )}
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd><bdi>{value}</bdi></dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
