import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

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

export function launchBrowser(): Promise<Browser> {
  return chromium.launch(browserOptions());
}
