import { crc32, deflateRawSync } from 'node:zlib'
import { createHash } from 'node:crypto'

/** A PNG of noise: as large as its pixels, and every one of them counts. Eight bits of red, green and blue. */
export function noise(width: number, height: number, seed: string): { png: Buffer; pixels: Buffer } {
  const line = width * 3
  const pixels = Buffer.alloc(line * height)
  let block = createHash('sha512').update(seed).digest()
  for (let at = 0; at < pixels.length; at += block.length) {
    block.copy(pixels, at)
    // A few mixing steps a block; it only has to be incompressible and the same every time.
    for (let i = 0; i < block.length; i += 4) block.writeUInt32LE((Math.imul(block.readUInt32LE(i) ^ at, 0x9e3779b1) + i) >>> 0, i)
  }
  const raw = Buffer.alloc((line + 1) * height)
  for (let y = 0; y < height; y++) pixels.copy(raw, y * (line + 1) + 1, y * line, (y + 1) * line)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const chunks = [chunk('IHDR', header), chunk('IDAT', zlibStored(raw)), chunk('IEND', Buffer.alloc(0))]
  return { png: Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]), pixels }
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'ascii'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

/** A zlib stream without compression (RFC 1950). */
function zlibStored(data: Buffer): Buffer {
  let a = 1
  let b = 0
  for (let i = 0; i < data.length; ) {
    const end = Math.min(i + 3800, data.length)
    for (; i < end; i++) b += a += data[i]!
    a %= 65521
    b %= 65521
  }
  const trailer = Buffer.alloc(4)
  trailer.writeUInt32BE(((b << 16) | a) >>> 0)
  return Buffer.concat([Buffer.from([0x78, 0x01]), deflateRawSync(data, { level: 0 }), trailer])
}
