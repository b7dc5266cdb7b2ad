import type { Locator } from 'playwright-core'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { avifPhoto, heicPhoto, turnedHeicPhoto } from '../../../test/support/photos'
import { fileInput, startApp, upload, visit, type Visit } from './visit'

const app = startApp()

const width = 240
const height = 180
/** Top left, top right, bottom left, bottom right: red is above blue, and what is mirrored or turned shows. */
const quadrants = [[204, 51, 51], [51, 204, 51], [51, 51, 204], [204, 204, 204]]
/** How an encoder and a screen may differ from that, in each channel. */
const tolerance = 30

const colourAt = (x: number, y: number) => quadrants[2 * Number(2 * y >= height) + Number(2 * x >= width)]!

function scene(): Sharp {
  const pixels = Buffer.alloc(3 * width * height)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pixels.set(colourAt(x, y), 3 * (y * width + x))
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

/** The scene on its side, and the tag that says so: a quarter turn clockwise to be seen. */
const onItsSide = () => scene().rotate(270).withMetadata({ orientation: 6 })

/** The scene, and then another picture. */
async function moving(): Promise<Sharp> {
  const frames = [await scene().png().toBuffer(), await sharp({ create: { width, height, channels: 3, background: '#000' } }).png().toBuffer()]
  return sharp(frames, { join: { animated: true } })
}

/** 24 bits a pixel, blue first, rows from the bottom. */
function bmp(): Buffer {
  const row = 3 * width
  const file = Buffer.alloc(54 + row * height)
  file.write('BM', 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(width, 18)
  file.writeInt32LE(height, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) file.set([...colourAt(x, y)].reverse(), 54 + row * (height - 1 - y) + 3 * x)
  return file
}

const delay = [100, 100]
const files: Record<string, () => Promise<Buffer> | Buffer> = {
  'turned JPEG.jpg': () => onItsSide().jpeg({ quality: 95 }).toBuffer(),
  'PNG.png': () => scene().png().toBuffer(),
  'WebP.webp': () => scene().webp({ quality: 95 }).toBuffer(),
  'moving WebP.webp': async () => (await moving()).webp({ delay, lossless: true }).toBuffer(),
  'GIF.gif': () => scene().gif().toBuffer(),
  'moving GIF.gif': async () => (await moving()).gif({ delay }).toBuffer(),
  'TIFF of LZW.tiff': () => scene().tiff({ compression: 'lzw' }).toBuffer(),
  'turned TIFF of JPEG.tif': () => onItsSide().tiff({ compression: 'jpeg' }).toBuffer(),
  'TIFF of JPEG tiles.tiff': () => scene().tiff({ compression: 'jpeg', tile: true, tileWidth: 64, tileHeight: 64 }).toBuffer(),
  'BMP.bmp': bmp,
}
const types: Record<string, string> = { jpg: 'jpeg', tif: 'tiff' }

async function made(name: string) {
  const ending = name.split('.').at(-1)!
  return { name, mimeType: `image/${types[ending] ?? ending}`, buffer: await files[name]!() }
}

/** The picture as the screen has it. */
async function seen(img: Locator): Promise<Sharp> {
  return sharp(await img.screenshot({ animations: 'disabled' })).removeAlpha()
}

/** How far the middle of the worst quadrant is from what it has to be, on the screen. */
async function error(img: Locator): Promise<number> {
  const { data, info } = await (await seen(img)).raw().toBuffer({ resolveWithObject: true })
  const errors = quadrants.map((want, i) => {
    const x = Math.floor(info.width * (i % 2 ? 0.75 : 0.25))
    const y = Math.floor(info.height * (i < 2 ? 0.25 : 0.75))
    return Math.max(...want.map((value, k) => Math.abs(value - data[info.channels * (y * info.width + x) + k]!)))
  })
  return Math.max(...errors)
}

/** How far two pictures differ, on the average of all pixels and channels. */
async function difference(a: Sharp, b: Sharp): Promise<number> {
  const [left, right] = await Promise.all([a, b].map((picture) => picture.resize(64, 64, { fit: 'fill' }).raw().toBuffer()))
  return left!.reduce((sum, value, i) => sum + Math.abs(value - right![i]!), 0) / left!.length
}

let visitor: Visit
const tile = (name: string) => visitor.page.locator(`.tile img[alt="${name.replace(/\.\w+$/, '')}"]`)

beforeAll(async () => {
  visitor = await visit(app, { viewport: { width: 1280, height: 1600 } })
  await upload(visitor.page, await Promise.all(Object.keys(files).map(made)))
  const phones = await Promise.all([heicPhoto(), turnedHeicPhoto(), avifPhoto()])
  await upload(visitor.page, phones.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: bytes })))
}, 120_000)

afterAll(() => visitor?.leave())

describe('the gallery shows upright', () => {
  it.each([...Object.keys(files), 'Mirrored.avif'])('%s', async (name) => {
    await expect.poll(() => error(tile(name))).toBeLessThan(tolerance)
  })

  it('HEIC, as it is stored and turned by its container', async () => {
    const [plain, turned] = [tile('From the phone.HEIC'), tile('Turned on the phone.HEIC')]
    // Of the portrait the lower left is dark and bluish, the lower right is not, and the hat above the middle is light.
    await expect.poll(async () => {
      const { data, info } = await (await seen(plain)).resize(20, 20, { fit: 'fill' }).raw().toBuffer({ resolveWithObject: true })
      const green = (x: number, y: number) => data[info.channels * (20 * y + x) + 1]!
      const red = (x: number, y: number) => data[info.channels * (20 * y + x)]!
      return red(4, 16) < 130 && red(15, 16) > 130 && green(9, 4) > green(4, 16) + 40
    }).toBe(true)
    const turnedBy = async (degrees: number) => difference(await seen(turned), sharp(await (await seen(plain)).rotate(degrees).png().toBuffer()))
    await expect.poll(() => turnedBy(90)).toBeLessThan(10)
    for (const degrees of [0, 180, 270]) expect(await turnedBy(degrees), `${degrees} degrees`).toBeGreaterThan(20)
  })
})

describe('the lightbox shows upright', () => {
  it('TIFF of JPEG', async () => {
    const { page, complaints } = visitor
    await tile('turned TIFF of JPEG.tif').click()
    await page.locator('.pswp--open.pswp--ui-visible').waitFor()
    const img = page.locator('.pswp__item[aria-hidden=false] .pswp__img:not(.pswp__img--placeholder)')
    await img.waitFor()
    await expect.poll(() => error(img)).toBeLessThan(tolerance)
    expect(complaints).toEqual([])
  })
})

describe('the file picker', () => {
  it('offers them all', async () => {
    const offered = (await fileInput(visitor.page).getAttribute('accept'))!.split(',')
    expect(offered).toEqual(expect.arrayContaining(['image/*', '.heic', '.heif', '.avif', '.tif', '.tiff', '.bmp']))
  })
})
