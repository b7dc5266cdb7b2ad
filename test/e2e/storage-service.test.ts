import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, type AgentOptions, type IncomingMessage } from 'node:http';
import { get } from 'node:https';
import path from 'node:path';
import { connect as connectTLS } from 'node:tls';
import {
  AnonymousCredential, BlobClient, BlobSASPermissions, type BlobSASSignatureValues, BlobServiceClient, BlockBlobClient, type RequestPolicyFactory,
  StorageSharedKeyCredential, generateBlobSASQueryParameters, newPipeline,
} from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Certificate, trusting, writeCertificate } from '../support/certificate.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { temporaryFolder } from '../support/process.ts';
import { all, connect, expectBytes, noise, oneTry, put, refusal, textOf } from '../support/sdk.ts';
import { type StorageService, connectionString, devAccount, devKey, startStorage } from '../support/servers.ts';

const newKey = () => randomBytes(64).toString('base64');

describe('valetkey storage', () => {
  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });

  async function start(...args: Parameters<typeof startStorage>): Promise<StorageService> {
    const service = await startStorage(...args);
    ending.push(service.close);
    return service;
  }

  test('is what UseDevelopmentStorage=true means', async (context) => {
    try {
      await start(['--dev-account'], { listen: 'default' });
    } catch (error) {
      context.skip(/address already in use/.test(String(error)), 'another program has port 10000');
      throw error;
    }
    const service = connect('UseDevelopmentStorage=true');
    const container = service.getContainerClient('development');
    await container.create();
    await put(container, 'hello');
    expect(await textOf(container.getBlockBlobClient('hello'))).toBe('hello');
  });

  test('prints a connection string that works', async () => {
    const { process } = await start(['--dev-account']);
    const [, text] = await process.says(/(DefaultEndpointsProtocol=\S+)/);
    expect(await all(connect(text!).listContainers())).toEqual([]);
  });

  test('serves versions that are newer than itself', async () => {
    const running = await start();
    const newer: RequestPolicyFactory = {
      create: (next) => ({
        sendRequest: (request) => {
          request.headers.set('x-ms-version', '2099-12-31');
          return next.sendRequest(request);
        },
      }),
    };
    const pipeline = newPipeline(new StorageSharedKeyCredential(devAccount, devKey), oneTry);
    pipeline.factories.push(newer);
    const service = new BlobServiceClient(running.blobUrl, pipeline);
    const { containerClient, containerCreateResponse } = await service.createContainer('newer');
    expect(containerCreateResponse._response.request.headers.get('x-ms-version')).toBe('2099-12-31');
    await put(containerClient, 'b');
    expect((await all(containerClient.listBlobsFlat())).map(({ name }) => name)).toEqual(['b']);
    const signed = await connect(running.connectionString).getContainerClient('newer').getBlobClient('b')
      .generateSasUrl({ permissions: BlobSASPermissions.parse('r'), expiresOn: new Date(Date.now() + 60_000) });
    expect((await fetch(`${signed}&api-version=2099-12-31`)).status).toBe(200);
  });

  test('is reached by host-style URLs', async () => {
    const running = await start();
    const { port } = new URL(running.blobUrl);
    // Not every resolver knows that *.localhost is this machine (RFC 6761, 6.3).
    const agent = new Agent({ lookup: ((_host, options, done) => lookup('127.0.0.1', options, done)) as AgentOptions['lookup'] });
    const service = new BlobServiceClient(
      `http://${devAccount}.blob.localhost:${port}`, new StorageSharedKeyCredential(devAccount, devKey), { ...oneTry, ...{ agent } },
    );
    const { containerClient } = await service.createContainer('hosts');
    const blob = await put(containerClient, 'a/b ü');
    expect((await all(containerClient.listBlobsByHierarchy('/'))).map(({ name }) => name)).toEqual(['a/']);
    const signed = await blob.generateSasUrl({ permissions: BlobSASPermissions.parse('r'), expiresOn: new Date(Date.now() + 60_000) });
    expect(await textOf(new BlockBlobClient(signed, new AnonymousCredential(), { ...oneTry, ...{ agent } }))).toBe('a/b ü');
    const copy = containerClient.getBlockBlobClient('copy');
    await copy.syncCopyFromURL(signed);
    expect(await textOf(copy)).toBe('a/b ü');
    expect(await textOf(connect(running.connectionString).getContainerClient('hosts').getBlockBlobClient('copy'))).toBe('a/b ü');
    agent.destroy();
  });

  test('takes several accounts, with two keys each, from AZURITE_ACCOUNTS', async () => {
    const [one, first, second] = [newKey(), newKey(), newKey()];
    const running = await start([], { env: { AZURITE_ACCOUNTS: `one:${one};two:${first}:${second}` }, key: one });
    expect(running.account).toBe('one');
    const two = running.blobUrl.replace(/one$/, 'two');
    await connect(running.connectionString).createContainer('mine');
    await connect(connectionString(two, 'two', first)).createContainer('theirs');
    expect((await all(connect(connectionString(two, 'two', second)).listContainers())).map(({ name }) => name)).toEqual(['theirs']);
    expect(await refusal(connect(connectionString(two, 'two', one)).getProperties())).toBe('403 AuthenticationFailed');
  });

  test('changes keys without a restart', async () => {
    const running = await start([]);
    const file = path.join(running.dataFolder, 'account.key');
    const [name, old] = (await readFile(file, 'utf8')).trim().split(':');
    const fresh = newKey();
    const opens = (key: string) => refusal(connect(connectionString(running.blobUrl, name!, key)).getProperties());
    expect([await opens(old!), await opens(fresh)]).toEqual(['done', '403 AuthenticationFailed']);
    await writeFile(file, `${name}:${old}:${fresh}\n`);
    await expect.poll(() => opens(fresh), { timeout: 20_000 }).toBe('done');
    expect(await opens(old!)).toBe('done');
    await writeFile(file, `${name}:${fresh}\n`);
    await expect.poll(() => opens(old!), { timeout: 20_000 }).toBe('403 AuthenticationFailed');
    expect(await opens(fresh)).toBe('done');
  });

  test('keeps its data, and only where it is told to', async () => {
    const folder = await temporaryFolder();
    ending.push(folder.remove);
    const first = await startStorage(['--dev-account'], { data: folder.path });
    const { containerClient } = await connect(first.connectionString).createContainer('kept');
    await put(containerClient, 'b');
    expect(await first.process.stop()).toBe(0);
    const again = await start(['--dev-account'], { data: folder.path });
    expect(await textOf(connect(again.connectionString).getContainerClient('kept').getBlockBlobClient('b'))).toBe('b');
    const memory = await start(['--dev-account'], { data: ':memory:' });
    expect(await all(connect(memory.connectionString).listContainers())).toEqual([]);
  });
});

