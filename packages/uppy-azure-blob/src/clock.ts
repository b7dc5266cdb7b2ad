/**
 * The server's time, as far as the `Date` headers of its answers tell. Phones are minutes off often enough that comparing
 * a signature's expiry with the local clock would renew too late, or on every block.
 */
export class ServerClock {
  // What server minus local time can be, in milliseconds.
  #least = -Infinity
  #most = Infinity

  /** Server minus local time, in milliseconds; 0 while nothing speaks against it. */
  get skew(): number {
    return this.#least <= 0 && this.#most >= 0 ? 0 : (this.#least + this.#most) / 2
  }

  /** Whether any answer has told the server's time. */
  get measured(): boolean {
    return this.#most < Infinity
  }

  now(): number {
    return Date.now() + this.skew
  }

  /** Learns from an answer; `sentAt` and `receivedAt` are local milliseconds. Each narrows what the ones before left. */
  observe(date: string | null, sentAt: number, receivedAt: number): void {
    const server = date === null ? NaN : Date.parse(date)
    if (Number.isNaN(server) || receivedAt < sentAt) return
    // The header was written in between, and has whole seconds, cut off.
    const least = server - receivedAt
    const most = server + 1000 - sentAt
    // What contradicts the earlier answers means that somebody has set a clock since.
    const contradicts = least > this.#most || most < this.#least
    this.#least = contradicts ? least : Math.max(least, this.#least)
    this.#most = contradicts ? most : Math.min(most, this.#most)
  }
}
