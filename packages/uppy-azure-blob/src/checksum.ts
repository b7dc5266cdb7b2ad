import { Crc64 } from './crc64.js'
import { Md5 } from './md5.js'

export type ChecksumKind = 'crc64' | 'md5'

/** How much of a blob is in memory at a time. */
const pieceSize = 1 << 20

/** The checksum of a blob's bytes in base64, as Azure's headers want it. */
export async function checksum(body: Blob, kind: ChecksumKind): Promise<string> {
  const hash = kind === 'crc64' ? new Crc64() : new Md5()
  for (let start = 0; start < body.size; start += pieceSize) {
    hash.update(new Uint8Array(await body.slice(start, start + pieceSize).arrayBuffer()))
  }
  return btoa(String.fromCharCode(...hash.digest()))
}
