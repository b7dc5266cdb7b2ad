import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import {
  BlobSASPermissions,
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'

// The published account of the storage emulators; it opens nothing else.
const account = 'devstoreaccount1'
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

export interface BlobService {
  endpoint: string
  service: BlobServiceClient
  blobSas(container: string, name: string, permissions: string, lifetime?: number): string
  containerSas(container: string, permissions: string, lifetime?: number): string
  stop(): Promise<void>
}

/** Valetkey's own Blob service; tests that need it are skipped where the binary was not built. */
const binary = fileURLToPath(new URL('../../../../bin/valetkey', import.meta.url))
export const haveEmbedded = existsSync(binary)

/** A real Azurite, in memory. */
export function startAzurite(): Promise<BlobService> {
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js')
  const args = ['--skipApiVersionCheck', '--disableTelemetry', '--inMemoryPersistence', '--blobPort', '0', '--silent']
  return startService(process.execPath, [main, ...args], /successfully listens on (http:\/\/[^\s/]+)/)
}

/** The service that `valetkey serve` embeds, by itself and in memory. */
export function startEmbedded(): Promise<BlobService> {
  return startService(binary, ['storage', '--dev-account', '--listen', '127.0.0.1:0', '--data', ':memory:'], /(http:\/\/127[^\s/]+)/)
}

/** Starts a Blob service on a port of the kernel's choice that knows the development account, with CORS open. */
async function startService(command: string, args: string[], says: RegExp): Promise<BlobService> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const endpoint = `${await listening(child, says)}/${account}`
  const credential = new StorageSharedKeyCredential(account, key)
  const service = new BlobServiceClient(endpoint, credential)
  await service.setProperties({
    cors: [
      {
        allowedOrigins: '*',
        allowedMethods: 'GET,PUT,OPTIONS',
        allowedHeaders: '*',
        exposedHeaders: '*',
        maxAgeInSeconds: 3600,
      },
    ],
  })
  const times = (lifetime: number) => ({
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

function listening(child: ChildProcess, says: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}: ${output}`)))
    const hear = (chunk: Buffer): void => {
      output += chunk.toString()
      const url = says.exec(output)?.[1]
      if (url) resolve(url)
    }
    child.stdout!.on('data', hear)
    child.stderr!.on('data', hear)
  })
}
