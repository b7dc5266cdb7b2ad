import { recall, remember } from '../remember'
import { en, type Texts } from './en'

export type Language = 'en' | 'ar'

export const languages: readonly { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'ar', name: 'العربية' },
]

/** Browsers differ in the digits that plain `ar` gets. */
const locales: Record<Language, string> = { en: 'en', ar: 'ar-u-nu-arab' }

const storageKey = 'language'

let language: Language = 'en'

/** The texts in use. Chosen once, before anything is drawn; another choice loads the page anew. */
export let t: Texts = en

export const currentLanguage = (): Language => language

/** Whether one reads from the right, and so moves on to the left. */
export const rightToLeft = (): boolean => document.documentElement.dir === 'rtl'

/** What the user chose before, else the first language of theirs that we speak. */
export function preferredLanguage(chosen: string | null, wanted: readonly string[]): Language {
  for (const tag of [chosen ?? '', ...wanted]) {
    const code = languages.find((each) => tag.toLowerCase().split('-')[0] === each.code)?.code
    if (code !== undefined) return code
  }
  return 'en'
}

export async function chooseTexts(): Promise<void> {
  language = preferredLanguage(recall(storageKey), navigator.languages)
  if (language === 'ar') {
    // Without its texts the page still works, in English.
    const loaded = await import('./ar').catch(() => undefined)
    if (loaded) t = loaded.ar
    else language = 'en'
  }
  document.documentElement.lang = language
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr'
}

export function switchLanguage(to: string): void {
  remember(storageKey, to)
  location.reload()
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']

/** Bytes for people, in steps of 1,000 as file managers of phones and Macs show them. */
export function formatBytes(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  return new Intl.NumberFormat(locales[language], {
    style: 'unit',
    unit: units[step]!,
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step > 1 ? 1 : 0,
  }).format(bytes / 1000 ** step)
}

/** A rough duration: seconds below a minute, else whole minutes or hours. */
export function formatDuration(seconds: number): string {
  const [value, unit] =
    seconds < 60 ? [Math.max(1, seconds), 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour']
  return new Intl.NumberFormat(locales[language], { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 }).format(value)
}

export function formatPercent(fraction: number): string {
  return new Intl.NumberFormat(locales[language], { style: 'percent' }).format(fraction)
}

export function formatMoment(date: Date): string {
  return new Intl.DateTimeFormat(locales[language], { dateStyle: 'long', timeStyle: 'short' }).format(date)
}

/** A moment by the camera's own clock, wherever the camera was and wherever the reader is. */
export function formatCameraTime(time: string): string {
  const asWritten = new Date(`${time.slice(0, 19)}Z`)
  return new Intl.DateTimeFormat(locales[language], { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(asWritten)
}

/** A day's heading: today, yesterday, or its date; the year only where it is not this one. */
export function formatDay(date: Date, now: Date): string {
  const days = Math.round((startOfDay(now) - startOfDay(date)) / 86_400_000)
  if (days === 0) return t.today
  if (days === 1) return t.yesterday
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const)
  return new Intl.DateTimeFormat(locales[language], { weekday: 'long', day: 'numeric', month: 'long', ...year }).format(date)
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}
