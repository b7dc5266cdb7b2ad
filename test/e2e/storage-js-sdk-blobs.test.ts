import { BlobSASPermissions, type ContainerClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import { BlobServiceFixture, all, noise, expectBytes, put, refusal, textOf } from '../support/sdk.ts';
import { storages } from '../support/servers.ts';

/** What becomes of blobs once they are there: lists, conditions, leases, snapshots, tags, copies, batches, deletion. */
describe.each(storages)('blobs of @azure/storage-blob on %s', (storage) => {
  const fixture = new BlobServiceFixture(storage);

  describe('lists', () => {
    /** Names that trip up what parses paths, escapes XML or sorts by something else than bytes. */
    const oddNames = [
      ' leading blank', '#?&=%', '%2F', '%2e%2e', '+', '..a/b', '/leading/slash', 'a', 'a b', 'a//b', 'a/b', 'a0', 'aa', 'A', '<&>"\'', 
      'ein\u00a0geschütztes', 'e\u0301', 'é', 'trailing/', 'ünïcödé/ß.jpg', 'Ω', '日本語/写真.jpg', 'שלום', '\uffee', '😀/🏖️.heic', `long-${'x'.repeat(1000)}`,
    ];
    const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

    test('every name, in order, whatever the page', async () => {
      const container = await fixture.newContainer();
      await Promise.all(oddNames.map((name) => put(container, name)));
      for (const maxPageSize of [1, 4, 5000]) {
        const listed: string[] = [];
        for await (const page of container.listBlobsFlat().byPage({ maxPageSize })) {
          expect(page.segment.blobItems.length).toBeLessThanOrEqual(maxPageSize);
          listed.push(...page.segment.blobItems.map(({ name }) => name));
        }
        expect([...listed].sort(bytewise)).toEqual([...oddNames].sort(bytewise));
        await fixture.butAzurite('it sorts as JavaScript does, by UTF-16', () => expect(listed).toEqual([...oddNames].sort(bytewise)));
      }
      for (const name of oddNames) expect(await textOf(container.getBlockBlobClient(name))).toBe(name);
    });

    fixture.notAzurite('it makes a backslash a slash, and puts the others into XML, where they may not stand')('names with characters that XML or paths cannot hold', async () => {
      const container = await fixture.newContainer();
      const names = ['back\\slash', 'bell\u0007', 'escape\u001b/x', '\uffff'];
      for (const name of names) await put(container, name);
      expect((await all(container.listBlobsFlat())).map(({ name }) => name)).toEqual(names);
    });

    const delimiters = storage === 'azurite' ? ['/', 'ä'] : ['/', 'ä', '--', '😀']; // Azurite takes a single UTF-16 unit
    test.each(delimiters)('by hierarchy with the delimiter %s', async (delimiter) => {
      const container = await fixture.newContainer();
      const names = ['a', 'b|1', 'b|2|x', 'b|2|y', 'c', 'd|'].map((name) => name.replaceAll('|', delimiter));
      for (const name of names) await put(container, name);
      const level = async (prefix: string, maxPageSize = 5000) => {
        const seen: string[] = [];
        for await (const page of container.listBlobsByHierarchy(delimiter, { prefix }).byPage({ maxPageSize })) {
          for (const item of page.segment.blobPrefixes ?? []) seen.push(`> ${item.name}`);
          seen.push(...page.segment.blobItems.map(({ name }) => name));
        }
        return seen.sort().map((name) => name.replaceAll(delimiter, '|'));
      };
      expect(await level('')).toEqual(['> b|', '> d|', 'a', 'c']);
      expect(await level('', 1)).toEqual(['> b|', '> d|', 'a', 'c']);
      expect(await level(`b${delimiter}`)).toEqual(['> b|2|', 'b|1']);
      expect(await level(`b${delimiter}2${delimiter}`, 1)).toEqual(['b|2|x', 'b|2|y']);
      expect(await level('nothing')).toEqual([]);
    });

    test('from a marker, with a prefix', async () => {
      const container = await fixture.newContainer();
      for (let i = 0; i < 10; i++) await put(container, `${i % 2 ? 'odd' : 'even'}-${i}`);
      const first = (await container.listBlobsFlat({ prefix: 'odd' }).byPage({ maxPageSize: 2 }).next()).value!;
      expect(first.segment.blobItems.map(({ name }: { name: string }) => name)).toEqual(['odd-1', 'odd-3']);
      await container.deleteBlob('odd-5'); // the marker's own blob may be gone by then
      const rest: string[] = [];
      for await (const page of container.listBlobsFlat({ prefix: 'odd' }).byPage({ continuationToken: first.continuationToken })) {
        rest.push(...page.segment.blobItems.map(({ name }) => name));
      }
      expect(rest).toEqual(['odd-7', 'odd-9']);
    });

    fixture.notAzurite('it lists all')('from a name on', async () => {
      const container = await fixture.newContainer();
      for (const name of ['a', 'b', 'c/1', 'c/2']) await put(container, name);
      const listed: string[] = [];
      for await (const page of container.listBlobsFlat({ startFrom: 'b' }).byPage({ maxPageSize: 1 })) {
        listed.push(...page.segment.blobItems.map(({ name }) => name));
      }
      expect(listed).toEqual(['b', 'c/1', 'c/2']);
    });

    test('what is asked to be included, and only that', async () => {
      const container = await fixture.newContainer();
      const blob = container.getBlockBlobClient('b');
      await blob.upload('one', 3, { metadata: { kind: 'photo' }, tags: { place: 'sea' } });
      const { snapshot } = await blob.createSnapshot();
      await container.getBlockBlobClient('a').stageBlock(Buffer.from('1').toString('base64'), 'staged', 6);

      const [plain, ...others] = await all(container.listBlobsFlat());
      expect(others).toEqual([]);
      expect(plain).toMatchObject({ name: 'b', properties: { contentLength: 3, blobType: 'BlockBlob', leaseState: 'available' } });
      expect(plain!.metadata ?? {}).toEqual({});
      expect(plain!.tags).toBeUndefined();
      const full = await all(container.listBlobsFlat({ includeMetadata: true, includeTags: true, includeSnapshots: true, includeUncommitedBlobs: true }));
      const order = storage === 'azurite' ? ['', snapshot] : [snapshot, '']; // Azure has the oldest first
      expect(full.map(({ name, snapshot }) => [name, snapshot ?? ''])).toEqual([['a', ''], ...order.map((snapshot) => ['b', snapshot])]);
      expect(full[0]!.properties.contentLength).toBe(0);
      expect(full.find(({ name, snapshot }) => name === 'b' && !snapshot)).toMatchObject({ metadata: { kind: 'photo' }, tags: { place: 'sea' } });
    });
  });

  describe('conditions', () => {
    test('decide over reads and writes', async () => {
      const blob = await put(await fixture.newContainer(), 'conditional', 'first');
      const { etag: first, lastModified } = await blob.getProperties();
      const { etag: second } = await blob.upload('second', 6, { conditions: { ifMatch: first } });
      expect(second).not.toBe(first);
      expect(await refusal(blob.upload('third', 5, { conditions: { ifMatch: first } }))).toBe('412 ConditionNotMet');
      expect(await refusal(blob.upload('third', 5, { conditions: { ifNoneMatch: '*' } }))).toBe('409 BlobAlreadyExists');
      expect(await refusal(blob.download(0, undefined, { conditions: { ifMatch: first } }))).toBe('412 ConditionNotMet');
      expect(await refusal(blob.getProperties({ conditions: { ifNoneMatch: second } }))).toMatch(/^304/);
      expect(await refusal(blob.getProperties({ conditions: { ifUnmodifiedSince: new Date(lastModified!.getTime() - 60_000) } }))).toBe('412 ConditionNotMet');
      expect(await refusal(blob.setMetadata({ a: 'b' }, { conditions: { ifMatch: first } }))).toBe('412 ConditionNotMet');
      expect(await refusal(blob.setHTTPHeaders({ blobContentType: 'a/b' }, { conditions: { ifMatch: first } }))).toBe('412 ConditionNotMet');
      expect(await refusal(blob.createSnapshot({ conditions: { ifMatch: first } }))).toBe('412 ConditionNotMet');
      expect(await refusal(blob.delete({ conditions: { ifMatch: first } }))).toBe('412 ConditionNotMet');
      expect(await textOf(blob)).toBe('second');
      await blob.delete({ conditions: { ifMatch: second } });
    });

    test('keep a commit from overwriting', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('once');
      const id = Buffer.from('1').toString('base64');
      await blob.stageBlock(id, 'once', 4);
      await blob.commitBlockList([id], { conditions: { ifNoneMatch: '*' } });
      await blob.stageBlock(id, 'more', 4);
      expect(await refusal(blob.commitBlockList([id], { conditions: { ifNoneMatch: '*' } }))).toBe('409 BlobAlreadyExists');
      expect(await textOf(blob)).toBe('once');
    });

    test('decide over leases, copies and containers', async () => {
      const container = await fixture.newContainer();
      const blob = await put(container, 'b', 'first');
      const { etag: first } = await blob.getProperties();
      const { etag: second } = await blob.upload('second', 6);
      const lease = blob.getBlobLeaseClient();
      expect(await refusal(lease.acquireLease(15, { conditions: { ifMatch: first } }))).toBe('412 ConditionNotMet');
      await lease.acquireLease(15, { conditions: { ifMatch: second } });
      await lease.releaseLease();

      const copy = container.getBlockBlobClient('copy');
      expect(await refusal(copy.syncCopyFromURL(blob.url, { sourceConditions: { ifMatch: first } }))).toBe(storage === 'azurite' ? '412 ConditionNotMet' : '412 SourceConditionNotMet');
      await copy.syncCopyFromURL(blob.url, { sourceConditions: { ifMatch: second } });
      expect(await refusal(copy.syncCopyFromURL(blob.url, { conditions: { ifMatch: first } }))).toBe('412 ConditionNotMet');

      const { lastModified } = await container.getProperties();
      const before = new Date(lastModified!.getTime() - 60_000);
      expect(await refusal(container.delete({ conditions: { ifUnmodifiedSince: before } }))).toBe('412 ConditionNotMet');
      expect(await refusal(container.setMetadata({ a: 'b' }, { conditions: { ifModifiedSince: lastModified } }))).toBe('412 ConditionNotMet');
      await container.delete({ conditions: { ifModifiedSince: before } });
    });

    fixture.notAzurite('it does not look at x-ms-if-tags')('on tags', async () => {
      const blob = (await fixture.newContainer()).getBlockBlobClient('tagged');
      await blob.upload('x', 1, { tags: { state: 'draft' } });
      expect(await refusal(blob.getProperties({ conditions: { tagConditions: `"state" = 'final'` } }))).toBe('412 ConditionNotMet');
      await blob.setTags({ state: 'final' }, { conditions: { tagConditions: `"state" = 'draft'` } });
      await blob.getProperties({ conditions: { tagConditions: `"state" = 'final'` } });
    });
  });

  describe('leases', () => {
    test('protect a blob and are changed, renewed, broken and released', async () => {
      const blob = await put(await fixture.newContainer(), 'leased');
      const lease = blob.getBlobLeaseClient();
      await lease.acquireLease(15);
      expect(await blob.getProperties()).toMatchObject({ leaseState: 'leased', leaseStatus: 'locked', leaseDuration: 'fixed' });
      expect(await refusal(blob.upload('no', 2))).toBe('412 LeaseIdMissing');
      expect(await refusal(blob.delete())).toBe('412 LeaseIdMissing');
      expect(await refusal(blob.getBlobLeaseClient().acquireLease(15))).toBe('409 LeaseAlreadyPresent');
      const other = '11111111-2222-3333-4444-555555555555';
      expect(await refusal(blob.upload('no', 2, { conditions: { leaseId: other } }))).toBe('412 LeaseIdMismatchWithBlobOperation');
      await blob.upload('yes', 3, { conditions: { leaseId: lease.leaseId } });
      await lease.changeLease(other);
      expect(lease.leaseId).toBe(other);
      await lease.renewLease();
      const { leaseTime } = await lease.breakLease(5);
      expect(leaseTime).toBeGreaterThan(0);
      expect((await blob.getProperties()).leaseState).toBe('breaking');
      await lease.breakLease(0);
      expect((await blob.getProperties()).leaseState).toBe('broken');
      await blob.upload('free', 4);
      expect((await blob.getProperties()).leaseState).toBe('available');
      expect(await refusal(lease.releaseLease())).toBe('409 LeaseIdMismatchWithLeaseOperation'); // a write forgets it
      await lease.acquireLease(-1);
      await lease.releaseLease();
      expect((await blob.getProperties()).leaseState).toBe('available');
      expect(await refusal(lease.acquireLease(14))).toBe('400 InvalidHeaderValue');
    });
  });

  describe('properties', () => {
    test('headers, metadata and tier are set apart from the content', async () => {
      const blob = await put(await fixture.newContainer(), 'properties', 'content');
      const { etag } = await blob.getProperties();
      await blob.setHTTPHeaders({ blobContentType: 'text/plain', blobCacheControl: 'no-store' });
      await blob.setMetadata({ title: 'Gr%C3%BC%C3%9Fe', n: '1' });
      await blob.setAccessTier('Cool');
      const properties = await blob.getProperties();
      expect(properties).toMatchObject({
        contentType: 'text/plain', cacheControl: 'no-store', metadata: { title: 'Gr%C3%BC%C3%9Fe', n: '1' }, accessTier: 'Cool', contentLength: 7,
      });
      expect(properties.etag).not.toBe(etag);
      await blob.setMetadata();
      expect((await blob.getProperties()).metadata).toEqual({});
      expect(await refusal(blob.setAccessTier('P10'))).toMatch(/^400 /); // a page blob's
    });

    test('an archived blob is not read until it is thawed', async () => {
      const blob = await put(await fixture.newContainer(), 'archived', 'ice');
      await blob.setAccessTier('Archive');
      expect((await blob.getProperties()).accessTier).toBe('Archive');
      await fixture.butAzurite('it reads on', async () => {
        expect(await refusal(blob.download())).toBe('409 BlobArchived');
      });
      await blob.setAccessTier('Hot');
      await fixture.butAzurite('it was readable all along', async () => expect(await textOf(blob)).toBe('ice'));
    });

    test('more than 8 KiB of metadata is refused', { skip: storage === 'azurite' /* it takes any amount */ }, async () => {
      const blob = await put(await fixture.newContainer(), 'wordy');
      await blob.setMetadata({ a: 'x'.repeat(8 * 1024 - 1) });
      expect(await refusal(blob.setMetadata({ a: 'x'.repeat(8 * 1024) }))).toBe('400 MetadataTooLarge');
    });
  });

  describe('snapshots', () => {
    test('keep what the blob was', async () => {
      const container = await fixture.newContainer();
      const blob = container.getBlockBlobClient('seen');
      await blob.upload('old', 3, { metadata: { version: '1' } });
      const { snapshot } = await blob.createSnapshot();
      await blob.upload('newer', 5);
      const old = blob.withSnapshot(snapshot!);
      expect(await textOf(old)).toBe('old');
      expect((await old.getProperties()).metadata).toEqual({ version: '1' });
      expect(await textOf(blob)).toBe('newer');
      expect(await refusal(blob.delete())).toBe('409 SnapshotsPresent');
      await blob.syncCopyFromURL(old.url); // which is how a snapshot is restored
      expect(await textOf(blob)).toBe('old');
      await blob.delete({ deleteSnapshots: 'only' });
      expect(await refusal(old.getProperties())).toMatch(/^404/);
      expect(await textOf(blob)).toBe('old');
      const { snapshot: second } = await blob.createSnapshot();
      await blob.delete({ deleteSnapshots: 'include' });
      expect(await refusal(blob.withSnapshot(second!).getProperties())).toMatch(/^404/);
    });
  });

  describe('deletion', () => {
    test('is told apart from absence', async () => {
      const container = await fixture.newContainer();
      const blob = await put(container, 'gone');
      expect((await blob.deleteIfExists()).succeeded).toBe(true);
      expect((await blob.deleteIfExists()).succeeded).toBe(false);
      expect(await refusal(blob.download())).toBe('404 BlobNotFound');
      expect(await refusal(fixture.service.getContainerClient('absent').getBlobClient('b').download())).toBe('404 ContainerNotFound');
    });

    fixture.notAzurite('it has no soft delete')('is taken back while the retention lasts', async () => {
      await fixture.service.setProperties({ deleteRetentionPolicy: { enabled: true, days: 1 } });
      const container = await fixture.newContainer();
      const blob = container.getBlockBlobClient('undeleted');
      await blob.upload('precious', 8, { metadata: { kind: 'photo' } });
      await blob.delete();
      expect(await blob.exists()).toBe(false);
      expect(await all(container.listBlobsFlat())).toEqual([]);
      const [listed] = await all(container.listBlobsFlat({ includeDeleted: true }));
      expect(listed).toMatchObject({ name: 'undeleted', deleted: true, properties: { remainingRetentionDays: expect.any(Number) } });
      await blob.undelete();
      expect(await textOf(blob)).toBe('precious');
      expect((await blob.getProperties()).metadata).toEqual({ kind: 'photo' });
      await fixture.service.setProperties({ deleteRetentionPolicy: { enabled: false } });
      await blob.delete();
      expect(await refusal(blob.undelete())).toMatch(/^done|^404/);
      expect(await blob.exists()).toBe(false);
    });
  });

  describe('tags', () => {
    test('are set, read, and found by', async () => {
      const container = await fixture.newContainer();
      for (const [name, age] of [['kitten', '1'], ['cat', '5'], ['old cat', '15']] as const) {
        await container.getBlockBlobClient(name).upload(name, name.length, { tags: { kind: 'cat', age: age.padStart(2, '0') } });
      }
      await put(container, 'untagged');
      const found = async (where: string) => (await all(fixture.service.findBlobsByTags(where))).map(({ name }) => name).sort();
      const here = `@container = '${container.containerName}' AND `;
      expect(await found(`${here}"kind" = 'cat'`)).toEqual(['cat', 'kitten', 'old cat']);
      expect(await found(`${here}"age" >= '05' AND "age" < '15'`)).toEqual(['cat']);
      expect(await found(`${here}"kind" = 'dog'`)).toEqual([]);
      const inside = await all(container.findBlobsByTags(`"age" = '01'`));
      expect(inside.map(({ name, tags, containerName }) => [name, containerName, tags])).toEqual([['kitten', container.containerName, { age: '01' }]]);

      const blob = container.getBlockBlobClient('kitten');
      await blob.setTags({ kind: 'dog' });
      expect((await blob.getTags()).tags).toEqual({ kind: 'dog' });
      expect(await found(`${here}"kind" = 'dog'`)).toEqual(['kitten']);
      const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`tag${i}`, 'x']));
      expect(await refusal(blob.setTags(eleven))).toMatch(/^400 /);
    });
  });

  describe('copies', () => {
    const content = noise(300_000, 7);

    async function source(): Promise<{ from: ContainerClient; to: ContainerClient; url: string }> {
      const [from, to] = [await fixture.newContainer(), await fixture.newContainer()];
      const blob = from.getBlockBlobClient('source / with ünïcödé');
      await blob.uploadData(content, { blockSize: 1 << 16, maxSingleShotSize: 1, blobHTTPHeaders: { blobContentType: 'image/png' }, metadata: { a: '1' } });
      return { from, to, url: blob.url };
    }

    test('from another container, started and awaited', async () => {
      const { to, url } = await source();
      const copy = to.getBlockBlobClient('copy');
      const done = await (await copy.beginCopyFromURL(url)).pollUntilDone();
      expect(done.copyStatus).toBe('success');
      const properties = await copy.getProperties();
      expect(properties).toMatchObject({ contentType: 'image/png', metadata: { a: '1' }, copyStatus: 'success', copyId: done.copyId });
      expectBytes(await copy.downloadToBuffer(), content);
      expect(await refusal(copy.abortCopyFromURL(done.copyId!))).toBe('409 NoPendingCopyOperation');
    });

    test('in one request, with other metadata', async () => {
      const { to, url } = await source();
      const copy = to.getBlockBlobClient('copy');
      const done = await copy.syncCopyFromURL(url, { metadata: { b: '2' } });
      expect(done.copyStatus).toBe('success');
      expect((await copy.getProperties()).metadata).toEqual({ b: '2' });
      expectBytes(await copy.downloadToBuffer(), content);
      expect(await refusal(copy.syncCopyFromURL(`${url}-absent`))).toMatch(/^404 /);
      expect(await refusal(copy.syncCopyFromURL(url, { conditions: { ifNoneMatch: '*' } }))).toBe('409 BlobAlreadyExists');
    });

    fixture.notAzurite('it has neither Put Blob From URL nor Put Block From URL')('as content and as blocks', async () => {
      const { from, to } = await source();
      const signed = await from.getBlobClient('source / with ünïcödé').generateSasUrl({
        expiresOn: new Date(Date.now() + 3_600_000), permissions: BlobSASPermissions.parse('r'),
      });
      const whole = to.getBlockBlobClient('whole');
      await whole.syncUploadFromURL(signed);
      expectBytes(await whole.downloadToBuffer(), content);
      const parts = to.getBlockBlobClient('parts');
      const ids = ['1', '2'].map((text) => Buffer.from(text).toString('base64'));
      await parts.stageBlockFromURL(ids[0]!, signed, 100, 1000);
      await parts.stageBlockFromURL(ids[1]!, signed, 200_000, 50);
      await parts.commitBlockList(ids);
      expectBytes(await parts.downloadToBuffer(), Buffer.concat([content.subarray(100, 1100), content.subarray(200_000, 200_050)]));
      const unsigned = signed.split('?')[0]!;
      expect(await refusal(whole.syncUploadFromURL(unsigned.replace(from.containerName, 'nowhere')))).toBe('404 CannotVerifyCopySource');
    });
  });

  describe('batches', () => {
    test('delete and set tiers of many blobs at once', async () => {
      const container = await fixture.newContainer();
      const names = ['a', 'b c', 'ünïcödé/ß', 'd?e#f'];
      const blobs = await Promise.all(names.map((name) => put(container, name)));
      const batch = fixture.service.getBlobBatchClient();
      const tiers = await batch.setBlobsAccessTier(blobs, 'Cool');
      expect(tiers).toMatchObject({ subResponsesSucceededCount: 4, subResponsesFailedCount: 0 });
      for (const blob of blobs) expect((await blob.getProperties()).accessTier).toBe('Cool');
      const deleted = await batch.deleteBlobs([...blobs.slice(0, 3), container.getBlockBlobClient('absent')]);
      expect(deleted).toMatchObject({ subResponsesSucceededCount: 3, subResponsesFailedCount: 1 });
      expect(deleted.subResponses.at(-1)).toMatchObject({ status: 404, errorCode: 'BlobNotFound' });
      expect((await all(container.listBlobsFlat())).map(({ name }) => name)).toEqual(['d?e#f']);
    });

    fixture.notAzurite('it answers a container’s batch as the service’s, and only in part')('stay within a container when they begin there', async () => {
      const [container, other] = [await fixture.newContainer(), await fixture.newContainer()];
      const [mine, theirs] = [await put(container, 'mine'), await put(other, 'theirs')];
      const { subResponses } = await container.getBlobBatchClient().deleteBlobs([mine, theirs]);
      expect(subResponses[0]!.status).toBe(202);
      expect(await mine.exists()).toBe(false);
      expect(subResponses[1]!.status).toBeGreaterThanOrEqual(400);
      expect(await theirs.exists()).toBe(true);
    });
  });
});
