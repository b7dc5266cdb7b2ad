import { type Bytes, bytesOf, cut, escapeQuery, lower, unescapePath, unescapeQuery } from './bytes'
import { type Explainer, fail } from './finding'
import { parameters } from './layouts'
import { decodeSignature } from './token'

/** The longest text that is looked at, in bytes. A URL on the wire has at most 8 KiB or so. */
const maxText = 64 * 1024

const space = /\p{White_Space}/u
const quotes = /["'`“”‘’<>]/

/** Takes the characters of a set off the end, or off both ends, in linear time. */
function trimEnd(text: string, set: RegExp): string {
  let end = text.length
  while (end > 0 && set.test(text[end - 1]!)) end--
  return text.slice(0, end)
}
function trim(text: string, set: RegExp): string {
  let start = 0
  while (start < text.length && set.test(text[start]!)) start++
  return trimEnd(text.slice(start), set)
}

/**
 * Undoes what copying does to a text and splits it into the place (a URL without its query, or nothing) and the query.
 * Undefined when there is nothing to go on with.
 */
export function clean(e: Explainer): [place: Bytes, query: Bytes] | undefined {
  let text = trim(e.q.text, space)
  if (bytesOf(text).length > maxText) {
    fail(e, 'no-sas', '', 'This is too long to be a URL.')
    return undefined
  }
  if (text.toLowerCase().includes('accountkey=')) {
    fail(e, 'secret-pasted', '', 'This is a connection string with an account key, not a SAS.',
      'If it went anywhere it should not have gone, rotate the key. Pass it where a connection string is asked for.')
    return undefined
  }
  text = unquote(e, extract(e, join(e, connectionSAS(text))))
  const joined = text.replace(/[\r\n\t]/g, '')
  if (joined !== text) {
    fail(e, 'whitespace', '', 'There are line breaks or tabs inside.', 'Join the lines: a URL has none.')
    text = joined
  }
  if (text.includes('&amp;')) {
    fail(e, 'html-escaped', '', '"&" stands here as "&amp;".', 'The URL was taken from HTML or XML: decode it first.')
    text = text.replaceAll('&amp;', '&')
  }
  text = cut(text, '#')[0]
  let [place, found] = cut(text, '?')
  if (found === undefined) [place, found] = text.includes('://') ? ampersand(e, text) : ['', text]
  let query = questionMarks(e, bytesOf(found))
  if (!query.includes('=') && lower(query).includes('%3d')) {
    const decoded = unescapePath(query)
    if (decoded !== undefined) {
      fail(e, 'double-encoded', '', 'The whole query is URL-encoded, its = and & too.', 'Only the values are to be encoded, each by itself.')
      query = decoded
    }
  }
  return [bytesOf(place), query]
}

/** Takes the SAS out of a connection string, as the portal offers one, and puts it behind the Blob endpoint if there is one. */
function connectionSAS(text: string): string {
  const parts = new Map(text.split(';').map((part) => {
    const [name, value = ''] = cut(trim(part, space), '=')
    return [lower(name), value]
  }))
  const token = parts.get('sharedaccesssignature')?.replace(/^\?/, '')
  const endpoint = parts.get('blobendpoint')
  return token ? (endpoint ? `${endpoint}?${token}` : token) : text
}

/** Puts together what an answer in JSON holds apart: a SAS, and the URL that it goes behind. */
function join(e: Explainer, text: string): string {
  if (!/^[{[]/.test(text)) return text
  let place = ''
  let token = ''
  for (const value of jsonStrings(text)) {
    if (hasScheme(value)) place = value
    else if (value.includes('sig=')) token = value.replace(/^[?&]+/, '')
  }
  if (token === '' || place.includes('sig=')) return text // a URL that has its SAS is taken out by itself
  tellQuoted(e)
  return place === '' ? token : `${place}?${token}`
}

/** The strings of a JSON text, names and values, with their escapes left as they are. */
function jsonStrings(text: string): string[] {
  const all: string[] = []
  for (let from = text.indexOf('"') + 1; from > 0; ) {
    let end = from
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    all.push(text.slice(from, end))
    from = end + 1 > text.length ? 0 : text.indexOf('"', end + 1) + 1
  }
  return all
}

/** Whether a text begins as a URL does, its slashes perhaps escaped as JSON allows. */
const hasScheme = (text: string): boolean => /^https?:(\/\/|\\\/\\\/)/i.test(text)

/** What ends a URL that stands inside other text, by what stands before it. */
const closers: Record<string, string> = { '"': '"', "'": "'", '`': '`', '<': '>', '(': ')', ' ': ' ' }

/** Takes a URL out of the text around it: an answer in JSON, or a command. */
function extract(e: Explainer, text: string): string {
  const at = lower(text).indexOf('http')
  const closer = closers[text[at - 1] ?? '']
  if (closer === undefined || /[?&=]/.test(text.slice(0, at)) || !hasScheme(text.slice(at, at + 12))) return text
  tellQuoted(e)
  return cut(text.slice(at), closer)[0]
}

const tellQuoted = (e: Explainer): void =>
  fail(e, 'quoted', '', 'Quotes or escapes of JSON or a shell came along with the URL.',
    'Take the decoded string, without the quotes; a JSON answer is to be parsed, not cut.')

/** Takes off quotes and undoes JSON's escapes. */
function unquote(e: Explainer, text: string): string {
  const bare = trim(trimEnd(text, /[;,]/), quotes)
  const plain = bare.replace(/\\(u0026|u003[dD]|[/"])?/g, (_, escaped: string | undefined) =>
    escaped === 'u0026' ? '&' : escaped === '/' ? '/' : escaped?.startsWith('u') ? '=' : '')
  if (plain !== text) tellQuoted(e)
  return trim(plain, space)
}

/** Parts a URL that has no question mark where its first parameter of a SAS begins. */
function ampersand(e: Explainer, url: string): [place: string, query: string] {
  const [place, query = ''] = cut(url, '&')
  if (!query.split('&').some((part) => parameters.includes(lower(cut(part, '=')[0])))) return [url, '']
  fail(e, 'no-question-mark', '', 'There is no question mark, so the SAS belongs to the path.',
    'A SAS is added with "?" to a URL without a query, and with "&" only to one that has a query already.')
  return [place, query]
}

/** Mends a second question mark before a parameter of the SAS. */
function questionMarks(e: Explainer, query: Bytes): Bytes {
  // The look behind keeps a long row of question marks from being tried from each of them.
  const mended = query.replace(/(?<!\?)(\?+)(?!\?)(?=([a-z]{2,7})(?:=|$))/gi, (marks, _, name: string) =>
    parameters.includes(lower(name)) ? '&'.repeat(marks.length) : marks)
  if (mended !== query) {
    fail(e, 'second-question-mark', '', 'There is a second question mark.',
      'A SAS is added with "?" to a URL without a query, and with "&" to one that has a query already. Some tools hand out the SAS with a "?" in front.')
  }
  return mended.replace(/^&+/, '')
}

/** Whether a query holds any parameter that only a SAS has. */
export const hasOwnParameter = (query: Bytes): boolean =>
  query.split('&').some((part) => {
    const name = cut(part, '=')[0]
    return parameters.includes(lower(name)) || lower(unescapeQuery(name) ?? '') === 'sig'
  })

const mendable = ['st', 'se', 'skt', 'ske', 'spr', 'sip', 'sv', 'skv', 'srh', 'srq']

/** Undoes damage inside values that has one likely cause, telling of each. */
export function repair(e: Explainer, query: Bytes): Bytes {
  return query
    .split('&')
    .map((part) => {
      const [rawName, rawValue] = cut(part, '=')
      const field = lower(rawName)
      const value = rawValue === undefined ? undefined : unescapeQuery(rawValue)
      if (value === undefined) return part
      let mended = value
      if (field === 'sig') {
        mended = repairSignature(e, value)
      } else if (mendable.includes(field) && value.includes('%')) {
        const twice = unescapeQuery(value)
        if (twice !== undefined) {
          fail(e, 'double-encoded', field, `Parameter ${field} is URL-encoded twice.`, 'Encode each value once; most HTTP libraries do it by themselves.')
          mended = twice
        }
      }
      return mended === value ? part : rawName + '=' + escapeQuery(mended)
    })
    .join('&')
}

/** Mends the two commonest faults. One that is not 44 characters of base64 afterwards stays as it is. */
function repairSignature(e: Explainer, value: Bytes): Bytes {
  const twice = value.includes('%') ? unescapePath(value) : undefined
  if (twice !== undefined && decodeSignature(twice.replaceAll(' ', '+'))) {
    fail(e, 'sig-double-encoded', 'sig', 'The signature is URL-encoded twice: %2B became %252B, %3D became %253D.',
      'Encode it once; hand an SDK the SAS as it is.')
    value = twice
  }
  const mended = value.replaceAll(' ', '+')
  if (mended === value || !decodeSignature(mended)) return value
  fail(e, 'sig-plus-space', 'sig', 'A + in the signature stands for a space in a query, so it was lost.', 'URL-encode the signature: + is %2B.')
  return mended
}
