import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all, answersFor, one, type Vector, vectors } from '../../web/test/sas-vectors.ts';
import { launchBrowser } from '../support/browser.ts';
import { root } from '../support/process.ts';
import { binary, type Server, startValetkey } from '../support/servers.ts';

const run = promisify(execFile);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const vector = (name: string): Vector => vectors.find((each) => each.name === name)!;

let browser: Browser;
let server: Server;

beforeAll(async () => {
  server = await startValetkey('embedded');
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

interface Visit {
  page: Page;
  complaints: string[];
  requests: Request[];
  leave: () => Promise<void>;
}

async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: Request[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${server.url}/sas`, { waitUntil: 'networkidle' });
  page.on('request', (request) => requests.push(request));
  return { page, complaints, requests, leave: () => context.close() };
}

/** What the page has asked for, told when one thing more has been: whatever it sent before is known by then. */
async function asked(page: Page, requests: Request[]): Promise<string[]> {
  const last = '/icon.svg?last';
  const seen = page.waitForRequest(`${server.url}${last}`);
  await page.evaluate((src) => void Object.assign(new Image(), { src }), last);
  await seen;
  return requests.map((request) => request.url()).filter((url) => !url.endsWith(last));
}

/** Fills the form in, as somebody would who knows all of a vector. */
async function fill(page: Page, each: Vector): Promise<void> {
  await page.evaluate((answers) => {
    document.querySelector('form details')!.setAttribute('open', '');
    for (const [name, value] of Object.entries(answers)) {
      const field = document.querySelector<HTMLInputElement>(`#${name}`)!;
      field.value = value;
      field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
    }
  }, answersFor(each));
}

/** The verdict, the state of the signature, and every finding's paragraphs. */
const shown = (page: Page): Promise<(string | null)[]> =>
  page.evaluate(() => [
    document.querySelector('.verdict')?.getAttribute('data-verdict') ?? null,
    [...document.querySelectorAll('.facts div')].find((each) => each.firstChild?.textContent === 'Signature')?.lastChild?.textContent ?? 'unchecked',
    ...[...document.querySelectorAll('.findings p')].map((each) => each.textContent),
  ]);

