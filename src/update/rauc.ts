/** The `rauc` command of the image: run, its progress and status read, its errors in our words. */
import { spawn } from 'node:child_process';
import type { GatewayError } from '../core/errors.js';
import { updateError, type updateErrors } from './errors.js';

/** rauc(1) says much in its log; the reason is near its end. */
const MAX_OUTPUT = 65_536;

export interface RaucSlot {
  readonly bootname: string;
  readonly state: 'booted' | 'active' | 'inactive';
  /** Of the boot loader: may it be started? */
  readonly isGood: boolean;
  /** Of what was installed there; null: RAUC did not install it. */
  readonly version: string | null;
}

export interface RaucStatus {
  readonly compatible: string;
  readonly booted: string;
  /** The slot that is tried first at the next start; null: nothing can be. */
  readonly primary: string | null;
  readonly slots: readonly RaucSlot[];
}

export interface RaucInfo {
  readonly compatible: string;
  readonly version: string;
}

/** What the texts of rauc, of GLib and of OpenSSL under it mean. First match counts. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: keyof typeof updateErrors, message: string])[] = [
  [
    /not processing|already processing|currently busy|Already in progress/i,
    'UPDATE_BUSY',
    'another update is being installed',
  ],
  [
    /AccessDenied|not authorized|Permission denied|must be root/i,
    'UPDATE_NO_PERMISSION',
    'this user may not install updates',
  ],
  [
    /No space left|not enough (free )?space|is too (big|large)|larger than/i,
    'UPDATE_NO_SPACE',
    'the bundle does not fit into the slot, or the disk is full',
  ],
  [
    /compatible.{0,40}(mismatch|does not match)|Compatible mismatch/i,
    'UPDATE_INCOMPATIBLE',
    'the bundle is for another kind of box',
  ],
  [
    /signature size|no valid signature|not a valid bundle|invalid bundle format|Invalid identifier|unsigned/i,
    'UPDATE_UNSIGNED',
    'the bundle has no signature, or is no bundle',
  ],
  [
    /signature verification failed|Failed to verify|Verify error|certificate verify|self.signed|unable to get/i,
    'UPDATE_UNTRUSTED',
    'the signature of the bundle is of nobody this box trusts, or what it signs was changed',
  ],
  [
    /Input\/output error|verity|hash (mismatch|is invalid)|checksum|corrupt/i,
    'UPDATE_TAMPERED',
    'the content of the bundle is not what was signed',
  ],
  [/busy/i, 'UPDATE_BUSY', 'the slot is in use'],
  [/No such file|Failed to open|not a regular file/i, 'UPDATE_BAD_BUNDLE', 'the bundle cannot be opened'],
];

export function raucFailure(output: string, code: number | null): GatewayError {
  const text = output.trim();
  const last = text.split('\n').findLast((line) => /error|fail|LastError/i.test(line)) ?? text.split('\n').at(-1) ?? '';
  const found = MEANINGS.find(([pattern]) => pattern.test(text));
  const said = last.replace(/^.*?LastError: /, '').slice(0, 300);
  if (found === undefined) return updateError('UPDATE_FAILED', `rauc ended with ${code ?? 'a signal'}: ${said}`);
  return updateError(found[1], `${found[2]} (rauc: ${said})`);
}

export interface RaucRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly signal?: AbortSignal | undefined;
  onLine?(line: string): void;
}

/** @returns what it said on stdout. @throws GatewayError UPDATE_… */
export function runRauc({ program, args, signal, onLine }: RaucRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
    let stdout = '';
    let all = '';
    let line = '';
    const abort = () => void child.kill('SIGTERM');
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    const hear = (chunk: string) => {
      all = (all + chunk).slice(-MAX_OUTPUT);
      const lines = (line + chunk).split('\n');
      line = (lines.pop() ?? '').slice(-1_000);
      for (const one of lines) onLine?.(one);
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout = (stdout + chunk).slice(-MAX_OUTPUT);
      hear(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('error', (cause) => {
      signal?.removeEventListener('abort', abort);
      reject(updateError('UPDATE_NOT_SUPPORTED', `${program} cannot be run: ${cause.message}`, { cause }));
    });
    child.once('close', (code) => {
      signal?.removeEventListener('abort', abort);
      if (code === 0) resolve(stdout);
      else reject(signal?.aborted ? signal.reason : raucFailure(all, code));
    });
  });
}

/** ` 40% Checking bundle` @returns undefined: it is no such line */
export function progressOf(line: string): { readonly percent: number; readonly phase: string } | undefined {
  const [, percent, phase] = /^\s*(\d{1,3})%\s+(.{1,100})$/.exec(line) ?? [];
  return percent === undefined ? undefined : { percent: Math.min(100, Number(percent)), phase: phase!.trim() };
}

/** @throws GatewayError UPDATE_FAILED */
export function parseStatus(text: string): RaucStatus {
  const found = parse(text);
  const slots = (Array.isArray(found.slots) ? found.slots : []).flatMap((entry: unknown) =>
    Object.values(entry as Record<string, Record<string, unknown>>).flatMap((slot): RaucSlot[] => {
      if (typeof slot.bootname !== 'string') return [];
      const status = slot.slot_status as { bundle?: { version?: unknown } } | undefined;
      return [
        {
          bootname: slot.bootname,
          state: slot.state === 'booted' ? 'booted' : slot.state === 'active' ? 'active' : 'inactive',
          isGood: slot.boot_status === 'good',
          version: typeof status?.bundle?.version === 'string' ? status.bundle.version : null,
        },
      ];
    }),
  );
  const primary = found.boot_primary;
  const names = new Map<string, string>();
  for (const entry of Array.isArray(found.slots) ? found.slots : [])
    for (const [name, slot] of Object.entries(entry as Record<string, Record<string, unknown>>))
      if (typeof slot.bootname === 'string') names.set(name, slot.bootname);
  return {
    compatible: String(found.compatible ?? ''),
    booted: slots.find(({ state }) => state === 'booted')?.bootname ?? String(found.booted ?? ''),
    primary: typeof primary === 'string' ? (names.get(primary) ?? primary) : null,
    slots,
  };
}

/** @throws GatewayError UPDATE_FAILED */
export function parseInfo(text: string): RaucInfo {
  const found = parse(text);
  return { compatible: String(found.compatible ?? ''), version: String(found.version ?? '') };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw updateError('UPDATE_FAILED', 'rauc answered something that is not JSON');
}
