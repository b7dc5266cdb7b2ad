import { execFile } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { cameraPhoto } from '../support/photos.ts';
import { root, temporaryFolder } from '../support/process.ts';
import { startValetkey } from '../support/servers.ts';

const run = promisify(execFile);

describe('README.md', () => {
  test('its curl commands do the whole flow', async () => {
    const readme = await readFile(path.join(root, 'README.md'), 'utf8');
    const block = /<!-- test:curl -->\n```sh\n([\s\S]*?)```/.exec(readme);
    expect(block).not.toBeNull();
    const server = await startValetkey('embedded');
    const folder = await temporaryFolder();
    try {
      await writeFile(path.join(folder.path, 'photo.jpg'), (await cameraPhoto()).bytes);
      const script = block![1]!.replace('http://127.0.0.1:8080', server.url);
      const { stdout } = await run('sh', ['-euc', script], { cwd: folder.path });
      const answers = stdout.trim().split('\n');
      const published = JSON.parse(answers[0]!);
      expect(published).toMatchObject({ title: 'photo', width: 102, height: 205 });
      const gallery = JSON.parse(answers.at(-1)!);
      expect(gallery.photos).toHaveLength(1);
      expect(gallery.photos[0].id).toBe(published.id);
    } finally {
      await server.close();
      await folder.remove();
    }
  });

  test('its links lead somewhere', async () => {
    for (const page of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md']) {
      const text = await readFile(path.join(root, page), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        await expect(access(path.join(root, target!)), `${page}: ${target}`).resolves.toBeUndefined();
      }
    }
  });
});
