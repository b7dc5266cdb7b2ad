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
const cleanEnvironment = { AZURE_STORAGE_CONNECTION_STRING: undefined, AzureWebJobsStorage: undefined, VALETKEY_STORAGE: undefined };

/** Starts the built binary on ports that the kernel chooses. */
export async function startValetkey(storage: Storage, args: string[] = []): Promise<Server> {
  const folder = await temporaryFolder();
  const azurite = storage === 'azurite' ? await startAzurite() : undefined;
  const server = Running.start(
    binary,
    ['serve', '--listen', '127.0.0.1:0', '--storage-listen', '127.0.0.1:0', '--data', folder.path, ...args],
    { ...cleanEnvironment, VALETKEY_STORAGE: azurite?.connectionString },
  );
  const [, url] = await server.says(/App and API\s+(\S+)\n/);
  const [, blobUrl] = await server.says(/Blob service\s+(\S+)/);
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
  const [, key] = await command.says(/AccountKey=([^;\n]+)/);
  await command.ends();
  return key;
}

/** Starts Azurite's Blob service with an empty folder. */
export async function startAzurite(): Promise<{ connectionString: string; blobUrl: string; close: () => Promise<void> }> {
  const folder = await temporaryFolder();
  const azurite = Running.start(process.execPath, [
    path.join(root, 'node_modules/azurite/dist/src/blob/main.js'),
    '--blobPort', '0', '--location', folder.path, '--skipApiVersionCheck', '--disableTelemetry', '--silent',
  ]);
  const [, address] = await azurite.says(/successfully listens on (http:\S+)/);
  const blobUrl = `${address.replace(/\/$/, '')}/${devAccount}`;
  return {
    blobUrl,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${devAccount};AccountKey=${devKey};BlobEndpoint=${blobUrl}`,
    close: async () => {
      await azurite.stop();
      await folder.remove();
    },
  };
}
