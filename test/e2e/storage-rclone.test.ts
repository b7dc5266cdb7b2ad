import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Running, root, temporaryFolder } from '../support/process.ts';
import { connect, expectBytes, noise } from '../support/sdk.ts';
import { type StorageService, startStorage } from '../support/servers.ts';

const rclone = path.join(root, '.cache/bin/rclone');
const available = existsSync(rclone); // `make test-rclone` builds it

describe.skipIf(!available)('rclone on the embedded service', () => {
  let running: StorageService;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let environment: NodeJS.ProcessEnv;

  /** Names that differ between file systems, URLs and XML. */
  const files: Record<string, Buffer> = {
    'empty': Buffer.alloc(0),
    'photo.jpg': noise(100_000, 1),
    'large.bin': noise(9_000_000, 2),
    'ünïcödé/日本語 📷.jpg': noise(5000, 3),
    'a b/c+d & <e>.txt': noise(10, 4),
    'percent%20/100%.txt': noise(11, 5),
    'hash#question?.txt': noise(12, 6),
    'back\\slash.txt': noise(13, 7),
    '.hidden/.file': noise(14, 8),
  };
  const large = files['large.bin']!;

  beforeAll(async () => {
    running = await startStorage();
    folder = await temporaryFolder();
    environment = {
      ...process.env,
      RCLONE_CONFIG: path.join(folder.path, 'none.conf'),
      RCLONE_CONFIG_V_TYPE: 'azureblob',
      RCLONE_CONFIG_V_ACCOUNT: running.account,
      RCLONE_CONFIG_V_KEY: running.key,
      RCLONE_CONFIG_V_ENDPOINT: running.blobUrl,
      RCLONE_RETRIES: '1',
      RCLONE_LOW_LEVEL_RETRIES: '1',
    };
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(folder.path, 'local', name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  });
  afterAll(async () => {
    await running?.close();
    await folder?.remove();
  });

  async function run(...args: string[]): Promise<{ stdout: Buffer; stderr: string }> {
    const { stdout, stderr } = await promisify(execFile)(rclone, args, { env: environment, encoding: 'buffer', maxBuffer: 64 << 20 });
    return { stdout, stderr: stderr.toString() };
  }
  const local = () => path.join(folder.path, 'local');
  const list = async (where: string) => (await run('lsf', '-R', '--files-only', where)).stdout.toString().trim().split('\n').filter(Boolean).sort();

  test('syncs a tree, large files in blocks, and finds it identical', async () => {
    await run('sync', local(), 'v:sync/tree', '--azureblob-chunk-size', '1M', '--azureblob-upload-concurrency', '3', '--transfers', '4');
    await run('check', '--download', local(), 'v:sync/tree');
    await run('check', local(), 'v:sync/tree'); // by MD5
    expect(await list('v:sync/tree')).toEqual(Object.keys(files).sort());
    const blocks = await connect(running.connectionString).getContainerClient('sync').getBlockBlobClient('tree/large.bin').getBlockList('committed');
    expect(blocks.committedBlocks).toHaveLength(9);
  });

  test('syncs changes and deletions only', async () => {
    await writeFile(path.join(local(), 'photo.jpg'), noise(100_001, 9));
    await rm(path.join(local(), 'empty'));
    const { stderr } = await run('sync', local(), 'v:sync/tree', '-v');
    expect(stderr.match(/: Copied|: Deleted/g)?.sort()).toEqual([': Copied', ': Deleted']);
    await run('check', '--download', local(), 'v:sync/tree');
    const { stderr: again } = await run('sync', local(), 'v:sync/tree', '-v');
    expect(again).toMatch(/There was nothing to transfer/);
  });

  test('reads ranges', async () => {
    const range = async (...args: string[]) => (await run('cat', 'v:sync/tree/large.bin', ...args)).stdout;
    expectBytes(await range('--offset', '1000000', '--count', '2500000'), large.subarray(1_000_000, 3_500_000));
    expectBytes(await range('--tail', '100'), large.subarray(-100));
    expectBytes(await range('--head', '1'), large.subarray(0, 1));
  });

  test('downloads with several streams', async () => {
    const to = path.join(folder.path, 'back');
    await run('copy', 'v:sync/tree', to, '--multi-thread-streams', '4', '--multi-thread-cutoff', '1M', '--multi-thread-chunk-size', '1M');
    expectBytes(await readFile(path.join(to, 'large.bin')), large);
    await run('check', '--download', local(), to);
    expect((await readdir(to)).length).toBeGreaterThan(4);
  });

  test('reads here and there, as a mounted container does', async () => {
    const server = Running.start(
      rclone,
      ['serve', 'http', 'v:sync/tree', '--addr', '127.0.0.1:0', '--vfs-cache-mode', 'off', '--vfs-read-chunk-size', '64k', '--vfs-read-chunk-streams', '2'],
      environment,
    );
    try {
      const [, url] = await server.complains(/(http:\/\/127\.0\.0\.1:\d+\/)/);
      for (const [from, to] of [[8_000_000, 8_000_999], [0, 99], [4_000_000, 4_300_000]] as const) {
        const answer = await fetch(`${url}large.bin`, { headers: { Range: `bytes=${from}-${to}` } });
        expect(answer.status).toBe(206);
        expectBytes(Buffer.from(await answer.arrayBuffer()), large.subarray(from, to + 1));
      }
    } finally {
      await server.stop();
    }
  });

  test('copies and moves within the service', async () => {
    const { stderr } = await run('copy', 'v:sync/tree', 'v:copy/there', '-v');
    expect(stderr.match(/Copied \(server-side copy\)/g)).toHaveLength(Object.keys(files).length - 1);
    await run('check', '--download', 'v:sync/tree', 'v:copy/there');
    const before = await list('v:copy/there');
    const { stderr: moved } = await run('moveto', 'v:copy/there/ünïcödé/日本語 📷.jpg', 'v:copy/there/renamed é.jpg', '-v');
    expect(moved).toMatch(/server-side copy/);
    expect(await list('v:copy/there')).toEqual([...before.filter((name) => !name.startsWith('ünïcödé')), 'renamed é.jpg'].sort());
    expectBytes((await run('cat', 'v:copy/there/renamed é.jpg')).stdout, files['ünïcödé/日本語 📷.jpg']!);
  });

  test('keeps metadata and times', async () => {
    const { stdout } = await run('lsjson', 'v:sync/tree/large.bin', '--hash', '-M');
    const [entry] = JSON.parse(stdout.toString()) as [{ Size: number; ModTime: string; Hashes: { md5: string } }];
    expect(entry.Size).toBe(large.length);
    const { stdout: here } = await run('lsjson', path.join(local(), 'large.bin'), '--hash');
    const [own] = JSON.parse(here.toString()) as [typeof entry];
    expect(entry.Hashes.md5).toBe(own.Hashes.md5);
    expect(new Date(entry.ModTime)).toEqual(new Date(own.ModTime));
  });

  test('purges', async () => {
    await run('purge', 'v:copy/there');
    expect(await list('v:copy')).toEqual([]);
    await run('purge', 'v:copy');
    await run('purge', 'v:sync');
    expect((await run('lsd', 'v:')).stdout.toString()).toBe('');
  });
});
