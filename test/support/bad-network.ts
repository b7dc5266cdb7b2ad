import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { seeded } from './random.ts';

/** How likely trouble is, for each piece of data that passes. */
export interface Troubles {
  /** The connection breaks after part of a request, or before an answer. */
  drop: number;
  /** The connection breaks after part of an answer. */
  truncate: number;
  /** Up to 20 ms pass. */
  delay: number;
}

/** A way to a server on this machine that drops, truncates and delays, and counts what it passes on. */
export class BadNetwork {
  readonly counts = { drop: 0, truncate: 0, delay: 0 };
  /** Bytes of request bodies that were passed on, by the request's path and block id: `/account/container/blob MDAwMDAw`. */
  readonly bodies = new Map<string, number>();
  private readonly sockets = new Set<Socket>();
  private readonly random: () => number;
  private readonly server = createServer((client) => this.carry(client));

  private constructor(
    private readonly target: number,
    private readonly troubles: Troubles,
    seed: number,
  ) {
    this.random = seeded(seed);
  }

  static async start(target: number, troubles: Troubles, seed: number): Promise<BadNetwork> {
    const network = new BadNetwork(target, troubles, seed);
    network.server.listen(0, '127.0.0.1');
    await once(network.server, 'listening');
    return network;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private carry(client: Socket) {
    const server = connect(this.target, '127.0.0.1');
    const part = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', part);
      socket.on('close', () => {
        this.sockets.delete(socket);
        part();
      });
    }
    const count = this.counter();
    client.on('data', (data) => {
      const dropped = this.happens('drop');
      const passed = dropped ? data.subarray(0, Math.floor(this.random() * data.length)) : data;
      count(passed);
      if (dropped) server.end(passed, part);
      else this.late(client, () => server.write(passed));
    });
    server.on('data', (data) => {
      if (this.happens('drop')) part();
      else if (this.happens('truncate')) client.end(data.subarray(0, Math.floor(this.random() * data.length)), part);
      else this.late(server, () => client.write(data));
    });
  }

  private happens(trouble: keyof Troubles): boolean {
    if (this.random() >= this.troubles[trouble]) return false;
    this.counts[trouble]++;
    return true;
  }

  /** Passes on now or after a while; what comes next from the source waits as long. */
  private late(source: Socket, pass: () => void) {
    if (!this.happens('delay')) {
      pass();
      return;
    }
    source.pause();
    setTimeout(() => {
      pass();
      source.resume();
    }, this.random() * 20);
  }

  /** Follows the requests of one connection (RFC 9112, with Content-Length only) and counts their bodies. */
  private counter(): (data: Buffer) => void {
    let head = Buffer.alloc(0);
    let left = 0;
    let request = '';
    return (data) => {
      while (data.length > 0) {
        if (left > 0) {
          const body = Math.min(left, data.length);
          this.bodies.set(request, (this.bodies.get(request) ?? 0) + body);
          left -= body;
          data = data.subarray(body);
          continue;
        }
        head = Buffer.concat([head, data]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        const text = head.subarray(0, end).toString('latin1');
        data = head.subarray(end + 4);
        head = Buffer.alloc(0);
        const url = new URL(text.split(' ', 2)[1]!, 'http://-');
        request = `${decodeURIComponent(url.pathname)} ${url.searchParams.get('blockid') ?? ''}`;
        left = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      }
    };
  }
}
