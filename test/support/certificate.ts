import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Certificate {
  /** Paths of PEM files. */
  cert: string;
  key: string;
}

/** Writes a self-signed certificate for 127.0.0.1 and localhost into a folder, over one that is there. */
export function writeCertificate(folder: string): Certificate {
  const files = { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', files.key, '-out', files.cert,
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  return files;
}

/** Options of the SDK's clients that trust the certificate. */
export function trusting({ cert }: Certificate): { tlsOptions: { ca: string } } {
  return { tlsOptions: { ca: readFileSync(cert, 'utf8') } };
}
