// Makes the files of this folder with sharp, which compresses TIFF with JPEG unless told otherwise: node make.mjs, here.
import sharp from 'sharp'

const quadrants = [[204, 51, 51], [51, 204, 51], [51, 51, 204], [204, 204, 204]]

const luma = [[97], [141], [68], [204]]

function scene(width, height, colours = quadrants) {
  const channels = colours[0].length
  const pixels = Buffer.alloc(width * height * channels)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      pixels.set(colours[2 * (2 * y >= height) + (2 * x >= width)], channels * (y * width + x))
  return sharp(pixels, { raw: { width, height, channels } })
}

await scene(150, 110).tiff().toFile('sharp-strip.tiff')
await scene(40, 600).tiff().toFile('sharp-strips.tiff')
await scene(150, 110).tiff({ tile: true, tileWidth: 64, tileHeight: 64 }).toFile('sharp-tiles.tiff')
await scene(150, 110).tiff({ quality: 95 }).toFile('sharp-rgb.tiff')
await scene(150, 110, luma).toColourspace('b-w').tiff().toFile('sharp-grey.tiff')
