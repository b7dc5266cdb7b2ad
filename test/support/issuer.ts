import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

/** An OpenID Connect issuer that gives a token to whoever asks. */
export interface Issuer {
  url: string;
  /** A token that is good for an hour, unless the claims say otherwise. */
  token: (claims: { sub: string; aud?: string; exp?: number; [claim: string]: unknown }) => string;
  close: () => Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'ES256', use: 'sig' };
  const server = createServer((request, response) => {
    const configuration = { issuer: url, jwks_uri: `${url}/keys`, id_token_signing_alg_values_supported: ['ES256'] };
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(request.url === '/keys' ? { keys: [key] } : configuration));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    url,
    token: (claims) => {
      const exp = Math.floor(Date.now() / 1000) + 3600;
      const text = `${part({ alg: 'ES256', kid: 'test', typ: 'JWT' })}.${part({ iss: url, aud: 'https://storage.azure.com', exp, ...claims })}`;
      return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
