import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { announce } from '../announcer'
import { Icon, type IconName } from '../icons'
import { formatBytes, formatDuration, formatPercent, t } from '../texts'
import type { Item, Overview, Session } from './session'
import { sendSmaller, sendsSmaller } from './wishes'

/** A tray that is done and that nobody points at goes away by itself. */
const farewell = 6000

/** The uploads, in a corner of the page: they go on while one looks at photos. */
export function Tray({ session }: { session: Session }): JSX.Element | null {
  const [overview, setOverview] = useState(session.overview)
  const [open, setOpen] = useState(true)
  const [asking, setAsking] = useState(false)
  const root = useRef<HTMLElement>(null)
  useEffect(() => {
    const look = (): void => setOverview(session.overview)
    look() // what changed before this was listened to
    return session.subscribe(look)
  }, [session])

  const { items, active, failed } = overview
  const finished = items.length > 0 && active === 0 && failed === 0
  useEffect(() => {
    if (!finished) return
    const leave = (): void => {
      if (root.current?.matches(':hover, :focus-within')) timer = setTimeout(leave, farewell)
      else session.clearDone()
    }
    let timer = setTimeout(leave, farewell)
    return () => clearTimeout(timer)
  }, [finished, session])
  useEffect(() => {
    if (active === 0) setAsking(false)
  }, [active])

  useAnnouncements(overview)

  const keep = (): void => {
    setAsking(false)
    Array.from(root.current?.querySelectorAll<HTMLElement>('header button') ?? []).at(-1)?.focus() // which asked
  }

  if (items.length === 0) return null
  return (
    <section ref={root} class="tray" aria-label={t.uploads} data-open={open}>
      <TrayHeader overview={overview} session={session} open={open} onToggle={() => setOpen(!open)} onCancelAll={() => setAsking(true)} />
      <Bar value={overview.progress} label={t.overallProgress} done={finished} />
      {asking && (
        <div class="tray-question" role="alertdialog" aria-label={t.cancelAllQuestion(active)} onKeyDown={(event) => event.key === 'Escape' && keep()}>
          <span>{t.cancelAllQuestion(active)}</span>
          <button type="button" class="text-button" onClick={() => session.cancelAll()}>{t.cancelAll}</button>
          <button type="button" class="text-button" ref={(button) => button?.focus()} onClick={keep}>{t.keepUploading}</button>
        </div>
      )}
      {open && (
        <>
          <ul class="tray-list">
            {[...items].sort(byUrgency).map((item) => <Row key={item.id} item={item} session={session} />)}
          </ul>
          <label class="tray-option" title={t.smallerHint}>
            <input type="checkbox" defaultChecked={sendsSmaller()} onChange={(event) => sendSmaller(event.currentTarget.checked)} />
            {t.smaller}
          </label>
        </>
      )}
    </section>
  )
}

/** Says that uploads have begun, every quarter of the way, and how they ended; a word for every file would be too many. */
function useAnnouncements(overview: Overview): void {
  const { items, active, paused, progress } = overview
  const quarter = active > 0 ? Math.floor(progress * 4) : 4
  useEffect(() => {
    if (items.length === 0) return
    announce(active > 0 && !paused && quarter > 0 ? `${headline(overview)}, ${formatPercent(quarter / 4)}` : headline(overview))
  }, [items.length === 0, active === 0, paused, quarter])
}

const order: Record<Item['status'], number> = { failed: 0, ghost: 0, uploading: 1, finishing: 1, paused: 2, waiting: 3, done: 4 }

/** What needs the user comes first, what is done last; otherwise the order in which the files came. */
function byUrgency(a: Item, b: Item): number {
  return order[a.status] - order[b.status]
}

interface HeaderProps {
  overview: Overview
  session: Session
  open: boolean
  onToggle: () => void
  onCancelAll: () => void
}

