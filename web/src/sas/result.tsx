import type { JSX } from 'preact'
import { Icon } from '../icons'
import type { Explanation, Finding } from './finding'

const icons = { works: 'check', refused: 'close', unverified: 'info' } as const

/** The explanation laid out: the verdict, what speaks against it, and what the SAS says of itself. */
export function Result({ explanation: e, words }: { explanation: Explanation; words: string }): JSX.Element {
  const until = e.expiry && `${e.expiry}, ${e.lasts}`
  return (
    <section class="result" aria-label="Result">
      <h2 class="verdict" data-verdict={e.verdict}>
        <Icon name={icons[e.verdict]} size={22} />
        <span>{words}</span>
      </h2>
      {e.findings.length > 0 && (
        <ul class="findings" aria-label="Findings">{e.findings.map((each) => <Found key={each.code + each.field} finding={each} />)}</ul>
      )}
      {e.kind && (
        <dl class="facts">
          <Fact name="Kind" value={`${e.kind[0]!.toUpperCase()}${e.kind.slice(1)}${e.version ? `, version ${e.version}` : ''}`} />
          <Fact name="Opens" value={e.target} />
          <Fact name="Allows" value={e.allows} />
          <Fact name="From" value={e.start} />
          <Fact name="Until" value={until} />
          <Fact name="Limits" value={e.limits} />
          <Fact name="Judged for" value={e.operation} />
          <Fact name="Signature" value={e.signature} />
        </dl>
      )}
      {e.stringToSign && (
        <details key={e.signature} open={e.signature === 'wrong'}>
          <summary>The string-to-sign, one field a line</summary>
          <div class="signed" tabIndex={0} role="group" aria-label="String-to-sign">
            <table>
              <tbody>
                {e.stringToSign.map(({ name, value }) => (
                  <tr key={name}><th scope="row">{name}</th><td>{JSON.stringify(value).slice(1, -1)}</td></tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </section>
  )
}

function Found({ finding: { code, severity, message, hint } }: { finding: Finding }): JSX.Element {
  return (
    <li data-severity={severity}>
      <Icon name={severity === 'failure' ? 'close' : 'alert'} size={18} />
      <div>
        <p><span class="visually-hidden">{severity}: </span>{message}</p>
        {hint && <p class="hint">{hint}</p>}
        <code>{code}</code>
      </div>
    </li>
  )
}

function Fact({ name, value }: { name: string; value: string | string[] | undefined }): JSX.Element | null {
  if (!value || value.length === 0) return null
  return <div><dt>{name}</dt>{[value].flat().map((each) => <dd key={each}>{each}</dd>)}</div>
}
