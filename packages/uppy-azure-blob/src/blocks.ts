const MiB = 1024 * 1024

/** Azure commits at most this many blocks in one blob. */
export const maxBlocks = 50_000
/** The largest block of Put Block since service version 2019-12-12. */
export const maxBlockSize = 4000 * MiB
/** What one block holds when nobody says otherwise. */
export const defaultBlockSize = 8 * MiB

/** One piece of a file: `[start, end)` in bytes. */
export interface Block {
  number: number
  id: string
  start: number
  end: number
}

/**
 * The id of a block: base64 of its number in six decimal digits. All ids of one blob must have the same length, and six
 * digits hold every number below the limit of 50,000.
 */
export function blockId(number: number): string {
  if (!Number.isInteger(number) || number < 0 || number >= maxBlocks) {
    throw new RangeError(`block number ${number} is outside 0..${maxBlocks - 1}`)
  }
  return btoa(String(number).padStart(6, '0'))
}

/** The preferred size, grown in whole MiB as far as `fileSize` needs to fit into 50,000 blocks. */
export function blockSizeFor(fileSize: number, preferred: number): number {
  if (!(preferred >= 1)) throw new RangeError(`block size ${preferred} is not positive`)
  let size = Math.min(Math.floor(preferred), maxBlockSize)
  if (Math.ceil(fileSize / size) > maxBlocks) size = Math.ceil(fileSize / maxBlocks / MiB) * MiB
  if (size > maxBlockSize) throw new RangeError(`${fileSize} bytes do not fit into ${maxBlocks} blocks`)
  return size
}

/** The blocks of a file, in order. An empty file has none. */
export function cut(fileSize: number, blockSize: number): Block[] {
  const blocks: Block[] = []
  for (let start = 0; start < fileSize; start += blockSize) {
    const number = blocks.length
    blocks.push({ number, id: blockId(number), start, end: Math.min(start + blockSize, fileSize) })
  }
  return blocks
}
