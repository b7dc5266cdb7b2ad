import {
  BlobServiceClient, type BlockBlobClient, type ContainerClient, type RestError, type StoragePipelineOptions,
} from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BlobService, type Storage, startBlobService } from './servers.ts';

/** What the tests make their clients with: an error is an answer to look at, not to retry. */
export const oneTry: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };

export function connect(connectionString: string, options: StoragePipelineOptions = oneTry): BlobServiceClient {
  return BlobServiceClient.fromConnectionString(connectionString, options);
}

/** Status and error code of a call that the service must refuse: `409 BlobAlreadyExists`. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { statusCode, code, response } = error as RestError;
    if (statusCode === undefined) throw error;
    return `${statusCode} ${code ?? response?.headers.get('x-ms-error-code') ?? ''}`.trim();
  }
  return 'done';
}

/** Compares at memory's speed; `toEqual` goes from byte to byte. */
export function expectBytes(actual: Buffer, expected: Buffer): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.equals(expected), 'the bytes are the same').toBe(true);
}

/** Everything that an asynchronous list gives. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** Bytes that do not repeat, the same for the same seed (a linear congruential generator). */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A Blob service for the tests of one `describe`, and what they do with it. */
export class BlobServiceFixture {
  running!: BlobService;
  service!: BlobServiceClient;
  private containers = 0;

  constructor(private readonly storage: Storage) {
    beforeAll(async () => {
      this.running = await startBlobService(storage);
      this.service = connect(this.running.connectionString);
    });
    afterAll(async () => {
      await this.running?.close();
      expect(this.running.process.stderr, 'the service’s own complaints').toBe('');
    });
  }

  /** A test of what Azurite does not have or does otherwise than Azure, for the reason given. */
  notAzurite(_reason: string) {
    return test.skipIf(this.storage === 'azurite');
  }

  /** Assertions that Azurite does not meet, for the reason given. */
  async butAzurite(_reason: string, assertions: () => unknown): Promise<void> {
    if (this.storage === 'embedded') await assertions();
  }

  async newContainer(): Promise<ContainerClient> {
    const container = this.service.getContainerClient(`container-${++this.containers}`);
    await container.create();
    return container;
  }
}

/** Writes a blob whose content is its name, unless there is another. */
export async function put(container: ContainerClient, name: string, text = name): Promise<BlockBlobClient> {
  const blob = container.getBlockBlobClient(name);
  await blob.upload(text, Buffer.byteLength(text));
  return blob;
}

export async function textOf(blob: Pick<BlockBlobClient, 'downloadToBuffer'>): Promise<string> {
  return (await blob.downloadToBuffer()).toString();
}

/** The bytes of a download that came as a stream. */
export async function bytesOf(answer: { readableStreamBody?: NodeJS.ReadableStream }): Promise<Buffer> {
  return Buffer.concat(await all(answer.readableStreamBody as AsyncIterable<Buffer>));
}
