/** What the packets of a sequence have in them that decides which rule a difference falls under. */
import { Judge, type Judgement } from './judge.js';
import type { Scenario } from './scenario.js';

export type Fact =
  /** Some client speaks of a shared subscription. */
  | 'share'
  /** A client takes packets of less than 100 bytes only. */
  | 'small-packets'
  /** A client takes less than 20 unacknowledged messages. */
  | 'small-window'
  /** A Will with a Will Delay Interval. */
  | 'will-delayed'
  /** A client with a Will may have lost its session to another connection. */
  | 'will-and-take-over'
  /** A client with a Will left by DISCONNECT with neither 0x00 nor 0x04. */
  | 'will-and-failure-code'
  /** A Topic Filter was subscribed to twice. */
  | 'subscribed-again'
  /** Packets sent together in the last step are wrong in more than one way. */
  | 'several-faults'
  /** A QoS 2 PUBLISH was sent together with other packets. */
  | 'qos2-among-others'
  /** Two QoS 2 PUBLISH with one Packet Identifier in one write. */
  | 'qos2-id-in-use';

export type Facts = ReadonlySet<Fact>;

const SMALL_PACKET = 100;
const SMALL_WINDOW = 20;
/** Header, topic of no bytes, Packet Identifier. */
const MIN_PUBLISH = 6;
const WILL_FLAG = 0x04;

export function factsOf(scenario: Scenario, step: number): Facts {
  const facts = new Set<Fact>();
  const judges: (Judge | undefined)[] = [];
  const hasWill: boolean[] = [];
  const filters = new Set<string>();
  const clientIds = new Set<string>();
  for (const [index, one] of scenario.steps.slice(0, step + 1).entries()) {
    if (one.does === 'open') judges[one.slot] = new Judge();
    if (!('bytes' in one)) continue;
    const judge = judges[one.slot];
    const found = judge?.feed(one.bytes) ?? [];
    if (one.bytes.includes('$share/')) facts.add('share');
    if (judge !== undefined && judge.maximumPacketSize < SMALL_PACKET) facts.add('small-packets');
    if (judge !== undefined && judge.receiveMaximum < SMALL_WINDOW) facts.add('small-window');
    if (index === step && found.filter(({ fault }) => fault !== 'ok').length > 1) facts.add('several-faults');
    together(found, facts);
    for (const { name, version, bytes } of found) {
      if (name === 'CONNECT') {
        const flagsAt = 2 + 2 + (version === 3 ? 6 : 4) + 1;
        hasWill[one.slot] = ((bytes[flagsAt] ?? 0) & WILL_FLAG) !== 0;
        const clientId = judge?.clientId ?? '';
        if (clientIds.has(clientId) && hasWill.includes(true)) facts.add('will-and-take-over');
        clientIds.add(clientId);
        if (judge?.isWillDelayed) facts.add('will-delayed');
      }
      const code = bytes[2] ?? 0;
      if (name === 'DISCONNECT' && hasWill[one.slot] && code !== 0 && code !== 4) facts.add('will-and-failure-code');
      if (name !== 'SUBSCRIBE') continue;
      for (const filter of filtersIn(bytes, version)) {
        // One session may be used through several slots: the Client Identifier does not matter.
        if (filters.has(filter)) facts.add('subscribed-again');
        filters.add(filter);
      }
    }
  }
  return facts;
}

function together(found: readonly Judgement[], facts: Set<Fact>): void {
  const identifiers = new Set<number>();
  for (const { name, bytes } of found) {
    if (bytes.length < MIN_PUBLISH) continue;
    if (name !== 'PUBLISH' || (bytes[0]! & 0x06) !== 0x04) continue;
    if (found.length > 1) facts.add('qos2-among-others');
    let body = 1;
    while (bytes[body]! >= 0x80) body++;
    if (body + 3 > bytes.length) continue;
    const topicBytes = bytes.readUInt16BE(body + 1);
    if (body + 3 + topicBytes + 2 > bytes.length) continue;
    const identifier = bytes.readUInt16BE(body + 3 + topicBytes);
    if (identifiers.has(identifier)) facts.add('qos2-id-in-use');
    identifiers.add(identifier);
  }
}

/** The filters of a SUBSCRIBE, as far as they can be read. */
function filtersIn(bytes: Buffer, version: number): string[] {
  let at = 1;
  while (at < bytes.length && bytes[at]! >= 0x80) at++;
  at += 3;
  if (version === 5) at += 1 + (bytes[at] ?? 0);
  const filters: string[] = [];
  while (at + 2 <= bytes.length) {
    const length = bytes.readUInt16BE(at);
    if (at + 2 + length > bytes.length) break;
    filters.push(bytes.toString('utf8', at + 2, at + 2 + length));
    at += 3 + length;
  }
  return filters;
}
