import { type Bytes, cut, firstCharacter, quote } from './bytes'

/** In which way a SAS makes no sense. */
export type Problem = 'missing' | 'duplicate' | 'malformed' | 'wrong-order' | 'contradiction' | 'too-old' | 'not-allowed'

/** What is wrong with one parameter. It never holds a signature. */
export interface Invalid {
  problem: Problem
  field: string
  detail: string
}

/** The value that was read, or what is wrong with it. */
export type Read<T> = { value: T; wrong?: undefined } | { value?: undefined; wrong: Invalid }

export const invalid = (problem: Problem, field: string, detail: string): Invalid => ({ problem, field, detail })

/** The rights of a service or user delegation SAS, in the order in which sp spells them. A set is its letters in order. */
export const permissionLetters = 'racwdxyltfmeopi'
export const accountPermissionLetters = 'rwdxylacupfti'

/** Letters that are in both sets, in the first but not the second, and in either. */
export const common = (a: string, b: string): string => [...a].filter((each) => b.includes(each)).join('')
export const without = (a: string, b: string): string => [...a].filter((each) => !b.includes(each)).join('')
export const union = (a: string, b: string): string => common(permissionLetters, a + b)

/**
 * Reads a set of single letters and gives it in the order of `letters`. Those that are not in `free` must come in that
 * order: the official SDKs disagree about the place of y and f, and Azure takes what each of them writes.
 */
export function parseLetters(field: string, text: Bytes, letters: string, free: string): Read<string> {
  let last = -1
  let set = ''
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!
    const at = letters.indexOf(letter)
    if (at < 0) {
      const unknown = quote(firstCharacter(text.slice(i)))
      return { wrong: invalid('malformed', field, `unknown letter ${unknown} at ${i + 1}; known are ${letters}`) }
    }
    if (set.includes(letter)) return { wrong: invalid('malformed', field, quote(letter) + ' stands twice') }
    if (!free.includes(letter)) {
      if (at < last) return { wrong: invalid('wrong-order', field, `${quote(letter)} is out of order; the order is ${letters}`) }
      last = at
    }
    set += letter
  }
  return set === '' ? { wrong: invalid('missing', field, 'empty') } : { value: common(letters, set) }
}

export const parsePermissions = (text: Bytes): Read<string> => parseLetters('sp', text, permissionLetters, 'yf')

/** A moment in a SAS and its exact text, because the text is what is signed. `at` counts units of 100 ns since 1970. */
export interface Time {
  text: string
  at: bigint
}

export const second = 10_000_000n

/** Reads a UTC time in one of the four forms that a SAS takes: a date, or to the minute, the second or seven more digits. */
export function parseTime(text: Bytes): Time | undefined {
  const m = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?:(:\d\d)(?:[.,](\d{7}))?)?Z)?$/.exec(text)
  if (!m) return undefined
  const whole = `${m[1]}T${m[2] ?? '00:00'}${m[3] ?? ':00'}`
  const date = new Date(whole + 'Z')
  // A day that its month does not have is refused, or taken for one of the next month.
  if (Number.isNaN(+date) || !date.toISOString().startsWith(whole)) return undefined
  const at = ticks(date) + BigInt(m[4] ?? 0)
  return at === yearOne ? undefined : { text, at }
}

export const ticks = (date: Date): bigint => BigInt(+date) * 10_000n

/** The first moment of the year 1 stands for no time at all in the Go implementation. */
const yearOne = ticks(new Date('0001-01-01T00:00:00Z'))

/** A moment to the second, as RFC 3339 writes it. */
export const formatTime = (at: bigint): string =>
  new Date(Number((at - (((at % second) + second) % second)) / 10_000n)).toISOString().replace('.000', '')

/** The longest time that is told; a Go Duration holds no more. */
const longest = 92_233_720_368_547_758n

/** Words a length of time, roughly: two units at most. */
export function duration(length: bigint): string {
  let left = length > longest ? longest : length
  if (left < second) return 'less than a second'
  const parts: string[] = []
  for (const [name, seconds] of [['day', 86_400n], ['hour', 3600n], ['minute', 60n], ['second', 1n]] as const) {
    const n = left / (seconds * second)
    if (n === 0n) {
      if (parts.length > 0) break
      continue
    }
    left -= n * seconds * second
    parts.push(`${n} ${name}${n > 1n ? 's' : ''}`)
    if (parts.length === 2) break
  }
  return parts.join(' ')
}

/** An IP address in its usual spelling; `v4` is the number of an IPv4 address, also of one in IPv6 form. */
export interface Address {
  text: string
  v4?: number
}

export function parseAddress(text: Bytes): Address | undefined {
  if (/^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/.test(text)) {
    const parts = text.split('.').map(Number)
    return parts.every((each) => each < 256) ? { text, v4: parts.reduce((sum, each) => sum * 256 + each, 0) } : undefined
  }
  const [address, zone] = cut(text, '%')
  if (!/^[\da-f:.]+$/i.test(address) || zone === '') return undefined
  try {
    const spelled = new URL(`http://[${address}]`).hostname.slice(1, -1)
    const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(spelled)
    if (!mapped) return { text: spelled + (zone === undefined ? '' : '%' + zone) }
    const v4 = parseInt(mapped[1]!, 16) * 65536 + parseInt(mapped[2]!, 16)
    return { text: [24, 16, 8, 0].map((shift) => (v4 >>> shift) & 255).join('.'), v4 }
  } catch {
    return undefined
  }
}

/** The sip of a SAS: the IPv4 addresses, both ends included, that may use it. */
export interface IPRange {
  text: string
  from: number
  to: number
}

export function parseIPRange(text: Bytes): Read<IPRange> {
  const [first, last = first] = cut(text, '-')
  const [from, to] = [parseAddress(first), parseAddress(last)]
  if (!from || !to) return { wrong: invalid('malformed', 'sip', quote(text) + ' is neither an IPv4 address nor two joined by a hyphen') }
  if (text.includes(':')) return { wrong: invalid('malformed', 'sip', 'only IPv4 addresses can be signed') }
  if (to.v4! < from.v4!) return { wrong: invalid('malformed', 'sip', 'the range ends before it starts') }
  return { value: { text, from: from.v4!, to: to.v4! } }
}

/** Whether a range holds an address; IPv4 addresses only. */
export const contains = (range: IPRange, address: Address): boolean =>
  address.v4 !== undefined && range.from <= address.v4 && address.v4 <= range.to
