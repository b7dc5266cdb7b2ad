import { BlobSASPermissions, type ContainerClient, type RestError } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ResumeState, type UploadOptions, createLanes, upload } from '../../packages/uppy-azure-blob/src/core.ts';
import { BadNetwork } from '../support/bad-network.ts';
import { all, connect, expectBytes, noise } from '../support/sdk.ts';
import { type StorageService, startStorage } from '../support/servers.ts';

const blockSize = 16 * 1024;
const uploads = 100;

/** The plugin's core, with the embedded service behind a network that drops, truncates and delays. */
describe('a hundred uploads over a bad network', () => {
  let running: StorageService;
  let container: ContainerClient;
  let network: BadNetwork;
  const lanes = createLanes(6);

  beforeAll(async () => {
    running = await startStorage();
    ({ containerClient: container } = await connect(running.connectionString).createContainer('images'));
    network = await BadNetwork.start(Number(new URL(running.blobUrl).port), { drop: 0.06, truncate: 0.06, delay: 0.2 }, 5);
  });
  afterAll(async () => {
    await network?.close();
    await running?.close();
  });

  const files = Array.from({ length: uploads }, (_, i) => {
    const bytes = noise(40_000 + i * 1511, i);
    return { bytes, name: `photo ${i}.jpg`, file: new File([new Uint8Array(bytes)], `photo ${i}.jpg`, { type: 'image/jpeg' }) };
  });
  const halves = [files.slice(0, uploads / 2), files.slice(uploads / 2)] as const;

  /** What every upload here has in common. The SAS leads through the bad network. */
  const options = (blobName: string): UploadOptions => ({
    blobName, blockSize, lanes, stallTimeout: 2000, integrity: 'crc64',
    getUpload: async () => {
      const signed = await container.getBlobClient(blobName).generateSasUrl({
        permissions: BlobSASPermissions.parse('rw'), expiresOn: new Date(Date.now() + 3_600_000),
      });
      const url = new URL(signed);
      url.port = String(network.port);
      return { url: url.href };
    },
  });

  test('arrive when each request is tried again', async () => {
    await Promise.all(halves[0].map(({ name, file }) => upload(file, { ...options(name), retryDelays: Array(20).fill(5) })));
    for (const { name, bytes } of halves[0]) expectBytes(await container.getBlobClient(name).downloadToBuffer(), bytes);
    for (const happened of Object.values(network.counts)) expect(happened).toBeGreaterThan(5);
  });

  test('arrive when every trouble ends them and they are resumed, and no finished block is sent again', async () => {
    const attempts = await Promise.all(halves[1].map(({ name, file }) => resumeUntilDone(name, file)));
    for (const { name, bytes } of halves[1]) expectBytes(await container.getBlobClient(name).downloadToBuffer(), bytes);
    expect(attempts.reduce((sum, n) => sum + n)).toBeGreaterThan(uploads); // there was something to resume
    expect((await all(container.listBlobsFlat({ includeUncommitedBlobs: true }))).length).toBe(uploads);
  });

  async function resumeUntilDone(name: string, file: File): Promise<number> {
    let resume: ResumeState | undefined;
    for (let attempt = 1; attempt <= 200; attempt++) {
      const finished = await finishedBlocks(name);
      const before = finished.map((id) => bytesSent(name, id));
      try {
        await upload(file, { ...options(name), retryDelays: [], resume, onState: (state) => (resume = state) });
        return attempt;
      } catch (error) {
        if ((error as Error).name !== 'UploadError') throw error;
      } finally {
        expect(finished.map((id) => bytesSent(name, id)), `${name}, attempt ${attempt}`).toEqual(before);
      }
    }
    throw new Error(`${name} did not arrive`);
  }

  const bytesSent = (name: string, block: string) => network.bodies.get(`/${running.account}/images/${name} ${block}`) ?? 0;

  /** The blocks that the service has whole, as it says itself. */
  async function finishedBlocks(name: string): Promise<string[]> {
    try {
      const { committedBlocks = [], uncommittedBlocks = [] } = await container.getBlockBlobClient(name).getBlockList('all');
      return [...committedBlocks, ...uncommittedBlocks].map((block) => block.name);
    } catch (error) {
      if ((error as RestError).code === 'BlobNotFound') return [];
      throw error;
    }
  }
});
