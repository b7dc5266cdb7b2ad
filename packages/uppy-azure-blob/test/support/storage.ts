import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** Answers a request itself and returns true, or returns false to let the storage do it. */
export type Trouble = (request: Received, response: ServerResponse) => boolean

export interface Storage {
  url: string
  received: Received[]
  blocks: Map<string, Buffer>
  committed: Buffer | undefined
  /** Most requests that were being answered at the same moment. */
  busiest: number
  trouble: Trouble | undefined
  stop(): Promise<void>
}

/** The few Blob operations an upload needs, in memory, with a hook that misbehaves as real networks and services do. */
export async function startStorage(): Promise<Storage> {
  let busy = 0
  const server = createServer(async (request, response) => {
    storage.busiest = Math.max(storage.busiest, ++busy)
    response.once('close', () => busy--)
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const url = new URL(request.url!, 'http://-')
    const received: Received = {
      method: request.method!,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks),
    }
    storage.received.push(received)
    if (storage.trouble?.(received, response)) return
    const comp = received.query.get('comp')
    if (comp === 'block') {
      storage.blocks.set(received.query.get('blockid')!, received.body)
      return void response.writeHead(201).end()
    }
    if (comp === 'blocklist' && received.method === 'PUT') {
      const ids = [...received.body.toString().matchAll(/<Latest>([^<]*)<\/Latest>/g)].map((match) => match[1]!)
      storage.committed = Buffer.concat(ids.map((id) => storage.blocks.get(id)!))
      return void response.writeHead(201).end()
    }
    if (comp === 'blocklist') {
      const list = [...storage.blocks]
        .map(([id, bytes]) => `<Block><Name>${id}</Name><Size>${bytes.length}</Size></Block>`)
        .join('')
      return void response
        .writeHead(200, { 'Content-Type': 'application/xml' })
        .end(`<?xml version="1.0"?><BlockList><UncommittedBlocks>${list}</UncommittedBlocks></BlockList>`)
    }
    storage.committed = received.body
    response.writeHead(201).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const storage: Storage = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    blocks: new Map(),
    committed: undefined,
    busiest: 0,
    trouble: undefined,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return storage
}

/** An error as the Blob service words it. */
export function azureError(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): true {
  response
    .writeHead(status, { 'Content-Type': 'application/xml', 'x-ms-error-code': code, ...headers })
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>Said ${code}.\nRequestId:1</Message></Error>`)
  return true
}
