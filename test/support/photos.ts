import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { root } from './process.ts';

export interface Photo {
  name: string;
  type: string;
  bytes: Buffer;
  /** Pixels, upright. */
  width: number;
  height: number;
}

/**
 * A photo that a phone took, with the place and with the phone on its side (orientation 6). It comes with the test data
 * of a Go module that Valetkey uses anyway.
 */
export async function cameraPhoto(): Promise<Photo> {
  const bytes = await moduleFile('github.com/bep/imagemeta', 'testdata/images/goexif/has-lens-info.jpg');
  return { name: 'Holiday on the phone.jpg', type: 'image/jpeg', bytes, width: 102, height: 205 };
}

/** A photo as newer phones keep them, which no browser but Safari shows. */
export async function heicPhoto(): Promise<Photo> {
  const bytes = await moduleFile('github.com/gen2brain/heic', 'testdata/test8.heic');
  return { name: 'From the phone.HEIC', type: 'image/heic', bytes, width: 512, height: 512 };
}

/**
 * The same, lain on its side by a property of the container: a quarter turn clockwise to be seen. The property takes the
 * place of one that says what everybody assumes, how many bits a channel has.
 */
export async function turnedHeicPhoto(): Promise<Photo> {
  const photo = await heicPhoto();
  const at = photo.bytes.indexOf('pixi');
  photo.bytes.write('irot', at, 'latin1');
  photo.bytes[at + 4] = 3;
  return { ...photo, name: 'Turned on the phone.HEIC' };
}

/** A picture whose corners differ, stored turned and mirrored: red, green, blue and grey when it is upright. */
export async function avifPhoto(): Promise<Photo> {
  const bytes = await readFile(path.join(root, 'internal/imaging/testdata/avif/orientation-7-profile-false.avif'));
  return { name: 'Mirrored.avif', type: 'image/avif', bytes, width: 161, height: 119 };
}

/** A file of a Go module that go.mod names. */
function moduleFile(module: string, file: string): Promise<Buffer> {
  const folder = execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd: root }).toString().trim();
  return readFile(path.join(folder, file));
}

/** A picture that does not compress well, drawn and encoded by the browser. */
export async function drawnPhoto(browser: Browser, type: 'image/png' | 'image/webp' | 'image/jpeg', width: number, height: number): Promise<Photo> {
  const page = await browser.newPage();
  const dataUrl = await page.evaluate(
    async ([type, width, height]) => {
      const canvas = document.createElement('canvas');
      canvas.width = width as number;
      canvas.height = height as number;
      const context = canvas.getContext('2d')!;
      const picture = context.createImageData(canvas.width, canvas.height);
      let state = 12345;
      for (let i = 0; i < picture.data.length; i += 4) {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        const noise = (state >>> 16) & 63;
        const x = (i / 4) % canvas.width;
        const y = i / 4 / canvas.width;
        picture.data[i] = (x * 190) / canvas.width + noise;
        picture.data[i + 1] = (y * 190) / canvas.height + noise;
        picture.data[i + 2] = 120 + noise;
        picture.data[i + 3] = 255;
      }
      context.putImageData(picture, 0, 0);
      return canvas.toDataURL(type as string, 0.98);
    },
    [type, width, height] as const,
  );
  await page.close();
  const bytes = Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64');
  return { name: `Drawn.${type.slice('image/'.length)}`, type, bytes, width, height };
}

/** A landscape with sun and hills, drawn by the browser; another seed is another landscape. */
export async function landscape(browser: Browser, seed: number, width: number, height: number): Promise<Photo> {
  const page = await browser.newPage();
  const dataUrl = await page.evaluate(
    ([seed, width, height]) => {
      let state = seed * 2654435761;
      const random = () => {
        state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0;
        return state / 2 ** 32;
      };
      const canvas = document.createElement('canvas');
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext('2d')!;
      const hue = random() * 360;
      const horizon = height * (0.4 + random() * 0.25);
      const sky = context.createLinearGradient(0, 0, 0, horizon * 1.2);
      sky.addColorStop(0, `hsl(${hue} 60% ${45 + random() * 20}%)`);
      sky.addColorStop(1, `hsl(${hue + 40} 80% 85%)`);
      context.fillStyle = sky;
      context.fillRect(0, 0, width, height);
      const sun = context.createRadialGradient(0, 0, 0, 0, 0, height * 0.35);
      sun.addColorStop(0, 'rgb(255 250 230)');
      sun.addColorStop(0.12, 'rgb(255 244 200 / 90%)');
      sun.addColorStop(1, 'rgb(255 244 200 / 0%)');
      context.save();
      context.translate(width * (0.2 + random() * 0.6), horizon * (0.4 + random() * 0.4));
      context.fillStyle = sun;
      context.fillRect(-width, -height, 2 * width, 2 * height);
      context.restore();
      for (let layer = 0; layer < 5; layer++) {
        const [a, b, c] = [random() * 9, 2 + random() * 3, 5 + random() * 6];
        context.fillStyle = `hsl(${hue + 60 + layer * 12} ${25 + layer * 6}% ${62 - layer * 12}%)`;
        context.beginPath();
        context.moveTo(0, height);
        for (let x = 0; x <= width; x += 4) {
          const t = x / width;
          const hill = Math.sin(t * b * Math.PI + a) * 0.6 + Math.sin(t * c * Math.PI + a * 2) * 0.25;
          context.lineTo(x, horizon + layer * (height - horizon) * 0.2 + hill * height * 0.07);
        }
        context.lineTo(width, height);
        context.fill();
      }
      return canvas.toDataURL('image/jpeg', 0.9);
    },
    [seed, width, height] as const,
  );
  await page.close();
  return { name: `Landscape ${seed}.jpg`, type: 'image/jpeg', bytes: Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64'), width, height };
}
