// Makes the same variants as the pipeline, with sharp's defaults: node sharp.mjs webp|jpeg RUNS OUTDIR FILE…
// Prints one JSON line: CPU and wall milliseconds a photo, peak RSS in bytes, bytes out by width.
import { readFileSync, writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import sharp from 'sharp'

const [format, runs, out, ...files] = process.argv.slice(2)
const widths = [2048, 1280, 640, 320]
sharp.cache(false)
sharp.concurrency(1)

const variants = (data) =>
  Promise.all(widths.map((width) => sharp(data).autoOrient().resize({ width, withoutEnlargement: true })[format]().toBuffer()))

const photos = files.map((f) => readFileSync(f))
const bytes = {}
for (const [i, data] of photos.entries())
  for (const buffer of await variants(data)) {
    const { width } = await sharp(buffer).metadata()
    bytes[width] = (bytes[width] ?? 0) + buffer.length
    writeFileSync(`${out}/sharp-${i}-w${width}.${format}`, buffer)
  }
const cpu = process.cpuUsage()
const start = performance.now()
for (let i = 0; i < runs; i++) for (const data of photos) await variants(data)
const used = process.cpuUsage(cpu)
const count = runs * photos.length
console.log(JSON.stringify({
  cpu: (used.user + used.system) / 1000 / count,
  wall: (performance.now() - start) / count,
  rss: 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
  bytes,
}))
