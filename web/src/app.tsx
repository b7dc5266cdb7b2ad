import type { ComponentType, JSX } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Owner, Photo } from './api'
import { Gallery, usePhotoList } from './gallery/gallery'
import { PhotoList } from './gallery/photo-list'
import { Icon, type IconName, Mark } from './icons'
import { accept, listenForFiles, sortOut } from './incoming'
import { SelectionBar } from './selection-bar'
import { currentLanguage, languages, switchLanguage, t } from './texts'
import { takeShared } from './shared'
import { showToast, Toasts } from './toasts'
import type { Session } from './upload/session'
import { forgetSent } from './upload/duplicates'
import { uploadsPending } from './upload/pending'

const lists: Record<Owner, PhotoList> = { me: new PhotoList('me'), public: new PhotoList('public') }

type Uploads = { session: Session; Tray: ComponentType<{ session: Session }> }
let uploads: Promise<Uploads> | undefined

/** The uploader is fetched when it is wanted: by a drag, a pointer on its button, files, or uploads left from before. */
function loadUploads(): Promise<Uploads> {
  uploads ??= import('./upload').then(({ Session, Tray }) => ({
    session: new Session((photo) => lists.me.add(photo)),
    Tray,
  }))
  uploads.catch(() => (uploads = undefined))
  return uploads
}

const ownerFromHash = (): Owner => (location.hash === '#public' ? 'public' : 'me')

export function App(): JSX.Element {
  const [owner, setOwner] = useState<Owner>(ownerFromHash)
  const [tray, setTray] = useState<Uploads>()
  const [hovering, setHovering] = useState(false)
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set())
  const lastSelected = useRef(0)
  const list = lists[owner]

  const receive = useCallback(async (files: File[]) => {
    const { photos, others } = sortOut(files)
    if (others.length > 0) showToast({ text: t.notPhotos(others.length, others[0]!.name) })
    if (photos.length === 0) return
    const loaded = await loadUploads().catch(() => undefined)
    if (loaded === undefined) return showToast({ text: t.problem.network, action: { label: t.tryAgain, run: () => void receive(photos) } })
    setTray(loaded)
    if (ownerFromHash() === 'public') location.hash = ''
    loaded.session.add(photos)
  }, [])

  useEffect(() => listenForFiles((files) => void receive(files), (over) => {
    setHovering(over)
    if (over) void loadUploads()
  }), [receive])

  useEffect(() => {
    void takeShared().then(receive)
  }, [receive])

  useEffect(() => {
    if (uploadsPending()) void loadUploads().then(setTray)
    const onHash = (): void => {
      setOwner(ownerFromHash())
      setSelection(new Set())
      scrollTo(0, 0)
    }
    const onLeave = (): void => lists.me.flushRemovals()
    const onVisible = (): void => {
      if (document.visibilityState === 'visible') void lists[ownerFromHash()].refresh()
    }
    addEventListener('hashchange', onHash)
    addEventListener('pagehide', onLeave)
    document.addEventListener('visibilitychange', onVisible)
    return () => {
      removeEventListener('hashchange', onHash)
      removeEventListener('pagehide', onLeave)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [])

  const remove = useCallback((ids: string[]) => {
    lists.me.remove(ids)
    setSelection(new Set())
    showToast({
      text: t.deleted(ids.length),
      action: { label: t.undo, run: () => lists.me.undoRemoval(ids) },
      expired: () =>
        void lists.me.commitRemoval(ids).then((kept) => {
          forgetSent(ids.filter((id) => !kept.includes(id)))
          if (kept.length > 0) showToast({ text: t.deleteFailed(kept.length) })
        }),
    })
  }, [])

  const open = useCallback(
    (index: number) =>
      void import('./lightbox').then(({ openLightbox }) => openLightbox(list, index, (photo: Photo) => remove([photo.id]))),
    [list, remove],
  )
  const select = useCallback(
    (index: number, range: boolean) => {
      const [from, to] = range ? [lastSelected.current, index].sort((a, b) => a - b) : [index, index]
      lastSelected.current = index
      setSelection((old) => {
        const next = new Set(old)
        const add = range || !old.has(list.photos[index]!.id)
        for (const photo of list.photos.slice(from, to! + 1)) add ? next.add(photo.id) : next.delete(photo.id)
        return next
      })
    },
    [list],
  )

  return (
    <>
      <a class="skip" href="#photos" onClick={(event) => { event.preventDefault(); document.getElementById('photos')?.focus() }}>
        {t.skipToPhotos}
      </a>
      <Header owner={owner} onFiles={receive} />
      <Offline />
      <main id="photos" tabIndex={-1}>
        <h1 class="visually-hidden">{owner === 'me' ? t.myPhotos : t.publicPhotos}</h1>
        <Gallery key={owner} list={list} selection={selection} onSelect={select} onOpen={open} />
        <Foot list={list} onFiles={receive} />
      </main>
      {selection.size > 0 && (
        <SelectionBar list={list} selection={selection} onChange={setSelection} onDelete={owner === 'me' ? remove : undefined} />
      )}
      {tray && <tray.Tray session={tray.session} />}
      <div class="drop" aria-hidden="true" data-on={hovering}>
        <div>
          <Icon name="upload" size={40} />
          <strong>{t.dropHere}</strong>
          <span>{t.dropHint}</span>
        </div>
      </div>
      <Toasts />
    </>
  )
}

function Header({ owner, onFiles }: { owner: Owner; onFiles: (files: File[]) => void }): JSX.Element {
  return (
    <header class="header">
      <a class="brand" href="#" aria-label={t.appName}>
        <Mark />
        <span>{t.appName}</span>
      </a>
      <nav class="tabs" aria-label={t.sections}>
        <a href="#" aria-current={owner === 'me' ? 'page' : undefined}>{t.myPhotos}</a>
        <a href="#public" aria-current={owner === 'public' ? 'page' : undefined}>{t.publicPhotos}</a>
      </nav>
      <span class="actions">
        <AddButton onFiles={onFiles} />
        {/* Phones have no folders to choose, and only they a camera that the browser opens by itself. */}
        <PickButton class="add-folder" icon="folder" label={t.addFolder} attributes={directory} onFiles={onFiles} />
        <PickButton class="add-camera" icon="camera" label={t.takePhoto} attributes={{ accept: 'image/*', capture: 'environment' }} onFiles={onFiles} />
      </span>
    </header>
  )
}

function AddButton({ onFiles }: { onFiles: (files: File[]) => void }): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const take = (): void => {
    onFiles(Array.from(input.current!.files ?? []))
    input.current!.value = ''
  }
  return (
    <span class="add">
      <input ref={input} type="file" accept={accept} multiple tabIndex={-1} aria-label={t.addPhotos} onChange={take} />
      <button type="button" class="button primary" aria-label={t.addPhotos} onPointerEnter={() => void loadUploads()} onClick={() => input.current!.click()}>
        <Icon name="plus" />
        <span>{t.addPhotos}</span>
      </button>
    </span>
  )
}

