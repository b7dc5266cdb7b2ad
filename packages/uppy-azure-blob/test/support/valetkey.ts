import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BlobService } from './blob-service.js'

interface Pending {
  size: number
  type: string
  photo?: object
}

export interface StandIn {
  endpoint: string
  /** Method and path of every request that came in. */
  calls: string[]
  /** How long the SAS that it hands out live, in milliseconds. */
  lifetime: number
  blockSize: number
  stop(): Promise<void>
}

/**
 * The upload half of Valetkey's JSON API over a real Blob service, for tests of the plugin alone: it grants, lists what is
 * staged, adds up and commits, but looks at no pixel.
 */
export async function startStandIn(service: BlobService, container = 'images'): Promise<StandIn> {
  const images = service.service.getContainerClient(container)
  await images.createIfNotExists()
  const uploads = new Map<string, Pending>()

  const grant = (id: string) => {
    const blob = images.getBlobClient(id)
    return {
      id,
      url: `${blob.url}?${service.blobSas(container, id, 'w', standIn.lifetime)}`,
      blockSize: standIn.blockSize,
      expiresAt: new Date(Date.now() + standIn.lifetime).toISOString(),
    }
  }
  const staged = async (id: string) => {
    try {
      const list = await images.getBlockBlobClient(id).getBlockList('uncommitted')
      return (list.uncommittedBlocks ?? []).map(({ name, size }) => ({ id: name, size }))
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return []
      throw error
    }
  }
  const complete = async (id: string, upload: Pending, response: ServerResponse) => {
    if (upload.photo === undefined) {
      const blocks = await staged(id)
      const sum = blocks.reduce((total, block) => total + block.size, 0)
      if (sum !== upload.size) return problem(response, 409, 'Blocks are missing', `${sum} of ${upload.size} bytes arrived`)
      // Sorted by number: base64 itself does not sort like what it encodes.
      const ids = blocks.map((block) => block.id).sort((a, b) => Number(atob(a)) - Number(atob(b)))
      await images.getBlockBlobClient(id).commitBlockList(ids, { conditions: { ifNoneMatch: '*' } })
      upload.photo = { id, bytes: sum }
    }
    answer(response, 200, upload.photo)
  }

  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, 'http://-').pathname
    standIn.calls.push(`${request.method} ${path}`)
    cors(request, response)
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const [, , id, action] = path.split('/').slice(1)
    if (request.method === 'POST' && id === undefined) {
      const { size, type } = JSON.parse(await body(request))
      if (!String(type).startsWith('image/')) {
        return problem(response, 415, 'This is not a picture', `We take JPEG, PNG, GIF and WebP, not ${type}`)
      }
      const created = randomBytes(12).toString('hex')
      uploads.set(created, { size, type })
      return answer(response, 201, grant(created))
    }
    const upload = uploads.get(id ?? '')
    if (id === undefined || upload === undefined) return problem(response, 404, 'There is no such upload')
    if (request.method === 'GET') {
      return answer(response, 200, upload.photo ? { id, arrived: true } : { ...grant(id), blocks: await staged(id) })
    }
    if (request.method === 'POST' && action === 'complete') return complete(id, upload, response)
    if (request.method === 'DELETE') {
      uploads.delete(id)
      return void response.writeHead(204).end()
    }
    problem(response, 405, 'No such method')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const standIn: StandIn = {
    endpoint: `http://127.0.0.1:${port}/api`,
    calls: [],
    lifetime: 600_000,
    blockSize: 64 * 1024,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return standIn
}

function cors(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*')
  response.setHeader('Access-Control-Allow-Headers', 'content-type')
  response.setHeader('Access-Control-Allow-Methods', 'GET,POST,DELETE')
}

async function body(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

function answer(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(value))
}

function problem(response: ServerResponse, status: number, title: string, detail?: string): void {
  response
    .writeHead(status, { 'Content-Type': 'application/problem+json' })
    .end(JSON.stringify({ type: `https://valetkey.example/problems/${status}`, title, detail, status, requestId: 'r-1' }))
}