function TrayHeader({ overview, session, open, onToggle, onCancelAll }: HeaderProps): JSX.Element {
  const { items, active, paused, progress, timeLeft } = overview
  const more = paused || active === 0 ? '' : progress >= 1 ? t.finishing : [formatPercent(progress), timeLeft !== undefined && t.timeLeft(formatDuration(timeLeft))].filter(Boolean).join(' · ')
  return (
    <header class="tray-header">
      <div>
        <strong>{headline(overview)}</strong>
        <span>{more}</span>
      </div>
      {items.filter(({ status, final }) => status === 'failed' && !final).length > 1 && <Tool icon="retry" label={t.retryAll} onClick={() => session.retryAll()} />}
      {active > 0 && (
        <Tool icon={paused ? 'play' : 'pause'} label={paused ? t.resumeAll : t.pauseAll} onClick={() => (paused ? session.resumeAll() : session.pauseAll())} />
      )}
      <button type="button" class="icon-button tray-toggle" aria-expanded={open} aria-label={open ? t.hideList : t.showList} title={open ? t.hideList : t.showList} onClick={onToggle}>
        <Icon name="chevron" />
      </button>
      {active > 0 ? (
        <Tool icon="close" label={t.cancelAll} onClick={onCancelAll} />
      ) : (
        <Tool icon="close" label={t.close} onClick={() => session.cancelAll()} />
      )}
    </header>
  )
}

function headline({ items, active, done, failed, paused }: Overview): string {
  if (paused) return t.paused
  if (active > 0) return t.uploading(done, items.length - failed)
  if (failed === 0) return t.uploaded(done)
  return done === 0 ? t.uploadFailed(failed) : t.uploadedSome(done, failed)
}

function Row({ item, session }: { item: Item; session: Session }): JSX.Element {
  const { id, name, status, final } = item
  const named = (action: string): string => t.ofFile(name, action)
  return (
    <li class="tray-row" data-status={status}>
      <span class="thumb" aria-hidden="true">{item.preview ? <img src={item.preview} alt="" /> : <Icon name="image" />}</span>
      <div class="tray-file">
        <span class="name" dir="auto" title={name}>{name}</span>
        <span class="state">{stateText(item)}</span>
        {status !== 'failed' && status !== 'ghost' && status !== 'done' && <Bar value={item.progress} label={t.fileProgress(name)} done={false} />}
      </div>
      {(status === 'uploading' || status === 'waiting' || status === 'paused') && (
        <Tool icon={status === 'paused' ? 'play' : 'pause'} label={named(status === 'paused' ? t.resume : t.pause)} onClick={() => session.togglePause(id)} />
      )}
      {status === 'failed' && !final && <Tool icon="retry" label={named(t.retry)} onClick={() => session.retry(id)} />}
      {status === 'done' ? (
        <span class="tray-done"><Icon name="check" /></span>
      ) : (
        <Tool icon="close" label={named(status === 'failed' || status === 'ghost' ? t.remove : t.cancel)} onClick={(button) => { focusNextRow(button); session.remove(id) }} />
      )}
    </li>
  )
}

function stateText({ status, message, size, progress }: Item): string {
  switch (status) {
    case 'failed':
      return message ?? t.problem.other
    case 'ghost':
      return message ?? ''
    case 'waiting':
      return message ?? `${t.waiting} · ${formatBytes(size)}`
    case 'paused':
      return `${t.paused} · ${formatPercent(progress)}`
    case 'finishing':
      return t.processing
    case 'done':
      return `${t.done} · ${formatBytes(size)}`
    case 'uploading':
      return message ?? `${formatPercent(progress)} · ${formatBytes(size)}`
  }
}

function Bar({ value, label, done }: { value: number; label: string; done: boolean }): JSX.Element {
  const percent = Math.floor((done ? 1 : value) * 100)
  return (
    <div class="bar" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <i style={{ width: `${percent}%` }} />
    </div>
  )
}

/** The row goes: of who uses the keyboard, the focus goes to the one after it, or else before it, or to the header. */
function focusNextRow(button: HTMLElement): void {
  if (!button.matches(':focus-visible')) return
  const row = button.closest('li')
  const place = row?.nextElementSibling ?? row?.previousElementSibling ?? button.closest('.tray')?.querySelector('header')
  Array.from(place?.querySelectorAll('button') ?? []).at(-1)?.focus()
}

function Tool({ icon, label, onClick }: { icon: IconName; label: string; onClick: (button: HTMLElement) => void }): JSX.Element {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={(event) => onClick(event.currentTarget)}>
      <Icon name={icon} />
    </button>
  )
}
