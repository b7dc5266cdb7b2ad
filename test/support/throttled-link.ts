import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { type RequestBodies, countBodies } from './request-bodies.ts';

/** A way to a server on this machine that is as slow as it is told to be, that can be cut, and that counts. */
export class ThrottledLink {
  readonly bodies: RequestBodies = new Map();
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  /** Bytes that may still go to the server, and who waits for there to be more of them. */
  private room = Infinity;
  private readonly held = new Set<Socket>();
  /** When the link will have carried what it took, in milliseconds. */
  private busyUntil = 0;
  private readonly server = createServer((client) => this.carry(client));

  private constructor(
    private readonly target: number,
    /** Of what goes to the server. */
    public bytesPerSecond: number,
  ) {}

  static async start(target: number, bytesPerSecond: number): Promise<ThrottledLink> {
    const link = new ThrottledLink(target, bytesPerSecond);
    link.server.listen(0, '127.0.0.1');
    await once(link.server, 'listening');
    return link;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Breaks every connection, and every new one, until `mend`. */
  cut() {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend() {
    this.isCut = false;
  }

  /** Lets so many bytes more go to the server, and holds back those after them. */
  allow(bytes: number) {
    this.room = bytes;
    for (const sender of this.held) sender.resume();
    this.held.clear();
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private carry(client: Socket) {
    if (this.isCut) {
      client.destroy();
      return;
    }
    const server = connect(this.target, '127.0.0.1', () => client.resume());
    client.pause(); // what nobody is there to take was not sent
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      this.sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.held.delete(socket);
        other.destroy();
      });
    }
    const count = countBodies(this.bodies);
    client.on('data', (data) => {
      count(data);
      server.write(data);
      this.throttle(client, data.length);
    });
    server.on('data', (data) => client.write(data));
  }

  /** Takes nothing more from a sender whose bytes are ahead of what the link carries. It makes up for late timers. */
  private throttle(sender: Socket, bytes: number) {
    this.room -= bytes;
    const now = performance.now();
    this.busyUntil = Math.max(now - 200, this.busyUntil) + (bytes / this.bytesPerSecond) * 1000;
    const ahead = this.busyUntil - now;
    if (ahead < 5 && this.room > 0) return;
    sender.pause();
    setTimeout(() => (this.room > 0 ? sender.resume() : this.held.add(sender)), ahead);
  }
}
