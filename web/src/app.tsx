import type { ComponentType, JSX } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Owner } from './api'
import { Gallery, usePhotoList } from './gallery/gallery'
import { PhotoList } from './gallery/photo-list'
import { Icon, type IconName, Mark } from './icons'
import { accept, listenForFiles, sortOut } from './incoming'
import { Announcer } from './announcer'
import { hashOf, here, type Place } from './place'
import { SelectionBar } from './selection-bar'
import { currentLanguage, languages, switchLanguage, t } from './texts'
import { takeShared } from './shared'
import { showToast, Toasts } from './toasts'
import type { Session } from './upload/session'
import { forgetSent } from './upload/duplicates'
import { uploadsPending } from './upload/pending'
import { sendSmaller, sendsSmaller } from './upload/wishes'

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

/** Where a part of the page cannot be fetched while the network is there, a newer version has taken its place. */
function reportMissingPart(again: () => void): void {
  if (navigator.onLine) showToast({ text: t.newVersion, action: { label: t.reload, run: () => location.reload() } })
  else showToast({ text: t.problem.network, action: { label: t.tryAgain, run: again } })
}

export function App(): JSX.Element {
  const [owner, setOwner] = useState<Owner>(here().owner)
  const [tray, setTray] = useState<Uploads>()
  const [hovering, setHovering] = useState(false)
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set())
  const reveal = useRef((_id: string): void => undefined)
  const list = lists[owner]

  const receive = useCallback(async (files: File[]) => {
    const { photos, others } = sortOut(files)
    if (others.length > 0) showToast({ text: t.notPhotos(others.length, others[0]!.name) })
    if (photos.length === 0) return
    const loaded = await loadUploads().catch(() => undefined)
    if (loaded === undefined) return reportMissingPart(() => void receive(photos))
    setTray(loaded)
    if (here().owner === 'public') location.hash = ''
    void loaded.session.add(photos)
  }, [])

  useEffect(() => listenForFiles((files) => void receive(files), (over) => {
    setHovering(over)
    if (over) void loadUploads().catch(() => undefined)
  }), [receive])

  useEffect(() => {
    void takeShared().then(receive, () => showToast({ text: t.sharedFailed }))
  }, [receive])

  // Of who uses the keyboard the focus was on what goes: it moves on to what takes its place.
  const remove = useCallback((ids: string[], moveOn = focusIsSeen()) => {
    const next = neighbourOf(lists.me, ids)
    lists.me.remove(ids)
    setSelection(new Set())
    if (moveOn && next !== undefined) reveal.current(next)
    else if (moveOn) document.getElementById('photos')?.focus({ preventScroll: true })
    const undo = (): void => {
      lists.me.undoRemoval(ids)
      reveal.current(ids[0]!)
    }
    showToast({
      text: t.deleted(ids.length),
      action: { label: t.undo, run: undo },
      expired: () =>
        void lists.me.commitRemoval(ids).then((kept) => {
          forgetSent(ids.filter((id) => !kept.includes(id)))
          if (kept.length > 0) showToast({ text: t.deleteFailed(kept.length) })
        }),
    })
  }, [])

  const open = useLightbox(remove, reveal)

  useEffect(() => {
    void uploadsPending().then((pending) => (pending ? loadUploads().then(setTray) : undefined)).catch(() => undefined)
    let before = here().owner
    const onHash = (): void => {
      const { owner } = here()
      if (owner === before) return
      before = owner
      setOwner(owner)
      setSelection(new Set())
      scrollTo(0, 0)
    }
    const onLeave = (): void => forgetSent(lists.me.flushRemovals())
    const onVisible = (): void => {
      if (document.visibilityState === 'visible') void lists[here().owner].refresh()
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
  useEffect(() => {
    document.title = owner === 'me' ? t.appName : `${t.publicPhotos} · ${t.appName}`
  }, [owner])

  const { select, selectDay } = useSelecting(list, setSelection)
  const clear = (): void => {
    const last = [...selection].at(-1)
    setSelection(new Set())
    if (last !== undefined && focusIsSeen()) reveal.current(last)
  }

  return (
    <>
      <a class="skip" href="#photos" onClick={(event) => { event.preventDefault(); document.getElementById('photos')?.focus() }}>
        {t.skipToPhotos}
      </a>
      <Header owner={owner} onFiles={receive} />
      <Offline />
      <main id="photos" tabIndex={-1}>
        <h1 class="visually-hidden">{owner === 'me' ? t.myPhotos : t.publicPhotos}</h1>
        <Gallery
          key={owner}
          list={list}
          selection={selection}
          onSelect={select}
          onSelectDay={selectDay}
          onOpen={(index) => void open({ owner, photo: list.photos[index]!.id })}
          reveal={reveal}
        />
        <Foot list={list} onFiles={receive} />
      </main>
      {selection.size > 0 && (
        <SelectionBar list={list} selection={selection} onChange={setSelection} onClear={clear} onDelete={owner === 'me' ? remove : undefined} />
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
      <Announcer />
    </>
  )
}

/** Whether somebody sees where the focus is, and so needs it: the browser shows it to who uses the keyboard. */
const focusIsSeen = (): boolean => document.activeElement?.matches(':focus-visible') ?? false

/** The photo that will be where those are that go: the one after them, else the one before. */
function neighbourOf(list: PhotoList, ids: readonly string[]): string | undefined {
  const gone = new Set(ids)
  const last = Math.max(...ids.map((id) => list.photos.findIndex((photo) => photo.id === id)))
  const before = list.photos.slice(0, Math.max(0, last)).filter(({ id }) => !gone.has(id))
  return (list.photos[last + 1] ?? before.at(-1))?.id
}

/** The lightbox follows the address: it opens by a link to a photo, and closes and opens again by going back and forth. */
function useLightbox(remove: (ids: string[], moveOn: boolean) => void, reveal: { current: (id: string) => void }): (place: Place) => Promise<void> {
  const close = useRef<(() => void) | undefined>(undefined)
  const open = useCallback(async ({ owner, photo: id }: Place): Promise<void> => {
    if (id === undefined || close.current !== undefined) return
    const list = lists[owner]
    const module = await import('./lightbox/lightbox').catch(() => undefined)
    if (module === undefined) return reportMissingPart(() => void open({ owner, photo: id }))
    if (!(await list.find(id))) {
      history.replaceState(null, '', hashOf({ owner }))
      if (list.loading !== 'failed') showToast({ text: t.photoGone })
      return
    }
    if (close.current !== undefined) return
    close.current = module.openLightbox({
      list,
      id,
      onDelete: (photo) => remove([photo.id], true),
      onClosed: (last) => {
        close.current = undefined
        if (last !== undefined && list.photos.some((photo) => photo.id === last)) reveal.current(last)
      },
    })
  }, [])
  useEffect(() => {
    const follow = (): void => {
      const place = here()
      if (place.photo !== undefined) return void open(place)
      history.scrollRestoration = 'auto'
      close.current?.()
    }
    follow()
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [open])
  return open
}

type SetSelection = (change: (old: ReadonlySet<string>) => ReadonlySet<string>) => void

function useSelecting(list: PhotoList, setSelection: SetSelection): {
  select: (index: number, range: boolean) => void
  selectDay: (first: number, count: number, wanted: boolean) => void
} {
  /** Where a range begins: by id, as new photos move the others on. */
  const last = useRef<string | undefined>(undefined)
  const set = useCallback(
    (from: number, to: number, wanted: boolean) =>
      setSelection((old) => {
        const next = new Set(old)
        for (const { id } of list.photos.slice(from, to)) wanted ? next.add(id) : next.delete(id)
        return next
      }),
    [list],
  )
  const select = useCallback(
    (index: number, range: boolean) => {
      const begin = range ? list.photos.findIndex(({ id }) => id === last.current) : -1
      const { id } = list.photos[index]!
      last.current = id
      if (begin >= 0) set(Math.min(begin, index), Math.max(begin, index) + 1, true)
      else setSelection((old) => (old.has(id) ? new Set([...old].filter((each) => each !== id)) : new Set([...old, id])))
    },
    [list, set],
  )
  const selectDay = useCallback((first: number, count: number, wanted: boolean) => set(first, first + count, wanted), [set])
  return { select, selectDay }
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
      <button type="button" class="button primary" aria-label={t.addPhotos} onPointerEnter={() => void loadUploads().catch(() => undefined)} onClick={() => input.current!.click()}>
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
        <Icon name="cloudOff" size={32} />
        <p>{t.loadingFailed}</p>
        <button type="button" class="button" onClick={() => void list.loadMore()}>{t.tryAgain}</button>
      </div>
    )
  }
  // Another one below each page that comes in: the same one would be seen to jump there.
  if (loading !== 'complete') return <p key={photos.length} class="loading" role="status"><span class="visually-hidden">{t.loading}</span></p>
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
      <label title={t.smallerHint}>
        <input type="checkbox" defaultChecked={sendsSmaller()} onChange={(event) => sendSmaller(event.currentTarget.checked)} />
        {t.smaller}
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
      if (!navigator.onLine) return
      showToast({ text: t.backOnline })
      const list = lists[here().owner]
      if (list.loading === 'failed') void list.loadMore()
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