/** Not standard, so it has no type, but every browser with a pointer has it. */
const directory: object = { webkitdirectory: true }

interface PickProps {
  /** Where it is shown: by the style sheet. */
  class: string
  icon: IconName
  label: string
  attributes: JSX.IntrinsicElements['input']
  onFiles: (files: File[]) => void
}

/** A smaller button beside the large one, for files from one special place. */
function PickButton({ class: className, icon, label, attributes, onFiles }: PickProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const take = (): void => {
    onFiles(Array.from(input.current!.files ?? []))
    input.current!.value = ''
  }
  return (
    <span class={className}>
      <input ref={input} type="file" {...attributes} hidden tabIndex={-1} aria-label={label} onChange={take} />
      <button type="button" class="icon-button" aria-label={label} title={label} onClick={() => input.current!.click()}>
        <Icon name={icon} />
      </button>
    </span>
  )
}

/** Below the photos: what there is to say when there are none, or no more. */
function Foot({ list, onFiles }: { list: PhotoList; onFiles: (files: File[]) => void }): JSX.Element {
  const { photos, loading, owner } = usePhotoList(list)
  if (loading === 'failed') {
    return (
      <div class="notice" role="alert">
        <p>{t.loadingFailed}</p>
        <button type="button" class="button" onClick={() => void list.loadMore()}>{t.tryAgain}</button>
      </div>
    )
  }
  if (loading !== 'complete') return <p class="loading" role="status"><span class="visually-hidden">{t.loading}</span></p>
  if (photos.length > 0) return <Footer />
  return (
    <>
      <section class="empty">
        <div class="empty-stack" aria-hidden="true"><i /><i /><i /></div>
        <h2>{owner === 'me' ? t.emptyTitle : t.emptyPublicTitle}</h2>
        <p>{owner === 'me' ? t.emptyText : t.emptyPublicText}</p>
        {owner === 'me' && <AddButton onFiles={onFiles} />}
      </section>
      <Footer />
    </>
  )
}

function Footer(): JSX.Element {
  return (
    <footer class="footer">
      <label>
        <Icon name="globe" size={16} />
        <span class="visually-hidden">{t.chooseLanguage}</span>
        <select onChange={(event) => switchLanguage(event.currentTarget.value)}>
          {languages.map(({ code, name }) => (
            <option key={code} value={code} lang={code} selected={code === currentLanguage()}>{name}</option>
          ))}
        </select>
      </label>
      <a href="/sas" hreflang="en">{t.explainSAS}</a>
    </footer>
  )
}

function Offline(): JSX.Element | null {
  const [online, setOnline] = useState(navigator.onLine)
  useEffect(() => {
    const update = (): void => {
      setOnline(navigator.onLine)
      if (navigator.onLine) showToast({ text: t.backOnline })
    }
    addEventListener('online', update)
    addEventListener('offline', update)
    return () => {
      removeEventListener('online', update)
      removeEventListener('offline', update)
    }
  }, [])
  return online ? null : (
    <p class="banner" role="status">
      <Icon name="cloudOff" size={18} /> {t.offline}
    </p>
  )
}
