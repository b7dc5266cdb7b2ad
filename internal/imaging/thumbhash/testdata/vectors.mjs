// Writes vectors.txt with the reference encoder: npm i thumbhash@0.1.1 && node vectors.mjs > vectors.txt
// The picture is made of integer arithmetic that the Go test repeats. It is noisy on purpose: a symmetric picture has
// terms that are exactly zero, half way between two steps, where the last bit of a cosine decides.
import { rgbaToThumbHash } from 'thumbhash'

const noise = (x, y, k) => Math.imul(x * 7919 + y * 104729 + k * 31 + 1, 0x9e3779b1) >>> 26
const sizes = [[5, 1], [2, 9], [100, 75], [75, 100], [100, 100], [31, 29], [3, 100], [100, 7], [17, 31]]
const factors = [[0, 0, 0], [1, 2, 0], [3, 5, 1], [2, 0, 0], [0, 2, 0], [13, 7, 3]]
console.log('# width height a b c alpha expect: hash (npm thumbhash 0.1.1)')
for (const [w, h] of sizes)
  for (const [a, b, c] of factors)
    for (const alpha of [0, 1]) {
      const rgba = new Uint8Array(w * h * 4)
      for (let y = 0, i = 0; y < h; y++)
        for (let x = 0; x < w; x++)
          for (let k = 0; k < 4; k++, i++)
            rgba[i] = k < 3 ? x * (a + k) + y * (b + 2 * k) + x * y * c + noise(x, y, k) : alpha ? noise(x, y, 3) * 4 + (x & 3) : 255
      console.log(w, h, a, b, c, alpha, Buffer.from(rgbaToThumbHash(w, h, rgba)).toString('hex'))
    }
