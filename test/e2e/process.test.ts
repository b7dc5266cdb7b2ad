import { createHmac } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Running } from '../support/process.ts';
import { type Server, binary, startValetkey } from '../support/servers.ts';

describe('valetkey serve', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startValetkey('embedded');
  });
  afterAll(() => server?.close());

  test('keeps the account key where nobody else reads it', async () => {
    const { mode } = await stat(path.join(server.dataFolder, 'account.key'));
    expect(mode & 0o777).toBe(0o600);
    expect(Buffer.from(server.accountKey, 'base64')).toHaveLength(64);
  });

  test('lets the app’s own origin use the Blob service, and no other', async () => {
    const preflight = (origin: string) =>
      fetch(`${server.blobUrl}/images/x`, {
        method: 'OPTIONS',
        headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'x-ms-version' },
      });
    const own = await preflight(server.url);
    expect(own.status).toBe(200);
    expect(own.headers.get('Access-Control-Allow-Origin')).toBe(server.url);
    const other = await preflight('https://evil.example');
    expect(other.status).toBe(403);
    expect(other.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  test('refuses a data folder that another process has', async () => {
    const second = Running.start(binary, ['serve', '--listen', '127.0.0.1:0', '--storage-listen', '127.0.0.1:0', '--data', server.dataFolder]);
    expect(await second.ends()).toBe(1);
    expect(second.stderr).toMatch(/another process/);
    expect(second.stderr).toContain(server.dataFolder);
  });

  test('says what it can do', async () => {
    const help = Running.start(binary, ['serve', '--help']);
    expect(await help.ends()).toBe(0);
    for (const word of ['--listen', '--storage-listen', '--data', '--storage', 'VALETKEY_LISTEN', 'AZURE_STORAGE_CONNECTION_STRING']) {
      expect(help.stdout).toContain(word);
    }
  });

  test('stops when it is asked to', async () => {
    const stopping = await startValetkey('embedded');
    expect((await fetch(`${stopping.url}/api/photos`)).status).toBe(200);
    expect(await stopping.process.stop('SIGTERM')).toBe(0);
    expect(stopping.process.stdout).toContain('has stopped');
    await stopping.close();
  });

  test('grants exactly {"sasKey","url"}, signed with the account key', async () => {
    const answer = await fetch(`${server.url}/api/credentials`);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const credentials = (await answer.json()) as { sasKey: string; url: string };
    expect(Object.keys(credentials).sort()).toEqual(['sasKey', 'url']);
    expect(credentials.url).toBe(server.blobUrl);
    const sas = new URLSearchParams(credentials.sasKey);
    expect(sas.get('sp')).toBe('c');
    expect(sas.get('sr')).toBe('c');
    const life = Date.parse(sas.get('se')!) - Date.now();
    expect(life).toBeGreaterThan(119 * 60_000);
    expect(life).toBeLessThanOrEqual(120 * 60_000);
    const account = new URL(server.blobUrl).pathname.slice(1);
    const fields = ['sp', 'st', 'se', '', 'si', 'sip', 'spr', 'sv', 'sr', 'snapshot', 'ses', 'rscc', 'rscd', 'rsce', 'rscl', 'rsct'];
    const text = fields.map((name) => (name ? (sas.get(name) ?? '') : `/blob/${account}/images`)).join('\n');
    expect(sas.get('sig')).toBe(createHmac('sha256', Buffer.from(server.accountKey, 'base64')).update(text).digest('base64'));
  });
});