describe('valetkey storage over HTTPS', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let certificate: Certificate;
  let issuer: Issuer;
  let running: StorageService;

  beforeAll(async () => {
    folder = await temporaryFolder();
    certificate = writeCertificate(folder.path);
    issuer = await startIssuer();
    running = await startStorage(['--dev-account', '--tls-cert', certificate.cert, '--tls-key', certificate.key, '--oidc-issuer', issuer.url]);
  });
  afterAll(async () => {
    await running?.close();
    await issuer?.close();
    await folder?.remove();
  });

  const options = () => ({ ...oneTry, ...trusting(certificate) });

  async function statusOf(url: string, headers: Record<string, string>): Promise<number> {
    const [response] = (await once(get(url, { headers, ...trusting(certificate).tlsOptions }), 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode!;
  }

  test('carries large blobs', async () => {
    expect(running.blobUrl).toMatch(/^https:/);
    const content = noise(20_000_000, 4);
    const { containerClient } = await connect(running.connectionString, options()).createContainer('encrypted');
    const blob = containerClient.getBlockBlobClient('large');
    await blob.uploadData(content, { blockSize: 4 << 20, concurrency: 3 });
    expectBytes(await blob.downloadToBuffer(), content);
    await expect(connect(running.connectionString).getProperties()).rejects.toThrow(/self-signed/);
  });

  test('knows users by their tokens, who sign with a delegation key', async () => {
    const oid = '11111111-1111-1111-1111-111111111111';
    const credential = (claims: object = {}) => {
      const token = issuer.token({ sub: 'someone', oid, tid: '22222222-2222-2222-2222-222222222222', ...claims });
      return { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
    };
    const service = new BlobServiceClient(running.blobUrl, credential(), options());
    const { containerClient } = await service.createContainer('delegated');
    const { containerName } = containerClient;
    await put(containerClient, 'b');
    const stranger = new BlobServiceClient(running.blobUrl, credential({ aud: 'https://vault.azure.net' }), options());
    expect(await refusal(stranger.getProperties())).toBe('401 InvalidAuthenticationInfo');

    const expiresOn = new Date(Date.now() + 3_600_000);
    const key = await service.getUserDelegationKey(new Date(), expiresOn);
    expect(key.signedObjectId).toBe(oid);
    const signed = (values: Partial<BlobSASSignatureValues>) => {
      const query = generateBlobSASQueryParameters(
        { containerName, blobName: 'b', permissions: BlobSASPermissions.parse('r'), expiresOn, ...values }, key, devAccount,
      );
      return new BlockBlobClient(`${containerClient.url}/b?${query}`, new AnonymousCredential(), options());
    };
    expect(await textOf(signed({}))).toBe('b');
    expect(await textOf(signed({ correlationId: '33333333-3333-3333-3333-333333333333' }))).toBe('b');
    expect(await refusal(signed({}).delete())).toBe('403 AuthorizationPermissionMismatch');
    for (const version of ['2018-11-09', '2020-02-10', '2020-12-06', '2025-07-05']) expect(await textOf(signed({ version }))).toBe('b');
    const bound = signed({ requestHeaders: { 'x-ms-client-request-id': 'bound' } });
    expect(await refusal(bound.download())).toBe('403 AuthenticationFailed');
    expect(await statusOf(bound.url, { 'x-ms-client-request-id': 'bound' })).toBe(200);
    expect(await statusOf(bound.url, { 'x-ms-client-request-id': 'another' })).toBe(403);
    expect(await refusal(new BlobClient(signed({}).url.replace('sp=r', 'sp=rd'), new AnonymousCredential(), options()).download())).toBe('403 AuthenticationFailed');
  });

  test('takes a renewed certificate into use', async () => {
    const serial = async () => {
      const socket = connectTLS({ host: '127.0.0.1', port: Number(new URL(running.blobUrl).port), rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const before = await serial();
    certificate = writeCertificate(folder.path);
    await expect.poll(serial, { timeout: 20_000 }).not.toBe(before);
    await connect(running.connectionString, options()).getProperties(); // which trusts the new one only
  });
});
