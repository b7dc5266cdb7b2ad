import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CountingProxy {
  port: number
  /** Requests with a file's bytes that came in, and the most of them that were unanswered at the same moment. */
  requests: number
  busiest: number
  stop(): Promise<void>
}

/** Passes requests on to `target` (a port of this machine) and counts; the first only once `crowd` of them are there. */
export async function startCountingProxy(target: string, crowd: number): Promise<CountingProxy> {
  let busy = 0
  let letIn = (): void => undefined
  const crowded = new Promise<void>((resolve) => (letIn = resolve))
  const server = createServer(async (incoming, response) => {
    const { method, url, headers } = incoming
    const counts = method === 'PUT' && !url!.includes('comp=blocklist')
    if (counts) {
      proxy.requests++
      proxy.busiest = Math.max(proxy.busiest, ++busy)
      if (busy === crowd) letIn()
      await crowded
    }
    const outgoing = request({ host: '127.0.0.1', port: target, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      // Before the last byte of the answer leaves: what follows upon it is the next request.
      answer.once('end', () => counts && busy--)
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: CountingProxy = {
    port: (server.address() as AddressInfo).port,
    requests: 0,
    busiest: 0,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
