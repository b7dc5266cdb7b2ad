import path from 'node:path';
import { Running, root, temporaryFolder } from './process.ts';

/** The storages that every end-to-end test runs against. */
export const storages = ['embedded', 'azurite'] as const;
export type Storage = (typeof storages)[number];

/** The account and key that Azurite and `valetkey storage --dev-account` answer to; they are published. */
export const devAccount = 'devstoreaccount1';
export const devKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export interface Server {
  url: string;
  blobUrl: string;
  accountKey: string;
  dataFolder: string;
  process: Running;
  close: () => Promise<void>;
}

export const binary = path.join(root, 'bin/valetkey');

/** An environment in which the tester's own account is not used by accident. */
const cleanEnvironment = {
  AZURE_STORAGE_CONNECTION_STRING: undefined,
  AzureWebJobsStorage: undefined,
  VALETKEY_STORAGE: undefined,
  VALETKEY_ACCOUNTS: undefined,
  AZURITE_ACCOUNTS: undefined,
};

/** Starts the built binary on ports that the kernel chooses. */
export async function startValetkey(storage: Storage, args: string[] = []): Promise<Server> {
  const folder = await temporaryFolder();
  const azurite = storage === 'azurite' ? await startAzurite() : undefined;
  const server = Running.start(
    binary,
    ['serve', '--listen', '127.0.0.1:0', '--storage-listen', '127.0.0.1:0', '--data', folder.path, ...args],
    { ...cleanEnvironment, VALETKEY_STORAGE: azurite?.connectionString },
  );
  const url = await server.tells(/App and API\s+(\S+)\n/);
  const blobUrl = await server.tells(/Blob service\s+(\S+)/);
  return {
    url,
    blobUrl,
    accountKey: azurite ? devKey : await embeddedKey(folder.path),
    dataFolder: folder.path,
    process: server,
    close: async () => {
      await server.stop();
      await azurite?.close();
      await folder.remove();
    },
  };
}

/** The key of the embedded service, as its own command tells it. */
async function embeddedKey(data: string): Promise<string> {
  const command = Running.start(binary, ['connection-string', '--data', data], cleanEnvironment);
  const key = await command.tells(/AccountKey=([^;\n]+)/);
  await command.ends();
  return key;
}

export interface BlobService {
  /** The account's URL, without a final slash. */
  blobUrl: string;
  connectionString: string;
  process: Running;
  close: () => Promise<void>;
}

/** The embedded service alone, as `valetkey storage` runs it. */
export interface StorageService extends BlobService {
  dataFolder: string;
  account: string;
  key: string;
}

export interface StorageOptions {
  data?: string;
  /** HOST:PORT, or where it listens unless told. */
  listen?: string | 'default';
  env?: NodeJS.ProcessEnv;
  /** The first account's key, where it is neither the development account's nor in the data folder. */
  key?: string;
}

/**
 * Starts `valetkey storage` on a port that the kernel chooses, with the development account unless other arguments name
 * accounts. Without `data` it gets an empty folder, which goes with it.
 */
export async function startStorage(args: string[] = ['--dev-account'], options: StorageOptions = {}): Promise<StorageService> {
  const folder = options.data === undefined ? await temporaryFolder() : undefined;
  const dataFolder = options.data ?? folder!.path;
  const service = Running.start(
    binary,
    ['storage', ...(options.listen === 'default' ? [] : ['--listen', options.listen ?? '127.0.0.1:0']), '--data', dataFolder, ...args],
    { ...cleanEnvironment, ...options.env },
  );
  const [, blobUrl] = await service.says(/Blob service: (\S+)\n/);
  const account = new URL(blobUrl!).pathname.slice(1);
  const key = options.key ?? (account === devAccount ? devKey : await embeddedKey(dataFolder));
  return {
    blobUrl: blobUrl!,
    account,
    key,
    connectionString: connectionString(blobUrl!, account, key),
    dataFolder,
    process: service,
    close: async () => {
      await service.stop();
      await folder?.remove();
    },
  };
}

/** Starts a Blob service of either kind, with the development account and nothing in it. */
export function startBlobService(storage: Storage): Promise<BlobService> {
  return storage === 'azurite' ? startAzurite() : startStorage();
}

export function connectionString(blobUrl: string, account: string, key: string): string {
  return `DefaultEndpointsProtocol=${new URL(blobUrl).protocol.slice(0, -1)};AccountName=${account};AccountKey=${key};BlobEndpoint=${blobUrl};`;
}

/** Starts Azurite's Blob service with an empty folder. */
export async function startAzurite(): Promise<BlobService> {
  const folder = await temporaryFolder();
  const azurite = Running.start(process.execPath, [
    path.join(root, 'node_modules/azurite/dist/src/blob/main.js'),
    '--blobPort', '0', '--location', folder.path, '--skipApiVersionCheck', '--disableTelemetry', '--silent',
  ]);
  const address = await azurite.tells(/successfully listens on (http:\S+)/);
  const blobUrl = `${address.replace(/\/$/, '')}/${devAccount}`;
  return {
    blobUrl,
    process: azurite,
    connectionString: connectionString(blobUrl, devAccount, devKey),
    close: async () => {
      await azurite.stop();
      await folder.remove();
    },
  };
}
