// Processes COUNT photos, ATATIME of them at a time: node rate.mjs webp|jpeg COUNT ATATIME FILE…
// Prints photos a second. How many threads each of them gets is sharp's own default.
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import sharp from 'sharp'

const [format, count, atATime, ...files] = process.argv.slice(2)
sharp.cache(false)
const photos = files.map((f) => readFileSync(f))
const variants = (data) =>
  Promise.all([2048, 1280, 640, 320].map((width) =>
    sharp(data).autoOrient().resize({ width, withoutEnlargement: true })[format]().toBuffer()))

await variants(photos[0])
let next = 0
const worker = async () => {
  while (next < Number(count)) await variants(photos[next++ % photos.length])
}
const start = performance.now()
await Promise.all(Array.from({ length: Number(atATime) }, worker))
console.log(Number(count) / ((performance.now() - start) / 1000))
