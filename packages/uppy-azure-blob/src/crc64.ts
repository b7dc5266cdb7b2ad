/**
 * CRC-64/NVME, the polynomial of `x-ms-content-crc64`: reflected, initial value and final XOR all ones. 64 bits are kept
 * as two unsigned 32-bit halves, because BigInt is a hundred times slower; eight bytes a step through eight tables.
 */
const polynomialHigh = 0x9a6c9329
const polynomialLow = 0xac4bc9b5

// tables[k * 256 + b] is the CRC of byte b followed by k zero bytes.
const high = new Uint32Array(8 * 256)
const low = new Uint32Array(8 * 256)

for (let byte = 0; byte < 256; byte++) {
  let hi = 0
  let lo = byte
  for (let bit = 0; bit < 8; bit++) {
    const carry = lo & 1
    lo = (lo >>> 1) | (hi << 31)
    hi >>>= 1
    if (carry) {
      hi ^= polynomialHigh
      lo ^= polynomialLow
    }
  }
  high[byte] = hi
  low[byte] = lo
}
for (let index = 256; index < 8 * 256; index++) {
  const hi = high[index - 256]!
  const lo = low[index - 256]!
  const byte = lo & 0xff
  low[index] = ((lo >>> 8) | (hi << 24)) ^ low[byte]!
  high[index] = (hi >>> 8) ^ high[byte]!
}

export class Crc64 {
  #high = 0xffffffff
  #low = 0xffffffff

  update(bytes: Uint8Array): void {
    let hi = this.#high
    let lo = this.#low
    const length = bytes.length
    const whole = length - (length % 8)
    let i = 0
    for (; i < whole; i += 8) {
      lo ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
      hi ^= bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24)
      const a = 1792 + (lo & 0xff)
      const b = 1536 + ((lo >>> 8) & 0xff)
      const c = 1280 + ((lo >>> 16) & 0xff)
      const d = 1024 + (lo >>> 24)
      const e = 768 + (hi & 0xff)
      const f = 512 + ((hi >>> 8) & 0xff)
      const g = 256 + ((hi >>> 16) & 0xff)
      const h = hi >>> 24
      lo = low[a]! ^ low[b]! ^ low[c]! ^ low[d]! ^ low[e]! ^ low[f]! ^ low[g]! ^ low[h]!
      hi = high[a]! ^ high[b]! ^ high[c]! ^ high[d]! ^ high[e]! ^ high[f]! ^ high[g]! ^ high[h]!
    }
    for (; i < length; i++) {
      const index = (lo ^ bytes[i]!) & 0xff
      lo = ((lo >>> 8) | (hi << 24)) ^ low[index]!
      hi = (hi >>> 8) ^ high[index]!
    }
    this.#high = hi
    this.#low = lo
  }

  /** Eight bytes, the least significant first, as the Azure SDKs send it. */
  digest(): Uint8Array {
    const bytes = new DataView(new ArrayBuffer(8))
    bytes.setUint32(0, ~this.#low, true)
    bytes.setUint32(4, ~this.#high, true)
    return new Uint8Array(bytes.buffer)
  }
}
