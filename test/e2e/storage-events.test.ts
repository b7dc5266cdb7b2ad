import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Endpoint, type Schema } from '../support/endpoint.ts';
import { temporaryFolder } from '../support/process.ts';
import { connect, put } from '../support/sdk.ts';
import { type StorageService, startStorage } from '../support/servers.ts';

describe.each<Schema>(['eventgrid', 'cloudevents'])('webhooks of valetkey storage, as %s', (schema) => {
  let endpoint: Endpoint;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let running: StorageService | undefined;

  beforeEach(async () => {
    endpoint = await Endpoint.start(schema);
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await running?.close();
    await endpoint.close();
    await folder.remove();
  });

  async function start(retry = '20ms'): Promise<StorageService> {
    running = await startStorage(['--dev-account', '--webhook', endpoint.url, '--webhook-schema', schema, '--webhook-retry', retry], { data: folder.path });
    return running;
  }

  async function newContainer() {
    return (await connect(running!.connectionString).createContainer('photos')).containerClient;
  }

  const taken = (count: number) => expect.poll(() => endpoint.taken.length, { timeout: 20_000 }).toBe(count);

  test('tell of blobs that came and went, after a handshake', async () => {
    await start();
    const container = await newContainer();
    const blob = container.getBlockBlobClient('a b/ü.jpg');
    const { etag } = await blob.upload('12345', 5, { blobHTTPHeaders: { blobContentType: 'image/jpeg' } });
    await blob.setMetadata({ nobody: 'is told' });
    await blob.uploadData(Buffer.alloc(3000), { blockSize: 1000, maxSingleShotSize: 1 });
    await blob.delete();
    await taken(3);
    expect(endpoint.handshakes).toBe(1);
    const [uploaded, committed, deleted] = endpoint.taken;
    expect(uploaded).toMatchObject({
      type: 'Microsoft.Storage.BlobCreated',
      subject: '/blobServices/default/containers/photos/blobs/a b/ü.jpg',
      data: {
        api: 'PutBlob', contentType: 'image/jpeg', contentLength: 5, blobType: 'BlockBlob', eTag: etag!.replaceAll('"', ''),
        url: `${running!.blobUrl}/photos/a%20b/%C3%BC.jpg`,
      },
    });
    expect(Math.abs(Date.parse(uploaded!.time) - Date.now())).toBeLessThan(60_000);
    expect(committed).toMatchObject({ type: 'Microsoft.Storage.BlobCreated', data: { api: 'PutBlockList', contentLength: 3000 } });
    expect(deleted).toMatchObject({ type: 'Microsoft.Storage.BlobDeleted', data: { api: 'DeleteBlob' } });
    const sequencers = endpoint.taken.map(({ data }) => data.sequencer);
    expect(sequencers).toEqual([...sequencers].sort());
    expect(new Set(endpoint.taken.map(({ id }) => id)).size).toBe(3);
  });

  test('try again what the endpoint did not take', async () => {
    await start();
    const container = await newContainer();
    endpoint.failures = 3;
    await put(container, 'a.jpg');
    await taken(1);
    expect(endpoint.posted.map(({ id }) => id)).toEqual(Array(4).fill(endpoint.taken[0]!.id));
    await put(container, 'b.jpg');
    await taken(2);
    expect(endpoint.posted).toHaveLength(5);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('tell after a restart by %s what they could not before', async (signal) => {
    await start('1h');
    const container = await newContainer();
    await put(container, 'before.jpg');
    await taken(1);
    endpoint.failures = Infinity;
    for (const name of ['a.jpg', 'b.jpg']) await put(container, name);
    await expect.poll(() => endpoint.posted.length, { timeout: 20_000 }).toBe(3);
    await running!.process.stop(signal);
    endpoint.failures = 0;
    await start();
    await taken(3);
    expect(endpoint.handshakes).toBe(2);
    expect(endpoint.taken.map(({ subject }) => subject.split('/').at(-1))).toEqual(['before.jpg', 'a.jpg', 'b.jpg']);
    expect(endpoint.taken.slice(1).map(({ id }) => id)).toEqual(endpoint.posted.slice(1, 3).map(({ id }) => id));
  });

  test('tell nobody who has not agreed, until they do', async () => {
    endpoint.agrees = false;
    await start();
    await put(await newContainer(), 'a.jpg');
    await expect.poll(() => endpoint.handshakes, { timeout: 20_000 }).toBeGreaterThan(3);
    expect(endpoint.posted).toEqual([]);
    endpoint.agrees = true;
    await taken(1);
    expect(running!.process.stderr).not.toContain('secret');
  });
});
