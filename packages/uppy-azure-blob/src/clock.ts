/**
 * The server's time, estimated from the `Date` headers of its answers. Phones are minutes off often enough that
 * comparing a signature's expiry with the local clock would renew too late, or on every block.
 */
export class ServerClock {
  #skew = 0
  #bestRoundTrip = Infinity

  /** Server minus local time, in milliseconds. */
  get skew(): number {
    return this.#skew
  }

  now(): number {
    return Date.now() + this.#skew
  }

  /** Learns from an answer; `sentAt` and `receivedAt` are local milliseconds. The quickest round trip is believed. */
  observe(date: string | null, sentAt: number, receivedAt: number): void {
    const server = date === null ? NaN : Date.parse(date)
    const roundTrip = receivedAt - sentAt
    if (Number.isNaN(server) || roundTrip < 0 || roundTrip > this.#bestRoundTrip) return
    this.#bestRoundTrip = roundTrip
    // The header has whole seconds, cut off: half a second is the expected rest.
    const skew = server + 500 - (sentAt + receivedAt) / 2
    this.#skew = Math.abs(skew) < 1000 ? 0 : skew
  }
}
