import Compressor from '@uppy/compressor'
import type { Body, Meta } from '@uppy/core/utils'

/**
 * Pixels of the longer side at most, and JPEG quality: good for any screen, a fifth of a camera's bytes. What the camera
 * has noted goes along, as with the photo itself: the owner sees the date and the camera, nobody the rest.
 */
export const smallerOptions = { maxWidth: 2560, maxHeight: 2560, quality: 0.85, convertSize: Infinity, retainExif: true, limit: 2 }

/** Sends smaller copies of photos; what moves stays as it is, and nothing is made smaller twice. */
export default class Smaller<M extends Meta, B extends Body> extends Compressor<M, B> {
  readonly #made = new WeakSet<Blob>()

  /** Files of an earlier page are as they were sent in part: another size would mean to begin again. */
  override prepareUpload(ids: string[]): Promise<void> {
    return super.prepareUpload(ids.filter((id) => !this.uppy.getFile(id).isRestored))
  }

  override async compress(blob: Blob): Promise<Blob | File> {
    if (this.#made.has(blob) || !/^image\/(jpeg|png)$/.test(blob.type)) return blob
    const smaller = await super.compress(blob)
    const best = smaller.size < blob.size ? smaller : blob
    this.#made.add(best)
    return best
  }
}
