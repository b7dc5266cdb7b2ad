import {
  AccountSASPermissions, AccountSASResourceTypes, AccountSASServices, AnonymousCredential, BlobClient, BlobSASPermissions,
  type BlobSASSignatureValues, BlobServiceClient, BlockBlobClient, ContainerClient, ContainerSASPermissions, SASProtocol,
  StorageSharedKeyCredential, generateAccountSASQueryParameters, generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import { BlobServiceFixture, all, oneTry, put, refusal, textOf } from '../support/sdk.ts';
import { devAccount, devKey, storages } from '../support/servers.ts';

const hour = 3_600_000;
const later = () => new Date(Date.now() + hour);
const anonymous = new AnonymousCredential();

/** Every kind of shared access signature that an account key makes, and what each lets through. */
describe.each(storages)('signatures of @azure/storage-blob on %s', (storage) => {
  const fixture = new BlobServiceFixture(storage);
  const unauthenticated = storage === 'azurite' ? '403 AuthorizationFailure' : '403 AuthenticationFailed'; // the latter is Azure's
  const key = new StorageSharedKeyCredential(devAccount, devKey);

  /** A client of a blob that has nothing but a service SAS. */
  function signed(name: string, values: BlobSASSignatureValues): BlockBlobClient {
    const query = generateBlobSASQueryParameters(values, key);
    return new BlockBlobClient(`${fixture.running.blobUrl}/${values.containerName}/${encodeURIComponent(name)}?${query}`, anonymous, oneTry);
  }
  const permissions = (text: string) => BlobSASPermissions.parse(text);

  test('a blob’s SAS opens that blob, for what it says', async () => {
    const { containerName } = await fixtureWith('mine / ü', 'other');
    const reader = signed('mine / ü', { containerName, blobName: 'mine / ü', permissions: permissions('r'), expiresOn: later() });
    expect(await textOf(reader)).toBe('mine / ü');
    expect(await refusal(reader.upload('x', 1))).toBe('403 AuthorizationPermissionMismatch');
    expect(await refusal(reader.delete())).toBe('403 AuthorizationPermissionMismatch');
    const other = signed('other', { containerName, blobName: 'mine / ü', permissions: permissions('r'), expiresOn: later() });
    expect(await refusal(other.download())).toBe(unauthenticated);
    const writer = signed('mine / ü', { containerName, blobName: 'mine / ü', permissions: permissions('w'), expiresOn: later() });
    await writer.uploadData(Buffer.from('in blocks'), { blockSize: 4, maxSingleShotSize: 1 });
    expect(await refusal(writer.download())).toBe('403 AuthorizationPermissionMismatch');
    expect(await textOf(reader)).toBe('in blocks');
  });

  test('creating is not overwriting', async () => {
    const { containerName } = await fixtureWith('old');
    const create = (blobName: string) => signed(blobName, { containerName, blobName, permissions: permissions('c'), expiresOn: later() });
    await create('new').upload('x', 1);
    expect(await refusal(create('old').upload('x', 1))).toBe(storage === 'azurite' ? '403 AuthorizationPermissionMismatch' : '403 UnauthorizedBlobOverwrite');
  });

  test('a container’s SAS opens its blobs and lists them', async () => {
    const container = await fixtureWith('a', 'b');
    const { containerName } = container;
    const query = generateBlobSASQueryParameters({ containerName, permissions: ContainerSASPermissions.parse('rl'), expiresOn: later() }, key);
    const client = new ContainerClient(`${container.url}?${query}`, anonymous, oneTry);
    expect((await all(client.listBlobsFlat())).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await textOf(client.getBlockBlobClient('b'))).toBe('b');
    expect(await refusal(client.deleteBlob('a'))).toBe('403 AuthorizationPermissionMismatch');
    const elsewhere = new ContainerClient(`${(await fixtureWith('c')).url}?${query}`, anonymous, oneTry);
    expect(await refusal(elsewhere.listBlobsFlat().next())).toBe(unauthenticated);
  });

  test('a snapshot’s SAS opens the snapshot only', async () => {
    const container = await fixtureWith('shot');
    const blob = container.getBlockBlobClient('shot');
    const { snapshot } = await blob.createSnapshot();
    const query = generateBlobSASQueryParameters(
      { containerName: container.containerName, blobName: 'shot', snapshotTime: snapshot!, permissions: permissions('r'), expiresOn: later() }, key,
    );
    const base = new BlobClient(`${blob.url}?${query}`, anonymous, oneTry);
    const old = new BlobClient(`${blob.url}?snapshot=${encodeURIComponent(snapshot!)}&${query}`, anonymous, oneTry);
    expect(await textOf(old)).toBe('shot');
    await fixture.butAzurite('it opens the blob too', async () => {
      expect(await refusal(base.download())).toBe(unauthenticated);
    });
  });

  test('a stored access policy gives its times and permissions, and takes them back', async () => {
    const container = await fixtureWith('kept');
    const { containerName } = container;
    const policy = (permissions: string) => [{ id: 'friends', accessPolicy: { startsOn: new Date(Date.now() - hour), expiresOn: later(), permissions } }];
    await container.setAccessPolicy(undefined, policy('rw'));
    const blob = signed('kept', { containerName, blobName: 'kept', identifier: 'friends' });
    expect(await textOf(blob)).toBe('kept');
    await blob.upload('more', 4);
    await container.setAccessPolicy(undefined, policy('r'));
    expect(await refusal(blob.upload('no', 2))).toBe('403 AuthorizationPermissionMismatch');
    expect(await textOf(blob)).toBe('more');
    await container.setAccessPolicy(undefined, []);
    expect(await refusal(blob.download())).toBe(unauthenticated);
  });

  test('an account’s SAS opens what its services and resource types say', async () => {
    const container = await fixtureWith('x');
    const sign = (types: string, permissions: string, services = 'b') =>
      new BlobServiceClient(
        `${fixture.running.blobUrl}?${generateAccountSASQueryParameters({
          permissions: AccountSASPermissions.parse(permissions), resourceTypes: AccountSASResourceTypes.parse(types).toString(),
          services: AccountSASServices.parse(services).toString(), startsOn: new Date(Date.now() - hour), expiresOn: later(),
        }, key)}`,
        anonymous, oneTry,
      );
    const full = sign('sco', 'rwdlactf');
    expect((await all(full.listContainers())).map(({ name }) => name)).toContain(container.containerName);
    await full.createContainer('by-account-sas');
    await put(full.getContainerClient('by-account-sas'), 'y');
    const objects = sign('o', 'r');
    expect(await textOf(objects.getContainerClient(container.containerName).getBlockBlobClient('x'))).toBe('x');
    expect(await refusal(objects.listContainers().next())).toBe('403 AuthorizationResourceTypeMismatch');
    expect(await refusal(sign('c', 'l').listContainers().next())).toBe('403 AuthorizationResourceTypeMismatch');
    expect(await refusal(sign('sco', 'r', 'q').getProperties())).toBe('403 AuthorizationServiceMismatch');
    expect(await refusal(sign('sco', 'r').createContainer('no'.repeat(2)))).toBe('403 AuthorizationPermissionMismatch');
  });

  test('time, address and protocol count', async () => {
    const { containerName } = await fixtureWith('guarded');
    const guarded = (values: Partial<BlobSASSignatureValues>) =>
      refusal(signed('guarded', { containerName, blobName: 'guarded', permissions: permissions('r'), expiresOn: later(), ...values }).download());
    expect(await guarded({})).toBe('done');
    expect(await guarded({ startsOn: new Date(Date.now() - 1000), ipRange: { start: '127.0.0.1', end: '127.0.0.9' } })).toBe('done');
    expect(await guarded({ protocol: SASProtocol.HttpsAndHttp })).toBe('done');
    expect(await guarded({ expiresOn: new Date(Date.now() - 1000) })).toBe(unauthenticated);
    expect(await guarded({ startsOn: later() })).toBe(unauthenticated);
    expect(await guarded({ protocol: SASProtocol.Https })).toBe('403 AuthorizationProtocolMismatch');
    await fixture.butAzurite('it does not look at the address', async () => {
      expect(await guarded({ ipRange: { start: '192.0.2.1' } })).toBe('403 AuthorizationSourceIPMismatch');
    });
  });

  test('a SAS says with which headers the blob is served', async () => {
    const { containerName } = await fixtureWith('served');
    const { url } = signed('served', {
      containerName, blobName: 'served', permissions: permissions('r'), expiresOn: later(), cacheControl: 'private',
      contentDisposition: 'attachment; filename="f.txt"', contentType: 'text/plain', contentLanguage: 'fr', contentEncoding: 'identity',
    });
    const { headers } = await fetch(url);
    expect(Object.fromEntries(['cache-control', 'content-disposition', 'content-type', 'content-language', 'content-encoding'].map((h) => [h, headers.get(h)]))).toEqual({
      'cache-control': 'private', 'content-disposition': 'attachment; filename="f.txt"', 'content-type': 'text/plain', 'content-language': 'fr',
      'content-encoding': 'identity',
    });
    expect((await fetch(url.replace('rsct=text%2Fplain', 'rsct=text%2Fhtml'))).status).toBe(403);
  });

  test('tags and searches need their own permissions', async () => {
    const container = await fixtureWith('tagged');
    const { containerName } = container;
    const tagger = signed('tagged', { containerName, blobName: 'tagged', permissions: permissions('t'), expiresOn: later() });
    await tagger.setTags({ kind: 'signed' });
    expect((await tagger.getTags()).tags).toEqual({ kind: 'signed' });
    const reader = signed('tagged', { containerName, blobName: 'tagged', permissions: permissions('r'), expiresOn: later() });
    expect(await refusal(reader.getTags())).toBe('403 AuthorizationPermissionMismatch');
  });

  test('another key opens nothing', async () => {
    const { containerName } = await fixtureWith('closed');
    const wrong = new StorageSharedKeyCredential(devAccount, Buffer.alloc(64, 1).toString('base64'));
    expect(await refusal(new BlobServiceClient(fixture.running.blobUrl, wrong, oneTry).getProperties())).toBe(unauthenticated);
    const query = generateBlobSASQueryParameters({ containerName, blobName: 'closed', permissions: permissions('r'), expiresOn: later() }, wrong);
    expect(await refusal(new BlobClient(`${fixture.running.blobUrl}/${containerName}/closed?${query}`, anonymous, oneTry).download())).toBe(unauthenticated);
  });

  async function fixtureWith(...names: string[]): Promise<ContainerClient> {
    const container = await fixture.newContainer();
    for (const name of names) await put(container, name);
    return container;
  }
});
