import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** A program that runs beside the tests. */
export class Running {
  stdout = '';
  stderr = '';
  /** Whether it has ended, and all that it said was heard: that may come later. */
  private closed = false;
  private readonly waiting = new Set<() => void>();

  private constructor(
    readonly child: ChildProcess,
    private readonly name: string,
  ) {
    child.stdout?.on('data', (chunk) => this.heard('stdout', chunk));
    child.stderr?.on('data', (chunk) => this.heard('stderr', chunk));
    child.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  static start(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Running {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    return new Running(child, path.basename(command));
  }

  /** Waits until the program has said something, and returns what matched. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.matches('stdout', pattern);
  }

  /** The same for what goes to the standard error. */
  complains(pattern: RegExp): Promise<RegExpExecArray> {
    return this.matches('stderr', pattern);
  }

  private async matches(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this[stream]);
      if (match) return match;
      if (this.closed) {
        throw new Error(`${this.name} ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.stdout}${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** Waits until the program has said something, and returns what the pattern's first group matched. */
  async tells(pattern: RegExp): Promise<string> {
    return (await this.says(pattern))[1] ?? '';
  }

  /** Asks the program to stop and returns its exit status, when it has said its last. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ends();
  }

  /** Waits for the program's own end and returns its exit status. */
  async ends(): Promise<number | null> {
    if (!this.closed) await once(this.child, 'close');
    return this.child.exitCode;
  }

  private heard(stream: 'stdout' | 'stderr', chunk: Buffer) {
    this[stream] += chunk.toString();
    this.wake();
  }

  private wake() {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** A folder that is gone after use. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-test-'));
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
