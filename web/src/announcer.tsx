import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

let listener = (_text: string): void => undefined

/** Has a screen reader say something that is otherwise only seen. */
export function announce(text: string): void {
  listener(text)
}

/** What is announced. It is there before its first text: many screen readers say only what changes. */
export function Announcer(): JSX.Element {
  const [text, setText] = useState('')
  useEffect(() => {
    listener = setText
    return () => {
      listener = () => undefined
    }
  }, [])
  return <div role="status" class="visually-hidden">{text}</div>
}
