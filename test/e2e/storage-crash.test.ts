import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BlockBlobClient, ContainerClient, RestError } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Running, temporaryFolder } from '../support/process.ts';
import { seeded } from '../support/random.ts';
import { all, connect, expectBytes, noise, refusal } from '../support/sdk.ts';
import { type StorageService, binary, startStorage } from '../support/servers.ts';

const kills = 50;
const clients = 4;
const blobsOfClient = 5;

/** The content of a blob's version; undefined is none, the blob was deleted. */
type Version = Buffer | undefined;

/** What a client knows of one blob: the version that was acknowledged, and the one that was under way when it ended. */
interface Known {
  name: string;
  acknowledged: Version;
  underWay?: { version: Version };
}

describe('valetkey storage, killed again and again', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let running: StorageService | undefined;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    await running?.process.stop('SIGKILL');
    await folder.remove();
  });

  test(`keeps what it acknowledged through ${kills} kills`, async () => {
    const random = seeded(20_240_607);
    const known = Array.from({ length: clients }, (_, client) =>
      Array.from({ length: blobsOfClient }, (_, n): Known => ({ name: `client ${client}/blob ${n}`, acknowledged: undefined })),
    );
    const counts = { acknowledged: 0, underWay: 0, survived: 0 };
    for (let kill = 0; kill < kills; kill++) {
      running = await startStorage(['--dev-account'], { data: folder.path });
      const container = connect(running.connectionString).getContainerClient('crash');
      await container.createIfNotExists();
      await settle(container, known.flat(), counts);
      await killAmid(running, container, known, Math.floor(random() * 25), random, counts);
    }
    running = await startStorage(['--dev-account'], { data: folder.path });
    await settle(connect(running.connectionString).getContainerClient('crash'), known.flat(), counts);
    expect(await running.process.stop()).toBe(0);
    // Or the kills came when nothing was going on:
    expect(counts.acknowledged).toBeGreaterThan(kills * 4);
    expect(counts.underWay).toBeGreaterThan(kills);
    expect(counts.survived).toBeGreaterThan(0);
    expect(counts.survived).toBeLessThan(counts.underWay);

    const check = Running.start(binary, ['storage', 'check', '--data', folder.path]);
    expect(await check.ends(), check.stdout).toBe(0);
    expect(check.stdout).toMatch(/all is well/);
  }, 300_000);

  /** Lets the clients write until the service is killed, when some number of writes have begun. */
  async function killAmid(
    running: StorageService, container: ContainerClient, known: Known[][], writes: number, random: () => number, counts: { acknowledged: number },
  ) {
    let begun = 0;
    const killed = new AbortController();
    const kill = () => {
      if (killed.signal.aborted) return;
      killed.abort();
      running.process.child.kill('SIGKILL');
    };
    const client = async (mine: Known[]) => {
      while (!killed.signal.aborted) {
        const blob = mine[Math.floor(random() * mine.length)]!;
        const version = random() < 0.1 ? undefined : noise(Math.floor(random() ** 3 * 400_000), random() * 2 ** 32);
        blob.underWay = { version };
        // The moment is between a request's first byte and its answer, or a little later.
        if (begun++ === writes) setTimeout(kill, random() * 8);
        try {
          await write(container.getBlockBlobClient(blob.name), version, random() < 0.5);
        } catch (error) {
          if ((error as RestError).statusCode === undefined) return; // cut off
          throw error;
        }
        blob.acknowledged = version;
        blob.underWay = undefined;
        counts.acknowledged++;
      }
    };
    await Promise.all(known.map(client));
    await running.process.ends();
  }

  async function write(blob: BlockBlobClient, version: Version, inBlocks: boolean): Promise<void> {
    if (version === undefined) {
      await blob.deleteIfExists();
    } else if (inBlocks) {
      await blob.uploadData(version, { maxSingleShotSize: 1, blockSize: Math.max(1, Math.ceil(version.length / 3)), concurrency: 2 });
    } else {
      await blob.upload(version, version.length);
    }
  }

  /**
   * Compares every blob with what its client knows. A write that was under way may have come to pass or not, but wholly;
   * from here on it is known which.
   */
  async function settle(container: ContainerClient, known: Known[], counts: { underWay: number; survived: number }) {
    await Promise.all(known.map(async (blob) => {
      const found = await read(container.getBlockBlobClient(blob.name));
      const { underWay } = blob;
      blob.underWay = undefined;
      if (underWay) {
        counts.underWay++;
        if (same(found, underWay.version) && !same(found, blob.acknowledged)) {
          counts.survived++;
          blob.acknowledged = underWay.version;
          return;
        }
      }
      const story = `${blob.name}: ${lengthOf(found)} found, ${lengthOf(blob.acknowledged)} acknowledged, ${lengthOf(underWay?.version)} under way`;
      expect(same(found, blob.acknowledged), story).toBe(true);
    }));
    const listed = (await all(container.listBlobsFlat())).map(({ name, properties }) => [name, properties.contentLength]);
    expect(listed).toEqual(known.filter(({ acknowledged }) => acknowledged).map(({ name, acknowledged }) => [name, acknowledged!.length]));
  }

  async function read(blob: BlockBlobClient): Promise<Version> {
    try {
      return await blob.downloadToBuffer();
    } catch (error) {
      if ((error as RestError).response?.headers.get('x-ms-error-code') === 'BlobNotFound') return undefined;
      throw error;
    }
  }

  const same = (a: Version, b: Version) => a === b || (a !== undefined && b !== undefined && a.equals(b));
  const lengthOf = (version: Version) => version?.length ?? 'none';
});

