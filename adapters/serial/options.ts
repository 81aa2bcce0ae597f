/** What follows from the options of a device, for its checks and for its work. */
import type { ConfigIssue, Endpoint } from '../../src/adapter.js';
import { Checksum } from './checksums/checksum.js';
import { canWrap } from './framing/frame.js';
import { decode, type Parser, type TextEncoding } from './parsing/fields.js';
import { createParser } from './parsing/parser.js';
import type { DeviceOptions, PointAddress } from './schema/schema.js';
import { uses } from './template.js';

/** The only field of a frame that nobody takes apart: its text. */
export const CONTENT = 'content';

export function contentParser(encoding: TextEncoding): Parser {
  return { names: new Set([CONTENT]), parse: (content) => new Map([[CONTENT, decode(content, encoding)]]) };
}

export function isWrapped({ wrap, frame }: DeviceOptions): boolean {
  return wrap ?? ['slip', 'cobs', 'nmea'].includes(frame?.frame.kind ?? '');
}

/** Fields that a frame can have; undefined: any. */
function fieldNames({ parse, charset, protocol }: DeviceOptions): ReadonlySet<string> | undefined {
  if (protocol !== 'frames') return undefined;
  return parse === undefined ? new Set([CONTENT]) : createParser(parse, charset).names;
}

const issue = (path: string, message: string): ConfigIssue => ({ path: [path], message });

export function deviceIssues(device: DeviceOptions, endpoint: Endpoint): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { protocol, frame, checksum, poll, raw, address } = device;
  if ('parallel' in endpoint && (endpoint.parallel ?? 1) > 1) {
    issues.push(issue('port', 'answers do not name their request: one at a time, leave `parallel` of the port away'));
  }
  if (protocol === 'iec62056-21') {
    for (const key of ['frame', 'checksum', 'parse', 'poll', 'raw', 'wrap', 'staleAfter'] as const) {
      if (device[key] !== undefined) issues.push(issue(key, 'is of protocol frames; iec62056-21 has its own'));
    }
    return issues;
  }
  if (device.password !== undefined) issues.push(issue('password', 'is of protocol iec62056-21'));
  if (device.fixedBaudRate) issues.push(issue('fixedBaudRate', 'is of protocol iec62056-21'));
  if (frame === undefined) {
    issues.push({
      path: [],
      message: 'needs `frame`: how its frames are told apart, such as line or { delimiter: "\\r\\n" }',
    });
    return issues;
  }
  const { kind } = frame.frame;
  if (checksum !== undefined) {
    if (kind === 'nmea' || kind === 'telegram')
      issues.push(issue('checksum', `${kind} has its own: remove \`checksum\``));
    const { size } = new Checksum(checksum);
    if (frame.frame.kind === 'marked' && frame.frame.trailer > 0 && frame.frame.trailer !== size) {
      issues.push(issue('checksum', `has ${size} bytes, the trailer of the frame ${frame.frame.trailer}`));
    }
  }
  if (device.wrap === true && !canWrap(frame.frame)) {
    issues.push(issue('wrap', `frames of kind ${kind} are not made: write what is sent as a whole`));
  }
  if (poll !== undefined && uses(poll.template, 'value')) issues.push(issue('poll', 'a poll has no {value}'));
  if (poll !== undefined && uses(poll.template, 'address') && address === undefined) {
    issues.push(issue('poll', 'uses {address}: give the device an `address`'));
  }
  if (raw !== undefined && !raw.tee && !raw.request) issues.push(issue('raw', 'does nothing: set `tee` or `request`'));
  return issues;
}

export function pointIssues(address: PointAddress): readonly ConfigIssue[] {
  if (!address.command) return [];
  const issues: ConfigIssue[] = [];
  if (address.send === undefined && !address.encoded) {
    issues.push(issue('command', 'needs `send`: what the device is told'));
  }
  for (const key of ['field', 'is', 'poll', 'staleAfter'] as const) {
    if (address[key] !== undefined) issues.push(issue(key, 'is of a point with a value, not of a command'));
  }
  return issues;
}

export function pointOfIssues(address: PointAddress, device: DeviceOptions, id: string): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { poll, send, staleAfter, command } = address;
  if (device.protocol === 'iec62056-21') {
    if (poll !== undefined) issues.push(issue('poll', 'is of protocol frames: a meter says everything at once'));
    if (staleAfter !== undefined) issues.push(issue('staleAfter', 'is of points that come by themselves'));
    if (command) issues.push(issue('command', 'is of protocol frames'));
    return issues;
  }
  if (staleAfter !== undefined && (poll ?? device.poll) !== undefined) {
    issues.push(issue('staleAfter', 'is of points that come by themselves; this one is polled'));
  }
  for (const [key, sending] of [
    ['poll', poll],
    ['send', send],
  ] as const) {
    if (sending === undefined) continue;
    if (uses(sending.template, 'address') && device.address === undefined) {
      issues.push(issue(key, 'uses {address}: give the device an `address`'));
    }
    if (sending.wrap === true && device.frame !== undefined && !canWrap(device.frame.frame)) {
      issues.push(issue(key, `frames of kind ${device.frame.frame.kind} are not made: write what is sent as a whole`));
    }
  }
  if (poll !== undefined && uses(poll.template, 'value')) issues.push(issue('poll', 'a poll has no {value}'));
  if (command) return issues;
  const names = fieldNames(device);
  const field = address.field ?? (device.parse === undefined ? CONTENT : id);
  if (names !== undefined && !names.has(field)) {
    const message = `there is no field ${field}: \`parse\` gives ${[...names].join(', ')}`;
    issues.push(
      address.field === undefined
        ? { path: [], message: `${message}; name one in \`field\`` }
        : issue('field', message),
    );
  }
  return issues;
}
