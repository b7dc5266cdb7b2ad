/** Bytes of request bodies that passed, by the request's path and block id: `/account/container/blob MDAwMDAw`. */
export type RequestBodies = Map<string, number>;

/** Follows the requests of one connection (RFC 9112, with Content-Length only) and adds up their bodies. */
export function countBodies(bodies: RequestBodies): (data: Buffer) => void {
  let head = Buffer.alloc(0);
  let left = 0;
  let request = '';
  return (data) => {
    while (data.length > 0) {
      if (left > 0) {
        const body = Math.min(left, data.length);
        bodies.set(request, (bodies.get(request) ?? 0) + body);
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
