import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Icon } from './icons'
import { t } from './texts'

export interface Toast {
  id: number
  text: string
  action?: { label: string; run: () => void }
  /** Runs when the toast goes without its action having been taken. */
  expired?: () => void
}

/** Long enough to read a sentence and reach for the button. */
const duration = 7000

let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()
const timers = new Map<number, ReturnType<typeof setTimeout>>()

function set(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

export function showToast(toast: Omit<Toast, 'id'>): void {
  const id = ++lastId
  set([...toasts, { ...toast, id }])
  resume(id)
}

function close(id: number, acted: boolean): void {
  const toast = toasts.find((each) => each.id === id)
  if (toast === undefined) return
  clearTimeout(timers.get(id))
  timers.delete(id)
  set(toasts.filter((each) => each.id !== id))
  if (acted) toast.action?.run()
  else toast.expired?.()
}

/** Time stands still while somebody points at a toast or has reached its button. */
function hold(id: number): void {
  clearTimeout(timers.get(id))
}

function resume(id: number): void {
  clearTimeout(timers.get(id))
  timers.set(id, setTimeout(() => close(id, false), duration))
}

export function Toasts(): JSX.Element {
  const [, redraw] = useState(0)
  useEffect(() => {
    const listener = (): void => redraw((n) => n + 1)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, [])
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, action }) => (
        <div
          key={id}
          class="toast"
          onPointerEnter={() => hold(id)}
          onPointerLeave={() => resume(id)}
          onFocusCapture={() => hold(id)}
          onBlurCapture={() => resume(id)}
        >
          <span>{text}</span>
          {action && (
            <button type="button" class="text-button" onClick={() => close(id, true)}>
              {action.label}
            </button>
          )}
          <button type="button" class="icon-button" aria-label={t.dismiss} onClick={() => close(id, false)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  )
}
