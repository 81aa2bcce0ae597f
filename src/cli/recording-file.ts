/** Recordings of ports in files: a line that says what it is, then a line per chunk of bytes. */
import { readFileSync } from 'node:fs';
import type { WireBytes, WireMessage, WireTools } from '../core/adapter.js';
import { cliError } from './errors.js';

/** A file above this is none that a port records. */
const MAX_BYTES = 1_000_000_000;

export interface RecordingHead {
  readonly port: string;
  readonly adapter: string;
  readonly endpoint: string;
  readonly framing: string;
}

export interface RecordedPort extends RecordingHead {
  readonly parts: readonly WireBytes[];
}

export function headLine({ port, adapter, endpoint, framing }: RecordingHead): string {
  return JSON.stringify({ recording: 1, port, adapter, endpoint, framing });
}

export function partLine({
  at,
  sent,
  hex,
}: {
  readonly at: number;
  readonly sent: boolean;
  readonly hex: string;
}): string {
  return JSON.stringify({ t: at, d: sent ? 'tx' : 'rx', b: hex });
}

/** @throws GatewayError CLI_RECORDING */
export function readRecording(file: string): RecordedPort {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw cliError('CLI_RECORDING', `cannot read ${file}`, { cause });
  }
  if (text.length > MAX_BYTES) throw cliError('CLI_RECORDING', `${file} is too large`);
  const [first = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const head = parse(file, 1, first);
  const word = (key: string) => (typeof head[key] === 'string' ? head[key] : '');
  if (head.recording !== 1) throw cliError('CLI_RECORDING', `${file} is no recording of a port`);
  const parts = lines.map((line, index): WireBytes => {
    const { t, d, b } = parse(file, index + 2, line);
    if (typeof t !== 'number' || (d !== 'tx' && d !== 'rx') || typeof b !== 'string' || !/^([0-9a-f]{2})*$/.test(b)) {
      throw cliError('CLI_RECORDING', `${file}:${index + 2}: is no part of a recording`);
    }
    return { at: t, sent: d === 'tx', bytes: Buffer.from(b, 'hex') };
  });
  return { port: word('port'), adapter: word('adapter'), endpoint: word('endpoint'), framing: word('framing'), parts };
}

function parse(file: string, line: number, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw cliError('CLI_RECORDING', `${file}:${line}: is no part of a recording`);
}

/** Messages of the protocol; where nobody knows it, what went one way until the other side spoke. */
export class Messages {
  readonly protocol: string;
  readonly port: number;
  readonly #push: (part: WireBytes) => readonly WireMessage[];

  constructor(tools: Pick<WireTools<never>, 'dissect'> | undefined, framing: string) {
    const dissection = tools?.dissect(framing);
    this.protocol = dissection?.protocol ?? 'data';
    this.port = dissection?.port ?? 9;
    this.#push = dissection === undefined ? plain : (part) => dissection.push(part);
  }

  push(part: WireBytes): readonly WireMessage[] {
    return this.#push(part);
  }
}

function plain({ at, sent, bytes }: WireBytes): readonly WireMessage[] {
  const shown = bytes
    .toString('latin1')
    .replace(/[^ -~]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return [{ at, from: sent ? 'master' : 'device', bytes, text: `${sent ? 'sent' : 'received'} ${shown}` }];
}

/** Questions with the answers that followed each. */
export function pairs(
  messages: readonly WireMessage[],
): readonly { readonly request: Buffer; readonly response: Buffer }[] {
  const found: { request: Buffer; response: Buffer }[] = [];
  for (const { from, bytes } of messages) {
    const last = found.at(-1);
    if (from === 'master') found.push({ request: bytes, response: Buffer.alloc(0) });
    else if (last !== undefined) last.response = Buffer.concat([last.response, bytes]);
  }
  return found.filter(({ response }) => response.length > 0);
}
