import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { seeded } from './random.ts';
import { type RequestBodies, countBodies } from './request-bodies.ts';

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
  readonly bodies: RequestBodies = new Map();
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
    const count = countBodies(this.bodies);
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
}
