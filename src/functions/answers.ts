/** What came of one call, so that two of them can be compared. */
import { isDeepStrictEqual } from 'node:util';
import type { Hook } from '../core/function.js';
import { Failure, type Outcome } from './failure.js';
import { type MessageRecord, readDecision, readFrames, readMessages, readPoints } from './frame-reader.js';

export interface Answer {
  readonly outcome: Outcome;
  /** By publish(). */
  readonly published: readonly MessageRecord[];
  /** `device/point value`, by point_command(). */
  readonly commands: readonly string[];
  readonly fuel: number;
  readonly ms: number;
}

/** One thing that a call gave. */
interface Fact {
  readonly what: string;
  readonly value: unknown;
  readonly text: string;
}

const MAX_TEXT = 160;
const MAX_MESSAGES = 0xffff;

/** @returns lines `- ` of the first, `+ ` of the second; none: they are equal */
export function differencesOf(hook: Hook, current: Answer, candidate: Answer, jsonEqual: boolean): readonly string[] {
  const [a, b] = [factsOf(hook, current, jsonEqual), factsOf(hook, candidate, jsonEqual)];
  const lines: string[] = [];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [one, other] = [a[i], b[i]];
    if (one?.what === other?.what && isDeepStrictEqual(one?.value, other?.value)) continue;
    lines.push(`- ${one === undefined ? 'nothing' : `${one.what}: ${one.text}`}`);
    lines.push(`+ ${other === undefined ? 'nothing' : `${other.what}: ${other.text}`}`);
  }
  return lines;
}

export function failureOf(hook: Hook, { outcome }: Answer): Failure | undefined {
  const read = outcome instanceof Failure ? outcome : parsed(hook, outcome);
  return read instanceof Failure ? read : undefined;
}

function parsed(hook: Hook, outcome: Buffer | undefined) {
  switch (hook) {
    case 'on_decode':
      return readPoints(outcome);
    case 'on_encode':
      return readFrames(outcome);
    case 'on_connect':
      return readDecision(outcome);
    default:
      return readMessages(outcome, MAX_MESSAGES);
  }
}

function factsOf(hook: Hook, answer: Answer, jsonEqual: boolean): readonly Fact[] {
  const { outcome, published, commands } = answer;
  const failure = failureOf(hook, answer);
  if (failure !== undefined) {
    return [{ what: 'failure', value: failure.cause, text: `${failure.cause}, ${cut(failure.message)}` }];
  }
  return [
    ...results(hook, outcome as Buffer | undefined, jsonEqual),
    ...published.flatMap((record, index) => messageFacts(`published ${index + 1}`, record, jsonEqual)),
    ...commands.map((command) => ({ what: 'command', value: command, text: cut(command) })),
  ];
}

function results(hook: Hook, outcome: Buffer | undefined, jsonEqual: boolean): readonly Fact[] {
  if (hook === 'on_decode') {
    const points = readPoints(outcome);
    if (points instanceof Failure) return [];
    return points.map(({ point, value, why }) => ({
      what: `point ${point}`,
      value: [value, why],
      text: cut(value === undefined ? `bad, ${why}` : typeof value === 'object' ? value.toString('hex') : `${value}`),
    }));
  }
  if (hook === 'on_encode') {
    const frames = readFrames(outcome);
    if (frames instanceof Failure) return [];
    return frames.map((value, index) => ({ what: `frame ${index + 1}`, value, text: cut(value.toString('hex')) }));
  }
  if (hook === 'on_connect') {
    const decision = readDecision(outcome);
    if (decision instanceof Failure) return [];
    return [{ what: 'decision', value: decision, text: cut(`${decision.decision} ${decision.reason}`) }];
  }
  const records = readMessages(outcome, MAX_MESSAGES);
  if (records instanceof Failure) return [];
  return records.flatMap((record, index) => messageFacts(`message ${index + 1}`, record, jsonEqual));
}

function messageFacts(name: string, record: MessageRecord, jsonEqual: boolean): readonly Fact[] {
  const { topic, payload, qos, retain, properties, expiry } = record;
  const json = jsonEqual ? jsonOf(payload) : undefined;
  const rest = { qos, retain, ...(expiry !== undefined && { expiry }), ...properties };
  return [
    { what: `${name}, topic`, value: topic, text: cut(topic) },
    { what: `${name}, payload`, value: json ?? payload, text: payloadText(payload) },
    { what: `${name}, QoS and properties`, value: rest, text: cut(JSON.stringify(rest)) },
  ];
}

/** In an object of its own: `null` is JSON too. */
function jsonOf(payload: Buffer): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(payload.toString('utf8')) as unknown };
  } catch {
    return undefined;
  }
}

function payloadText(payload: Buffer): string {
  const text = payload.toString('utf8');
  return Buffer.from(text).equals(payload) ? cut(text) : cut(`hex ${payload.toString('hex')}`);
}

function cut(text: string): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
  return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}…` : clean;
}
