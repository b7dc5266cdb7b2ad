import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import {
  BlobSASPermissions,
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'

// The account that every Azurite and the Azure Storage Emulator have; it opens nothing else.
const account = 'devstoreaccount1'
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

export interface Azurite {
  endpoint: string
  service: BlobServiceClient
  blobSas(container: string, name: string, permissions: string, lifetime?: number): string
  containerSas(container: string, permissions: string, lifetime?: number): string
  stop(): Promise<void>
}

/** A real Azurite on a port of the kernel's choice, with CORS open for `origin`. */
export async function startAzurite(origin = '*'): Promise<Azurite> {
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js')
  const child = spawn(
    process.execPath,
    [main, '--skipApiVersionCheck', '--disableTelemetry', '--inMemoryPersistence', '--blobPort', '0', '--silent'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const endpoint = `${await listening(child)}/${account}`
  const credential = new StorageSharedKeyCredential(account, key)
  const service = new BlobServiceClient(endpoint, credential)
  await service.setProperties({
    cors: [
      {
        allowedOrigins: origin,
        allowedMethods: 'GET,PUT,OPTIONS',
        allowedHeaders: '*',
        exposedHeaders: '*',
        maxAgeInSeconds: 3600,
      },
    ],
  })
  const times = (lifetime: number) => ({
    startsOn: new Date(Date.now() - 60_000),
    expiresOn: new Date(Date.now() + lifetime),
    protocol: SASProtocol.HttpsAndHttp,
  })
  return {
    endpoint,
    service,
    blobSas: (containerName, blobName, permissions, lifetime = 600_000) =>
      generateBlobSASQueryParameters(
        { containerName, blobName, permissions: BlobSASPermissions.parse(permissions), ...times(lifetime) },
        credential,
      ).toString(),
    containerSas: (containerName, permissions, lifetime = 600_000) =>
      generateBlobSASQueryParameters(
        { containerName, permissions: ContainerSASPermissions.parse(permissions), ...times(lifetime) },
        credential,
      ).toString(),
    stop: async () => {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.once('exit', (code) => reject(new Error(`azurite ended with ${code}: ${output}`)))
    child.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const url = /successfully listens on (http:\/\/\S+)/.exec(output)?.[1]
      if (url) resolve(url)
    })
  })
}
