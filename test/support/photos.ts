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
  const module = execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', 'github.com/bep/imagemeta'], { cwd: root }).toString().trim();
  const bytes = await readFile(path.join(module, 'testdata/images/goexif/has-lens-info.jpg'));
  return { name: 'Holiday on the phone.jpg', type: 'image/jpeg', bytes, width: 102, height: 205 };
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
