// A page in Chromium whose requests nobody listens to. Playwright is told of every request and answer, which costs more than
// some of what is measured here; so this speaks the DevTools protocol itself, over a pipe: JSON, a zero byte after each.
// https://chromedevtools.github.io/devtools-protocol/
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const flags = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--remote-debugging-pipe',
];

/** Opens a page without its content security policy, because scripts of the bench come into it. */
export async function openPage(url) {
  const profile = await mkdtemp(path.join(os.tmpdir(), 'valetkey-bench-browser-'));
  const chromium = spawn(browser(), [...flags, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => chromium.once('exit', resolve));
  const call = protocol(chromium);
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  await call('Page.enable', {}, sessionId);
  await call('Page.setBypassCSP', { enabled: true }, sessionId);
  const loaded = call.event('Page.loadEventFired');
  await call('Page.navigate', { url }, sessionId);
  await loaded;
  return {
    async evaluate(expression) {
      const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async close() {
      chromium.kill();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function protocol(chromium) {
  const [, , , input, output] = chromium.stdio;
  const calls = new Map();
  const events = new Map();
  let last = 0;
  let pending = Buffer.alloc(0);
  output.on('data', (data) => {
    pending = Buffer.concat([pending, data]);
    for (let end; (end = pending.indexOf(0)) >= 0; pending = pending.subarray(end + 1)) {
      const message = JSON.parse(pending.subarray(0, end).toString());
      events.get(message.method)?.(message.params);
      const waiting = calls.get(message.id);
      calls.delete(message.id);
      if (message.error) waiting?.reject(new Error(message.error.message));
      else waiting?.resolve(message.result);
    }
  });
  const call = (method, params, sessionId) =>
    new Promise((resolve, reject) => {
      calls.set(++last, { resolve, reject });
      input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
  call.event = (method) => new Promise((resolve) => events.set(method, resolve));
  return call;
}

function browser() {
  for (const name of [process.env.VALETKEY_TEST_BROWSER, 'chromium', 'chromium-browser', 'google-chrome']) {
    try {
      if (name) return execFileSync('/bin/sh', ['-c', 'command -v "$0"', name]).toString().trim();
    } catch {
      // Not this one.
    }
  }
  throw new Error('no Chromium: make browser');
}
