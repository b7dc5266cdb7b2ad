/**
 * Text as its UTF-8 bytes, one character each. A SAS is bytes: escapes in a URL may spell bytes that are no text at all,
 * limits count bytes, and a signature is of bytes.
 */
export type Bytes = string

export const bytesOf = (text: string): Bytes => binary(new TextEncoder().encode(text))

export const binary = (array: Uint8Array): Bytes => {
  let out = ''
  for (const byte of array) out += String.fromCharCode(byte)
  return out
}

export const arrayOf = (bytes: Bytes): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes, (each) => each.charCodeAt(0))

/** One character of UTF-8 after the other (RFC 3629), and what is none byte by byte. */
const characters =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|[^]/g

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const decode = (character: Bytes): string =>
  character < '\x80' || character > '\xff' ? character : decoder.decode(arrayOf(character))

/** The text that bytes spell, each byte that is no text a U+FFFD. What is text already, such as `…`, stays. */
export const textOf = (bytes: Bytes): string => bytes.replace(characters, decode)

/** The first character of bytes that are not empty, U+FFFD where they spell none. */
export const firstCharacter = (bytes: Bytes): Bytes => bytesOf([...textOf(bytes.slice(0, 4))][0]!)

/** ASCII letters only, so that positions stay what they are. */
export const lower = (bytes: Bytes): Bytes => bytes.replace(/[A-Z]+/g, (each) => each.toLowerCase())

export const sameName = (a: Bytes, b: Bytes): boolean => a.length === b.length && lower(a) === lower(b)

/** What stands before a separator and after it; `after` is undefined where there is none. */
export function cut(text: string, separator: string): [before: string, after: string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** Undoes percent-encoding, as in a path, where `+` is itself; undefined where a `%` stands without two digits. */
export const unescapePath = (text: Bytes): Bytes | undefined =>
  /%(?![\da-f]{2})/i.test(text)
    ? undefined
    : text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))

/** The same in a query, where `+` is a space. */
export const unescapeQuery = (text: Bytes): Bytes | undefined => unescapePath(text.replaceAll('+', ' '))

/** Percent-encodes everything but RFC 3986's unreserved characters. */
export const escapeQuery = (text: Bytes): Bytes =>
  text.replace(/[^\w.~-]/g, (each) => '%' + hex(each.charCodeAt(0), 2).toUpperCase())

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

/** Standard base64 with padding, in the one spelling that encoding gives. */
export function decodeBase64(text: string): Bytes | undefined {
  try {
    const bytes = atob(text)
    return btoa(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}

/** Control characters; a line feed inside a value could move text from one signed field into the next. */
export const hasControl = (value: Bytes): boolean => /[\0-\x1f\x7f]/.test(value)

/**
 * Cuts off what follows a `sig=` inside a value, which is what a query that was encoded or glued together wrongly leaves
 * there.
 */
export function hideSignature(text: Bytes): Bytes {
  for (const mark of ['sig=', 'sig%3d', 'sig%253d', 'sig\\u003d']) {
    const at = lower(text).indexOf(mark)
    if (at >= 0) return text.slice(0, at) + 'sig=\xe2\x80\xa6' // …
  }
  return text
}

const escapes: Record<string, string> = {
  '"': '\\"', '\\': '\\\\', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v',
}

/** Untrusted text for a message: on one line, in ASCII, cut short and without a signature. */
export function quote(text: Bytes): string {
  const hidden = hideSignature(text)
  const quoted = hidden.slice(0, 64).replace(characters, (bytes) => {
    if (bytes.length === 1) return escapes[bytes] ?? (/[ -~]/.test(bytes) ? bytes : '\\x' + hex(bytes.charCodeAt(0), 2))
    const code = decode(bytes).codePointAt(0)!
    return code < 0x10000 ? '\\u' + hex(code, 4) : '\\U' + hex(code, 8)
  })
  return `"${quoted}"${hidden.length > 64 ? '…' : ''}`
}

/** Short text of letters, digits and hyphens as it is, other text quoted. */
export const quoteUnlessPlain = (text: Bytes): string => (text.length <= 64 && /^[\w.~-]*$/.test(text) ? text : quote(text))
