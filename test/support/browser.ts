import { execFileSync } from 'node:child_process';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { Running } from './process.ts';

/** The Chromium that `make browser` found or installed. */
function executable(): string {
  for (const name of [process.env.VALETKEY_TEST_BROWSER, 'chromium', 'chromium-browser', 'google-chrome']) {
    if (!name) continue;
    try {
      return execFileSync('/bin/sh', ['-c', 'command -v "$0"', name]).toString().trim();
    } catch {
      // Not this one.
    }
  }
  throw new Error('No Chromium. Run `make browser`, or name one in VALETKEY_TEST_BROWSER.');
}

/** How the tests start it. */
export function browserOptions(): { executablePath: string; args: string[] } {
  return {
    executablePath: executable(),
    args: [
      '--no-sandbox', // the tests may run as root; they open no page but their own
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  };
}

export function launchBrowser(...args: string[]): Promise<Browser> {
  const options = browserOptions();
  return chromium.launch({ ...options, args: [...options.args, ...args] });
}

/** A browser that a test may kill, with a profile that outlives it. */
export interface MortalBrowser {
  context: BrowserContext;
  kill: () => Promise<void>;
  /** As its user closes it: everything is written to the profile. */
  close: () => Promise<void>;
}

export async function startMortalBrowser(profile: string, ...args: string[]): Promise<MortalBrowser> {
  const options = browserOptions();
  const running = Running.start(options.executablePath, [
    ...options.args, ...args, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank',
  ]);
  const [, address] = await running.complains(/DevTools listening on (ws:\S+)/);
  const browser = await chromium.connectOverCDP(address!, { isLocal: true });
  return {
    context: browser.contexts()[0]!,
    kill: async () => void (await running.stop('SIGKILL')),
    close: async () => {
      await (await browser.newBrowserCDPSession()).send('Browser.close');
      await running.ends();
    },
  };
}
