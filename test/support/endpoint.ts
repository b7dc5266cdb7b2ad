import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Schema = 'eventgrid' | 'cloudevents';

/** An event as both schemas tell it. */
export interface BlobEvent {
  id: string;
  type: string;
  subject: string;
  time: string;
  data: { api: string; url: string; eTag?: string; contentType: string; contentLength: number; blobType: string; sequencer: string };
}

/** An endpoint of webhooks, which agrees to be told and takes events unless it is told otherwise. */
export class Endpoint {
  url = '';
  handshakes = 0;
  /** What was posted, also when it was not taken. */
  readonly posted: BlobEvent[] = [];
  readonly taken: BlobEvent[] = [];
  agrees = true;
  /** How many posts to answer with 500 before one is taken. */
  failures = 0;

  private readonly server = createServer((request, response) => void this.answer(request, response));

  private constructor(private readonly schema: Schema) {}

  static async start(schema: Schema): Promise<Endpoint> {
    const endpoint = new Endpoint(schema);
    endpoint.server.listen(0, '127.0.0.1');
    await once(endpoint.server, 'listening');
    endpoint.url = `http://127.0.0.1:${(endpoint.server.address() as AddressInfo).port}/hook?secret=1`;
    return endpoint;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (request.method === 'OPTIONS' || request.headers['aeg-event-type'] === 'SubscriptionValidation') {
      this.shakeHands(request, response, body);
      return;
    }
    const event = this.read(request, body);
    this.posted.push(event);
    if (this.failures > 0) {
      this.failures--;
      response.writeHead(500).end();
      return;
    }
    this.taken.push(event);
    response.writeHead(200).end();
  }

  private shakeHands(request: IncomingMessage, response: ServerResponse, body: string) {
    this.handshakes++;
    if (!this.agrees) {
      response.writeHead(403).end();
    } else if (request.method === 'OPTIONS') {
      response.writeHead(200, { 'WebHook-Allowed-Origin': request.headers['webhook-request-origin'] }).end();
    } else {
      const [event] = JSON.parse(body) as [{ data: { validationCode: string } }];
      response.writeHead(200).end(JSON.stringify({ validationResponse: event.data.validationCode }));
    }
  }

  private read(request: IncomingMessage, body: string): BlobEvent {
    const type = request.headers['content-type']!.split(';')[0];
    if (this.schema === 'cloudevents') {
      if (type !== 'application/cloudevents+json') throw new Error(`posted as ${type}`);
      const event = JSON.parse(body) as BlobEvent & { specversion: string };
      if (event.specversion !== '1.0') throw new Error(`specversion ${event.specversion}`);
      return event;
    }
    if (type !== 'application/json') throw new Error(`posted as ${type}`);
    const [event] = JSON.parse(body) as [BlobEvent & { eventType: string; eventTime: string }];
    return { ...event, type: event.eventType, time: event.eventTime };
  }
}
