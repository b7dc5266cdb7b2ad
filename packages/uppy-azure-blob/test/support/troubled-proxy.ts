import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TroubledProxy {
  port: number
  troubles: { dropped: number; cut: number; delayed: number }
  stop(): Promise<void>
}

/**
 * Passes TCP on to `target`, badly: some connections are dropped while the request is on its way, some answers are cut
 * short, some are late. The same `seed` makes the same choices in the same order.
 */
export async function startTroubledProxy(target: string, seed: number): Promise<TroubledProxy> {
  const sockets = new Set<Socket>()
  const troubles = { dropped: 0, cut: 0, delayed: 0 }
  let state = seed
  const random = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
  const server = createServer((client) => {
    const upstream = connect(Number(target), '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (random() < 0.05) {
        troubles.dropped++
        client.destroy()
      } else upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      const fate = random()
      if (fate < 0.1) {
        troubles.cut++
        client.end(chunk.subarray(0, chunk.length >> 1))
      } else if (fate < 0.3) {
        troubles.delayed++
        setTimeout(() => client.destroyed || client.write(chunk), 20)
      } else client.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    troubles,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
