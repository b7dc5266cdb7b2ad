import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Mark } from '../icons'
import type { Explanation } from './finding'
import { operations } from './operations'
import { type Answers, answer, methods, type Mistakes } from './question'
import { Result } from './result'
import { canCheck } from './signature'

const nothing: Answers = {
  text: '', keys: '', delegation: '', account: '', container: '', blob: '', intent: '', ip: '', headers: '', policies: '', at: '',
}

/** What is pasted lives in this component's state only: no address, no storage and no request gets to hold it. */
export function Page(): JSX.Element {
  const [answers, setAnswers] = useState(nothing)
  const [result, setResult] = useState<[Explanation, Mistakes]>()
  useEffect(() => {
    let current = true
    void answer(answers, new Date()).then((each) => current && setResult(each))
    return () => void (current = false)
  }, [answers])

  const [explanation, mistakes] = result ?? []
  const set = (name: keyof Answers) => (value: string): void => setAnswers((old) => ({ ...old, [name]: value }))
  const field = (name: keyof Answers, label: string, more: Partial<FieldProps> = {}): JSX.Element => (
    <Field name={name} label={label} value={answers[name]} mistake={mistakes?.[name]} onInput={set(name)} {...more} />
  )
  return (
    <>
      <header class="header">
        <a class="brand" href="/" aria-label="Valetkey"><Mark /><span>Valetkey</span></a>
      </header>
      <main class="sas">
        <h1>Why is this SAS refused?</h1>
        <p class="lead">
          Paste a URL with a shared access signature to see what it allows and what is wrong with it. Everything happens in
          your browser: what you paste never leaves this page.
        </p>
        <form autocomplete="off" onSubmit={(event) => event.preventDefault()}>
          {field('text', 'URL or SAS', { rows: 4 })}
          {field('keys', 'Account key or connection string', { secret: true, hint: canCheck()
            ? 'To check the signature. It stays in this page, too.'
            : 'Browsers check signatures on secure pages only: open this one over https, or on your own machine.' })}
          <Intent value={answers.intent} onChange={set('intent')} />
          <details>
            <summary>More to judge by</summary>
            <div class="more">
              {field('delegation', 'User delegation key', { secret: true, hint: 'Its value, for a user delegation SAS.' })}
              {field('account', 'Account', { hint: 'That the key belongs to; or for a SAS without a URL.' })}
              {field('container', 'Container', { hint: 'For a SAS without a URL.' })}
              {field('blob', 'Blob', { hint: 'For a SAS without a URL.' })}
              {field('ip', 'Client address', { hint: 'As the storage sees it.' })}
              {field('at', 'Time', { hint: 'Such as 2026-05-04T12:00:00Z; empty for now.' })}
              {field('headers', 'Request headers', { rows: 2, hint: 'One a line, Name: value. For signed headers.' })}
              {field('policies', 'Stored access policies', { rows: 2, hint: 'One a line, id sp=r se=2026-05-04T13:00:00Z; or none.' })}
            </div>
          </details>
          <button type="button" class="text-button" disabled={answers === nothing} onClick={() => setAnswers(nothing)}>Clear everything</button>
        </form>
        <div role="status" aria-live="polite" class="visually-hidden">{answers.text.trim() && explanation && verdictWords[explanation.verdict]}</div>
        {answers.text.trim() !== '' && explanation && <Result explanation={explanation} words={verdictWords[explanation.verdict]} />}
      </main>
    </>
  )
}

const verdictWords: Record<Explanation['verdict'], string> = {
  works: 'It works.',
  refused: 'It is refused.',
  unverified: 'Nothing speaks against it, but not all could be checked: the signature needs the key, a stored access policy its content.',
}

interface FieldProps {
  name: string
  label: string
  value: string
  hint?: string
  mistake?: string | undefined
  secret?: boolean
  rows?: number
  onInput: (value: string) => void
}

/** Nothing of it is remembered, corrected, or looked up by a browser's spelling service. */
function Field({ name, label, value, hint, mistake, secret, rows, onInput }: FieldProps): JSX.Element {
  const attributes = {
    id: name, value, autocomplete: 'off', autocapitalize: 'off', autocorrect: 'off', spellcheck: false, translate: false,
    class: secret ? 'secret' : undefined, dir: 'ltr',
    'aria-describedby': hint || mistake ? name + '-hint' : undefined, 'aria-invalid': mistake !== undefined,
    onInput: (event: { currentTarget: { value: string } }) => onInput(event.currentTarget.value),
  } as const
  return (
    <div class={rows ? 'field wide' : 'field'}>
      <label for={name}>{label}</label>
      {rows ? <textarea rows={rows} {...attributes} /> : <input type="text" {...attributes} />}
      {(mistake ?? hint) && <small id={name + '-hint'} class={mistake ? 'mistake' : ''}>{mistake ?? hint}</small>}
    </div>
  )
}

function Intent({ value, onChange }: { value: string; onChange: (value: string) => void }): JSX.Element {
  return (
    <div class="field">
      <label for="intent">What shall be done</label>
      <select id="intent" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">Not said</option>
        <optgroup label="A request with the method">{methods.map((each) => <option key={each}>{each}</option>)}</optgroup>
        <optgroup label="The operation">{operations.map(({ name }) => <option key={name}>{name}</option>)}</optgroup>
      </select>
    </div>
  )
}
