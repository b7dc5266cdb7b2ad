import type { ServerClock } from './clock.js'

/** A URL with a SAS in it, and until when it opens anything. */
export interface Grant {
  url: string
  /** Server time in milliseconds; undefined when nobody said. */
  expiresAt?: number | undefined
  /** Headers that belong to the signature and must be sent along. */
  headers?: Record<string, string> | undefined
}

/** Renewed when less than this is left, in milliseconds, or a fifth of the lifetime when that is shorter. */
const margin = 60_000

/**
 * Holds the grant that all requests of one upload use, and fetches the next one before it expires: once, however many
 * requests are waiting for it.
 */
export class GrantKeeper {
  readonly #fetch: () => Promise<Grant>
  readonly #clock: ServerClock
  #grant: Grant | undefined
  #renewAt = Infinity
  #renewing: Promise<Grant> | undefined

  constructor(clock: ServerClock, fetch: () => Promise<Grant>) {
    this.#clock = clock
    this.#fetch = fetch
  }

  /** Takes over a grant that came some other way, for instance with the answer that opened the upload. */
  hold(grant: Grant): void {
    const now = this.#clock.now()
    this.#grant = grant
    const lifetime = (grant.expiresAt ?? Infinity) - now
    // One that has expired the moment it arrives was long on its way, or was read late by a page that was busy; unless
    // nothing but our own clock says so: then let a 403 decide.
    const credible = lifetime > 0 || this.#clock.measured
    this.#renewAt = credible && grant.expiresAt ? grant.expiresAt - Math.max(0, Math.min(margin, lifetime / 5)) : Infinity
  }

  /** The grant to sign the next request with. */
  async current(): Promise<Grant> {
    const grant = this.#grant
    if (grant !== undefined && this.#clock.now() < this.#renewAt) return grant
    try {
      return await this.#renew()
    } catch (error) {
      // Renewing early is a courtesy: while the old grant still holds, its failure is no reason to stop.
      if (grant?.expiresAt !== undefined && grant === this.#grant && this.#clock.now() < grant.expiresAt) return grant
      throw error
    }
  }

  /** The storage refused a request signed with `grant`: the next caller gets another one. */
  refused(grant: Grant): void {
    if (grant !== this.#grant) return
    this.#grant = undefined
  }

  #renew(): Promise<Grant> {
    this.#renewing ??= this.#fetch()
      .then((grant) => {
        this.hold(grant)
        return grant
      })
      .finally(() => {
        this.#renewing = undefined
      })
    return this.#renewing
  }
}

/** Milliseconds of a time as a backend may give it; undefined when it gives none. */
export function expiryOf(value: string | number | Date | undefined): number | undefined {
  if (value === undefined) return undefined
  const time = value instanceof Date ? value.getTime() : typeof value === 'number' ? value : Date.parse(value)
  if (Number.isNaN(time)) throw new TypeError(`expiresAt ${JSON.stringify(value)} is not a time`)
  return time
}

/** The expiry (`se`) that a SAS itself states. */
export function sasExpiry(sas: string): number | undefined {
  const se = new URLSearchParams(sas).get('se')
  const time = se === null ? NaN : Date.parse(se)
  return Number.isNaN(time) ? undefined : time
}

/** Appends query parameters without touching the signature that is already there. */
export function withQuery(url: string, query: string): string {
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`
}

/** The URL without its query: what may be shown, kept and logged. */
export function withoutQuery(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}