describe('valetkey storage on a full disk', () => {
  test('refuses writes as Azure does, keeps what it has, and recovers', async (context) => {
    const folder = await temporaryFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'valetkey-test', folder.path], { stdio: 'pipe' });
    } catch {
      await folder.remove();
      context.skip('a small disk needs the right to mount one');
    }
    let running: StorageService | undefined;
    try {
      running = await startStorage(['--dev-account'], { data: folder.path });
      await fillAndRecover(running, folder.path);
      expect(await running.process.stop()).toBe(0);
      const check = Running.start(binary, ['storage', 'check', '--data', folder.path]);
      expect(await check.ends(), check.stdout).toBe(0);
    } finally {
      await running?.close();
      execFileSync('umount', [folder.path]);
      await folder.remove();
    }
  });

  async function fillAndRecover(running: StorageService, disk: string) {
    const { containerClient: container } = await connect(running.connectionString).createContainer('full');
    const content = (n: number) => noise(1 << 20, n);
    const put = (n: number) => refusal(container.getBlockBlobClient(`blob ${n}`).upload(content(n), 1 << 20));
    const stored: number[] = [];
    let answer = 'done';
    for (let n = 0; n < 64 && answer === 'done'; n++) {
      answer = await put(n);
      if (answer === 'done') stored.push(n);
    }
    expect(answer).toBe('503 ServerBusy');
    expect(stored.length).toBeGreaterThan(20);
    expect(await refusal(container.getBlockBlobClient('block').stageBlock('MQ==', content(99), 1 << 20))).toBe('503 ServerBusy');
    const intact = async () => {
      expect((await all(container.listBlobsFlat())).length).toBe(stored.length);
      for (const n of stored) expectBytes(await container.getBlobClient(`blob ${n}`).downloadToBuffer(), content(n));
    };
    await intact();

    // Its own blobs go …
    for (const n of stored.splice(0, 8)) await container.deleteBlob(`blob ${n}`);
    await expect.poll(() => put(100), { timeout: 20_000 }).toBe('done');
    stored.push(100);
    // … or somebody else's file does.
    const other = path.join(disk, 'other');
    await expect(writeFile(other, Buffer.alloc(48 << 20))).rejects.toThrow(/ENOSPC/);
    await expect.poll(() => put(101), { timeout: 20_000 }).toBe('503 ServerBusy');
    await intact();
    await rm(other);
    await expect.poll(() => put(101), { timeout: 20_000 }).toBe('done');
    stored.push(101);
    await intact();
  }
});
