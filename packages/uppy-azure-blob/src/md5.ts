/** MD5 (RFC 1321), for `Content-MD5` alone: browsers' WebCrypto leaves it out, storage services still ask for it. */
const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const sines = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0)
const rotations = Uint8Array.from({ length: 64 }, (_, i) => shifts[(i >> 4) * 4 + (i & 3)]!)
const words = Uint8Array.from({ length: 64 }, (_, i) => [i, 5 * i + 1, 3 * i + 5, 7 * i][i >> 4]! & 15)

export class Md5 {
  readonly #state = Int32Array.of(0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476)
  readonly #buffer = new Uint8Array(64)
  readonly #block = new Int32Array(16)
  #length = 0

  update(bytes: Uint8Array): void {
    let filled = this.#length % 64
    this.#length += bytes.length
    let i = 0
    if (filled > 0) {
      i = Math.min(64 - filled, bytes.length)
      this.#buffer.set(bytes.subarray(0, i), filled)
      filled += i
      if (filled < 64) return
      this.#mix(this.#buffer, 0)
    }
    for (; i + 64 <= bytes.length; i += 64) this.#mix(bytes, i)
    this.#buffer.set(bytes.subarray(i))
  }

  /** Sixteen bytes. The object is used up. */
  digest(): Uint8Array {
    const length = this.#length
    const padding = new Uint8Array(((length + 8) >> 6 << 6) + 64 - length)
    padding[0] = 0x80
    const view = new DataView(padding.buffer)
    view.setUint32(padding.length - 8, (length % 2 ** 29) * 8, true)
    view.setUint32(padding.length - 4, Math.floor(length / 2 ** 29), true)
    this.update(padding)
    const digest = new DataView(new ArrayBuffer(16))
    this.#state.forEach((word, i) => digest.setInt32(i * 4, word, true))
    return new Uint8Array(digest.buffer)
  }

  #mix(bytes: Uint8Array, at: number): void {
    const x = this.#block
    for (let i = 0; i < 16; i++, at += 4) {
      x[i] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    }
    let [a, b, c, d] = this.#state as unknown as [number, number, number, number]
    for (let i = 0; i < 64; i++) {
      const f =
        i < 16 ? (b & c) | (~b & d) : i < 32 ? (d & b) | (~d & c) : i < 48 ? b ^ c ^ d : c ^ (b | ~d)
      const sum = (a + f + sines[i]! + x[words[i]!]!) | 0
      const by = rotations[i]!
      a = d
      d = c
      c = b
      b = (b + ((sum << by) | (sum >>> (32 - by)))) | 0
    }
    this.#state[0] = (this.#state[0]! + a) | 0
    this.#state[1] = (this.#state[1]! + b) | 0
    this.#state[2] = (this.#state[2]! + c) | 0
    this.#state[3] = (this.#state[3]! + d) | 0
  }
}
