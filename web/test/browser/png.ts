import { createCipheriv, createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, crc32, createDeflate, deflateSync } from 'node:zlib'

const sampleBytes = 2
const bytesPerPixel = 3 * sampleBytes
const signature = Buffer.from('89504e470d0a1a0a', 'hex')
const stored = { level: constants.Z_NO_COMPRESSION, chunkSize: 1 << 20 }

/** A PNG of noise, 16 bits of red, green and blue: as large as its pixels, and the same for the same seed. */
export function noise(width: number, height: number, seed: string): Buffer {
  const [lines] = scanlines(width, height, height, seed)
  return Buffer.concat([signature, header(width, height), chunk('IDAT', deflateSync(lines!, stored)), chunk('IEND', Buffer.alloc(0))])
}

/** The same, of about so many megabytes, into a file, a piece at a time. Answers its length and the SHA-256 of its bytes. */
export async function writeNoise(path: string, megabytes: number, seed: string): Promise<{ bytes: number; sha256: string }> {
  const width = Math.round(Math.sqrt((megabytes * 1e6) / bytesPerPixel / 0.8))
  const height = Math.round(width * 0.8)
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(
    Readable.from(scanlines(width, height, 64, seed)),
    createDeflate(stored),
    async function* (compressed: AsyncIterable<Buffer>) {
      yield* [signature, header(width, height)]
      for await (const data of compressed) yield chunk('IDAT', data)
      yield chunk('IEND', Buffer.alloc(0))
    },
    async function* (file: AsyncIterable<Buffer>) {
      for await (const data of file) {
        hash.update(data)
        bytes += data.length
        yield data
      }
    },
    createWriteStream(path),
  )
  return { bytes, sha256: hash.digest('hex') }
}

/** The lines of the picture, `batch` at a time, each with filter type 0 before it. */
function* scanlines(width: number, height: number, batch: number, seed: string): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', createHash('md5').update(seed).digest(), Buffer.alloc(16))
  const line = 1 + width * bytesPerPixel
  for (let y = 0; y < height; y += batch) {
    const lines = cipher.update(Buffer.alloc(line * Math.min(batch, height - y)))
    for (let at = 0; at < lines.length; at += line) lines[at] = 0
    yield lines
  }
}

function header(width: number, height: number): Buffer {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data.set([8 * sampleBytes, 2, 0, 0, 0], 8)
  return chunk('IHDR', data)
}

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, 'ascii')
  data.copy(out, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return out
}