describe('/sas', () => {
  test('says of every shared vector what the command says', async () => {
    const { page, complaints, requests, leave } = await visit();
    for (const each of vectors) {
      const said = await command(each);
      await fill(page, each);
      const paragraphs = said.findings.flatMap(({ severity, message, hint }) => [`${severity}: ${message}`, ...(hint ? [hint] : [])]);
      await expect.poll(() => shown(page), { message: each.name }).toEqual([said.verdict, said.signature, ...paragraphs]);
      expect(await page.locator('.findings code').allInnerTexts()).toEqual(said.findings.map((finding) => finding.code));
      expect(said.verdict).toBe(one(each, 'verdict'));
    }
    expect(await asked(page, requests)).toEqual([]);
    expect(complaints).toEqual([]);
    await leave();
  });

  test('keeps what is pasted to itself', async () => {
    const { page, requests, complaints, leave } = await visit();
    const address = page.url();
    await page.locator('#text').focus();
    await page.evaluate((text) => document.execCommand('insertText', false, text), vector('blob').text);
    await page.locator('#keys').fill(one(vector('blob'), 'account-key'));
    await page.getByText('More to judge by').click();
    await page.locator('#at').fill(one(vector('blob'), 'now'));
    await page.getByText('It works.', { exact: true }).first().waitFor();
    await page.locator('#keys').press('Enter');
    expect(await asked(page, requests)).toEqual([]);
    expect(page.url()).toBe(address);
    const kept = await page.evaluate(async () =>
      JSON.stringify([
        location.href, document.title, document.cookie, window.name, history.state, history.length, { ...localStorage }, { ...sessionStorage },
        (await indexedDB.databases()).map((each) => each.name), await caches.keys(), (await navigator.serviceWorker.getRegistrations()).length,
      ]),
    );
    expect(kept).not.toMatch(/sig|tabby|acct/);
    expect(JSON.parse(kept).slice(6)).toEqual([{}, {}, [], [], 0]);
    await page.reload();
    expect(await page.locator('#text').inputValue()).toBe('');
    expect(await page.locator('#keys').inputValue()).toBe('');
    expect(server.process.stdout + server.process.stderr).not.toContain('tabby');
    expect(complaints).toEqual([]);
    await leave();
  });

  test('could not send it if it tried', async () => {
    const { page, requests, leave } = await visit();
    const outcomes = await page.evaluate(async (blobUrl) => {
      const tries = [fetch('/api/photos'), fetch(blobUrl)].map((each) => each.then(() => 'sent', () => 'blocked'));
      return [...(await Promise.all(tries)), navigator.sendBeacon('/api/uploads', 'x') ? 'queued' : 'blocked'];
    }, server.blobUrl);
    expect(outcomes.slice(0, 2)).toEqual(['blocked', 'blocked']);
    await asked(page, requests);
    // What the policy stops never gets an answer.
    for (const request of requests.filter((each) => !each.url().endsWith('?last'))) expect(await request.response().catch(() => null)).toBeNull();
    await leave();
  });

  test('can be cleared, and says so when it cannot read a field', async () => {
    const { page, leave } = await visit();
    await page.locator('#text').fill(vector('blob').text);
    await page.locator('#keys').fill('not a key!');
    await page.locator('#keys[aria-invalid=true]').waitFor();
    expect(await page.locator('#keys-hint').innerText()).toContain('neither a key');
    await page.getByRole('button', { name: 'Clear everything' }).click();
    await page.locator('.result').waitFor({ state: 'detached' });
    expect(await page.locator('#text').inputValue()).toBe('');
    expect(await page.locator('#keys').inputValue()).toBe('');
    await leave();
  });

  test('is found from the app', async () => {
    const { page, leave } = await visit();
    await page.goto(server.url);
    await page.locator('.footer a').click();
    await page.getByRole('heading', { level: 1, name: /SAS/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/sas');
    await leave();
  });
});

const looks: [string, BrowserContextOptions][] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
  ['dark phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' }],
];

describe.each(looks)('/sas, %s', (look, options) => {
  test('gives axe nothing to find, and fits', async () => {
    const { page, complaints, leave } = await visit(options);
    await inspect(page, `sas-${look}-empty`);
    for (const name of ['create-cannot-stage', 'rotated-key', 'blob-unverified', 'blob']) {
      await fill(page, vector(name));
      await expect.poll(() => page.locator('.verdict').getAttribute('data-verdict')).toBe(one(vector(name), 'verdict'));
      await inspect(page, `sas-${look}-${name}`);
    }
    expect(complaints).toEqual([]);
    await leave();
  });
});

/** Has axe look, checks that nothing is cut off at the side, and takes a picture. */
async function inspect(page: Page, name: string): Promise<void> {
  // Through the debugger, which the page's content security policy does not bind.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
  });
  expect(found, name).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), name).toBe(0);
  const folder = path.join(root, 'test/results');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name.replaceAll(' ', '-')}.png`), fullPage: true });
}

interface Said {
  verdict: string;
  signature: string;
  findings: { code: string; severity: string; message: string; hint?: string }[];
}

/** What `valetkey sas explain` says of a vector. */
async function command(each: Vector): Promise<Said> {
  const { text, delegation, account, container, blob, ip, at } = answersFor(each);
  const flags = Object.entries({ 'delegation-key': delegation, account, container, blob, ip, at, method: one(each, 'method'), op: one(each, 'op') })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `--${name}=${value}`);
  const repeated = ['account-key', 'policy', 'header'].flatMap((name) => all(each, name).map((value) => `--${name}=${value}`));
  const environment = { ...process.env, AZURE_STORAGE_CONNECTION_STRING: '' };
  const { stdout } = await run(binary, ['sas', 'explain', '--json', ...flags, ...repeated, '--', text], { env: environment });
  return JSON.parse(stdout) as Said;
}
