import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { BlobServiceFixture, all, bytesOf, expectBytes, noise, put, refusal, textOf } from '../support/sdk.ts';
import { storages } from '../support/servers.ts';

/**
 * What `@azure/storage-blob` does with blobs and containers, against the embedded service and against Azurite as the
 * reference: the same assertions, but for those that say what Azurite does otherwise than Azure's REST reference.
 */
describe.each(storages)('@azure/storage-blob on %s', (storage) => {
  const fixture = new BlobServiceFixture(storage);

  describe('containers', () => {
    test('are made once, described, listed and deleted', async () => {
      const container = fixture.service.getContainerClient('life-cycle');
      expect((await container.createIfNotExists({ metadata: { kind: 'album' }, access: 'blob' })).succeeded).toBe(true);
      expect((await container.createIfNotExists()).succeeded).toBe(false);
      expect(await refusal(container.create())).toBe('409 ContainerAlreadyExists');
      const properties = await container.getProperties();
      expect(properties).toMatchObject({ metadata: { kind: 'album' }, blobPublicAccess: 'blob', leaseState: 'available', leaseStatus: 'unlocked' });
      expect(properties.etag).toMatch(/^"0x[0-9A-F]+"$/);

      const changed = await container.setMetadata({ kind: 'diary', year: '1999' });
      expect(changed.etag).not.toBe(properties.etag);
      const listed = await all(fixture.service.listContainers({ prefix: 'life-', includeMetadata: true }));
      expect(listed.map(({ name, metadata }) => ({ name, metadata }))).toEqual([{ name: 'life-cycle', metadata: { kind: 'diary', year: '1999' } }]);
      expect(listed[0]!.properties.etag.replaceAll('"', '')).toBe(changed.etag!.replaceAll('"', ''));

      expect((await container.deleteIfExists()).succeeded).toBe(true);
      expect((await container.deleteIfExists()).succeeded).toBe(false);
      expect(await container.exists()).toBe(false);
      expect(await refusal(container.getProperties())).toBe('404 ContainerNotFound');
    });

    test('are listed a page at a time', async () => {
      const names = Array.from({ length: 7 }, (_, i) => `paged-${i}`);
      await Promise.all(names.map((name) => fixture.service.createContainer(name)));
      const seen: string[][] = [];
      for await (const page of fixture.service.listContainers({ prefix: 'paged-' }).byPage({ maxPageSize: 3 })) {
        seen.push(page.containerItems.map(({ name }) => name));
      }
      expect(seen.map((page) => page.length)).toEqual([3, 3, 1]);
      expect(seen.flat()).toEqual(names);
    });

    test('have names that Azure takes', async () => {
      expect(await refusal(fixture.service.createContainer('UPPER'))).toBe('400 InvalidResourceName');
      expect(await refusal(fixture.service.createContainer('two--hyphens'))).toBe('400 InvalidResourceName');
      expect(await refusal(fixture.service.createContainer('ab'))).toBe('400 OutOfRangeInput');
      await fixture.service.createContainer('$web');
      expect(await fixture.service.getContainerClient('$web').exists()).toBe(true);
    });

    test('are open to everybody as far as their access level says', async () => {
      const container = await fixture.newContainer();
      const blob = await put(container, 'open');
      const anonymous = async (url: string) => (await fetch(url)).status;
      const list = `${container.url}?restype=container&comp=list`;
      const refused = storage === 'azurite' ? 403 : 404; // Azure says ResourceNotFound, so as not to tell what there is
      expect([await anonymous(blob.url), await anonymous(list)]).toEqual([refused, refused]);
      await container.setAccessPolicy('blob');
      expect([await anonymous(blob.url), await anonymous(list)]).toEqual([200, refused]);
      await container.setAccessPolicy('container');
      expect([await anonymous(blob.url), await anonymous(list)]).toEqual([200, 200]);
      await container.setAccessPolicy();
      expect(await anonymous(blob.url)).toBe(refused);
    });

    test('keep up to five stored access policies', async () => {
      const container = await fixture.newContainer();
      const startsOn = new Date('2020-01-02T03:04:05Z');
      const expiresOn = new Date('2099-01-02T03:04:05Z');
      await container.setAccessPolicy('blob', [{ id: 'readers', accessPolicy: { startsOn, expiresOn, permissions: 'rl' } }]);
      const kept = await container.getAccessPolicy();
      expect(kept.blobPublicAccess).toBe('blob');
      expect(kept.signedIdentifiers).toEqual([{ id: 'readers', accessPolicy: { startsOn, expiresOn, permissions: 'rl' } }]);
      const six = Array.from({ length: 6 }, (_, i) => ({ id: `p${i}`, accessPolicy: { startsOn, expiresOn, permissions: 'r' } }));
      await fixture.butAzurite('it takes any number', async () => {
        expect(await refusal(container.setAccessPolicy(undefined, six))).toBe('400 InvalidXmlDocument');
      });
      await container.setAccessPolicy(undefined, six.slice(0, 5));
      expect((await container.getAccessPolicy()).signedIdentifiers).toHaveLength(5);
    });

    test('are protected by a lease', async () => {
      const container = await fixture.newContainer();
      const lease = container.getBlobLeaseClient();
      await lease.acquireLease(-1);
      expect(await container.getProperties()).toMatchObject({ leaseState: 'leased', leaseStatus: 'locked', leaseDuration: 'infinite' });
      expect(await refusal(container.delete())).toBe('412 LeaseIdMissing');
      await put(container, 'writing goes on');
      await lease.releaseLease();
      await container.delete();
    });
  });

  describe('the service', () => {
    test('keeps its properties', async () => {
      const rule = { allowedOrigins: 'https://a.example', allowedMethods: 'GET,PUT', allowedHeaders: 'x-ms-*', exposedHeaders: 'etag', maxAgeInSeconds: 60 };
      await fixture.service.setProperties({ cors: [rule], deleteRetentionPolicy: { enabled: false } });
      expect((await fixture.service.getProperties()).cors).toEqual([rule]);
      const preflight = await fetch(`${fixture.running.blobUrl}/any/blob`, {
        method: 'OPTIONS',
        headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'x-ms-blob-type' },
      });
      expect(preflight.status).toBe(200);
      expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('https://a.example');
      await fixture.service.setProperties({ cors: [] });
      expect((await fixture.service.getProperties()).cors ?? []).toEqual([]);
    });

    test('says what account it is', async () => {
      expect(await fixture.service.getAccountInfo()).toMatchObject({ skuName: expect.stringMatching(/^Standard_/), accountKind: 'StorageV2' });
    });

    test('answers with the ids of requests', async () => {
      const answer = await fixture.service.getAccountInfo();
      expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(answer.clientRequestId).toBe(answer._response.request.headers.get('x-ms-client-request-id'));
      expect(answer.date!.getTime()).toBeGreaterThan(Date.now() - 60_000);
    });
  });

  describe('uploading', () => {
    test('in one request keeps headers, metadata, tags and tier', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('one request');
      const content = noise(100_000, 1);
      const md5 = createHash('md5').update(content).digest();
      const done = await blob.upload(content, content.length, {
        blobHTTPHeaders: {
          blobContentType: 'image/jpeg', blobContentLanguage: 'de', blobContentEncoding: 'identity',
          blobCacheControl: 'max-age=1', blobContentDisposition: 'inline',
        },
        metadata: { camera: 'box', lens_1: 'a; b, c' },
        tags: { kind: 'cat', 'a b': 'c/d' },
        tier: 'Cool',
      });
      expect(Buffer.from(done.contentMD5!)).toEqual(md5);
      const properties = await blob.getProperties();
      expect(properties).toMatchObject({
        contentLength: 100_000, contentType: 'image/jpeg', contentLanguage: 'de', contentEncoding: 'identity', cacheControl: 'max-age=1',
        contentDisposition: 'inline', metadata: { camera: 'box', lens_1: 'a; b, c' }, accessTier: 'Cool', tagCount: 2,
        blobType: 'BlockBlob', etag: done.etag,
      });
      expect(Buffer.from(properties.contentMD5!)).toEqual(md5);
      expect((await blob.getTags()).tags).toEqual({ kind: 'cat', 'a b': 'c/d' });
      expectBytes(await blob.downloadToBuffer(), content);
    });

    test('of nothing makes an empty blob', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('empty');
      await blob.upload('', 0);
      expect((await blob.getProperties()).contentLength).toBe(0);
      expect(await blob.downloadToBuffer()).toHaveLength(0);
      const committed = (await fixture.newContainer()).getBlockBlobClient('empty list');
      await committed.commitBlockList([]);
      expect((await committed.getProperties()).contentLength).toBe(0);
    });

    test('in blocks, at once and as a stream', async () => {
      const container = await fixture.newContainer();
      const content = noise(5_000_000, 2);
      const inBlocks = container.getBlockBlobClient('blocks');
      const progress: number[] = [];
      await inBlocks.uploadData(content, {
        blockSize: 1 << 20, maxSingleShotSize: 1 << 20, concurrency: 4,
        onProgress: ({ loadedBytes }) => progress.push(loadedBytes),
        blobHTTPHeaders: { blobContentType: 'image/png' }, metadata: { from: 'blocks' },
      });
      expect(progress.at(-1)).toBe(content.length);
      expect(await inBlocks.getProperties()).toMatchObject({ contentLength: content.length, contentType: 'image/png', metadata: { from: 'blocks' } });
      expectBytes(await inBlocks.downloadToBuffer(), content);

      const streamed = container.getBlockBlobClient('stream');
      await streamed.uploadStream(Readable.from([content.subarray(0, 10), content.subarray(10, 3_000_001), content.subarray(3_000_001)]), 1 << 20, 3);
      expectBytes(await streamed.downloadToBuffer(0, undefined, { blockSize: 1 << 20, concurrency: 4 }), content);
      expectBytes(await bytesOf(await streamed.download()), content);
    });

    test('of blocks shows what is staged and what is committed', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('by hand');
      const id = (n: number) => Buffer.from(`block-${n}`).toString('base64');
      for (const n of [1, 2, 3]) await blob.stageBlock(id(n), `part ${n};`, 7);
      expect(await blob.exists()).toBe(false);
      expect((await blob.getBlockList('uncommitted')).uncommittedBlocks).toHaveLength(3);
      await blob.commitBlockList([id(3), id(1), id(3)]);
      expect(await textOf(blob)).toBe('part 3;part 1;part 3;');
      const list = await blob.getBlockList('all');
      expect(list.committedBlocks!.map(({ name, size }) => [name, size])).toEqual([[id(3), 7], [id(1), 7], [id(3), 7]]);
      expect(list.uncommittedBlocks ?? []).toEqual([]); // the commit dropped what it did not name

      await blob.stageBlock(id(4), 'part 4;', 7);
      await blob.commitBlockList([id(1), id(4)]); // an old block and a new one
      expect(await textOf(blob)).toBe('part 1;part 4;');
      expect(await refusal(blob.commitBlockList([id(9)]))).toBe('400 InvalidBlockList');
    });

    test('holds block ids to one length', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('ids');
      await blob.stageBlock(Buffer.from('four').toString('base64'), 'x', 1);
      expect(await refusal(blob.stageBlock(Buffer.from('other').toString('base64'), 'x', 1))).toBe('400 InvalidBlobOrBlock');
      const tooLong = Buffer.alloc(65).toString('base64');
      expect(await refusal(blob.stageBlock(tooLong, 'x', 1))).toMatch(/^400 /);
    });

    test('refuses content that differs from its checksum', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('checked');
      const md5 = (text: string) => createHash('md5').update(text).digest();
      const id = Buffer.from('1').toString('base64');
      await blob.stageBlock(id, 'right', 5, { transactionalContentMD5: md5('right') });
      const mismatch = storage === 'azurite' ? '400 InvalidOperation' : '400 Md5Mismatch'; // Azurite's own word for it
      expect(await refusal(blob.stageBlock(id, 'wrong', 5, { transactionalContentMD5: md5('right') }))).toBe(mismatch);
      await fixture.butAzurite('it does not look at CRC-64', async () => {
        expect(await refusal(blob.stageBlock(id, 'wrong', 5, { transactionalContentCrc64: Buffer.alloc(8, 7) }))).toBe('400 Crc64Mismatch');
      });
      await blob.commitBlockList([id]);
      expect(await textOf(blob)).toBe('right');
    });

    fixture.notAzurite('it has those blobs')('of append and page blobs is refused, not accepted in silence', async () => {
      const container = await fixture.newContainer();
      expect(await refusal(container.getAppendBlobClient('log').create())).toBe('400 BlobTypeNotSupported');
      expect(await refusal(container.getPageBlobClient('disk').create(512))).toBe('400 BlobTypeNotSupported');
      expect(await all(container.listBlobsFlat())).toEqual([]);
      const blob = await put(container, 'block blob');
      expect(await refusal(container.getAppendBlobClient(blob.name).appendBlock('x', 1))).toBe('409 InvalidBlobType');
    });
  });

  fixture.notAzurite('it takes the headers for nothing')('what the service does not have is refused in so many words', async () => {
    const container = await fixture.newContainer();
    const blob = await put(container, 'plain');
    const crc64 = { contentChecksumAlgorithm: 'StorageCrc64' } as const; // structured messages
    expect(await refusal(blob.upload('x', 1, crc64))).toBe('400 UnsupportedHeader');
    expect(await refusal(blob.download(0, undefined, crc64))).toBe('400 UnsupportedHeader');
    expect(await refusal(blob.upload('x', 1, { encryptionScope: 'scope' }))).toBe('400 UnsupportedHeader');
    expect(await refusal(blob.setLegalHold(true))).toBe('501 NotImplemented');
    expect(await refusal(blob.query('SELECT * FROM BlobStorage'))).toBe('501 NotImplemented');
    expect(await refusal(fixture.service.undeleteContainer(container.containerName, '1'))).toBe('501 NotImplemented');
    expect(await textOf(blob)).toBe('plain');
  });

  describe('reading', () => {
    const content = noise(70_000, 3);

    test('ranges of any kind', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('ranges');
      await blob.upload(content, content.length);
      const range = async (offset: number, count?: number) => {
        const answer = await blob.download(offset, count);
        return { bytes: await bytesOf(answer), answer };
      };
      const middle = await range(1000, 500);
      expectBytes(middle.bytes, content.subarray(1000, 1500));
      expect(middle.answer).toMatchObject({ contentRange: 'bytes 1000-1499/70000', contentLength: 500 });
      expect(Buffer.from(middle.answer.blobContentMD5!)).toEqual(createHash('md5').update(content).digest());
      expectBytes((await range(69_999)).bytes, content.subarray(69_999));
      expectBytes((await range(69_000, 5000)).bytes, content.subarray(69_000));
      await fixture.butAzurite('it sends nothing, with 206', async () => {
        expect(await refusal(blob.download(70_000, 1))).toBe('416 InvalidRange');
      });
    });

    test('a range with its MD5 or CRC-64', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('checksums');
      await blob.upload(content, content.length);
      const md5 = await blob.download(5, 1000, { rangeGetContentMD5: true });
      expect(Buffer.from(md5.contentMD5!)).toEqual(createHash('md5').update(content.subarray(5, 1005)).digest());
      await fixture.butAzurite('it knows no CRC-64', async () => {
        const small = (await fixture.newContainer()).getBlockBlobClient('crc');
        await small.upload('0123456789', 10);
        // The check value of CRC-64/NVME, in the catalogue of parametrised CRC algorithms, is of "123456789".
        const crc = await small.download(1, 9, { rangeGetContentCrc64: true });
        expect(Buffer.from(crc.contentCrc64!).toString('hex')).toBe(Buffer.from(crc64Of123456789()).toString('hex'));
      });
      const large = (await fixture.newContainer()).getBlockBlobClient('large');
      await large.uploadData(Buffer.alloc((4 << 20) + 1));
      await fixture.butAzurite('it has no limit', async () => {
        expect(await refusal(large.download(0, (4 << 20) + 1, { rangeGetContentMD5: true }))).toBe('400 OutOfRangeInput');
      });
    });
  });
});

/** CRC-64/NVME of "123456789" is ae8b14860a799888; the header has the least significant byte first. */
function crc64Of123456789(): Buffer {
  const sum = Buffer.alloc(8);
  sum.writeBigUInt64LE(0xae8b14860a799888n);
  return sum;
}
