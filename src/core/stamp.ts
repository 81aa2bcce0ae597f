/**
 * The stamp of a message in a mesh of gateways: where it entered, its number there, and whom it has passed. It travels as
 * user properties of MQTT 5.0 (§3.3.2.3.7), through brokers of others, too:
 *
 *   hpmq-origin  plant-7/x3k9…      gateway and its start; behind `~` a name for the renamings on the way
 *   hpmq-seq     4711
 *   hpmq-hops    plant-7,plant-8    gateways it has passed, the first first; `@` and `>`: see core/hubs.ts
 *   hpmq-qos     1                  of the message where it entered; absent: 0
 *   hpmq-time    1763841600123      Unix ms; of retained messages, the newest of which wins
 *   hpmq-sync    1                  sent because two gateways met, not because it was published
 *
 * In the gateway it is a field of its own: who is no peer never sees it.
 *
 * The QoS travels because ways differ: of a message of QoS 1 one way may carry a copy at QoS 0, faster than another does at
 * QoS 1. The first copy is the one that counts, and all later ones are dropped, so each gateway must be able to do with any
 * copy what it would have done with the best. Therefore a cap on QoS is one of the way, not of the message: on arrival it has
 * the QoS again that it entered with, waits for sessions that are absent, goes on at that QoS, and is taken for seen in the
 * same commit that keeps it. A copy of QoS 0 that is lost on its way was never seen, and the other one serves.
 */
import { createHash } from 'node:crypto';
import type { Message, PublishProperties, QoS, Stamp } from './message.js';

/** In CONNECT, and in the CONNACK that answers it: the id of the gateway that speaks. */
export const PEER_PROPERTY = 'hpmq-peer';

/** In SUBSCRIBE of a peer: the lowest QoS at which it wants messages, so that those of QoS 0 wait for it, too. */
export const MIN_QOS_PROPERTY = 'hpmq-min-qos';

/** Before the name of a broker of others, first among the hops: the gateway where the message entered passes it there. */
export const PASSES = '>';

/** A message that has passed so many gateways is not passed on. */
export const MAX_HOPS = 32;

const ORIGIN = 'hpmq-origin';
const SEQUENCE = 'hpmq-seq';
const HOPS = 'hpmq-hops';
const TIME = 'hpmq-time';
const SYNC = 'hpmq-sync';
const QOS = 'hpmq-qos';
const NAMES: ReadonlySet<string> = new Set([ORIGIN, SEQUENCE, HOPS, TIME, SYNC, QOS]);

const GATEWAY = /^[^/,~\s]{1,64}$/;
const EPOCH = /^[A-Za-z0-9_~-]{1,64}$/;
const NUMBER = /^[1-9]\d{0,15}$/;
const PUBLISHED_QOS = /^[012]$/;

export function isGatewayId(text: string): boolean {
  return GATEWAY.test(text);
}

/** By this a message is known: all its copies have it, and no other message. */
export function originOf({ gateway, epoch }: Stamp): string {
  return `${gateway}/${epoch}`;
}

export interface Split {
  readonly properties: PublishProperties | undefined;
  readonly stamp: Stamp | undefined;
  /** That the message entered the mesh with; undefined: not known. */
  readonly qos: QoS | undefined;
}

/**
 * Takes the stamp out of the properties, also one that is none.
 *
 * @param now - Unix ms, for a stamp without a time
 */
export function splitStamp(properties: PublishProperties | undefined, now: number): Split {
  const all = properties?.userProperties;
  if (all === undefined || !all.some(([name]) => NAMES.has(name))) {
    return { properties, stamp: undefined, qos: undefined };
  }
  const found = new Map<string, string>();
  const others = all.filter(([name, value]) => {
    if (!NAMES.has(name)) return true;
    // Twice the same name: somebody has made that up.
    found.set(name, found.has(name) ? '' : value);
    return false;
  });
  const { userProperties: _, ...rest } = properties!;
  const left = others.length > 0 ? { ...rest, userProperties: others } : rest;
  const stamp = parse(found, now);
  const qos = found.get(QOS) ?? '0';
  return {
    properties: Object.keys(left).length > 0 ? left : undefined,
    stamp,
    qos: stamp !== undefined && PUBLISHED_QOS.test(qos) ? (Number(qos) as QoS) : undefined,
  };
}

function parse(found: ReadonlyMap<string, string>, now: number): Stamp | undefined {
  const [gateway = '', epoch = '', ...more] = (found.get(ORIGIN) ?? '').split('/');
  const sequence = found.get(SEQUENCE) ?? '';
  const hops = (found.get(HOPS) ?? '').split(',');
  const time = found.get(TIME);
  if (!GATEWAY.test(gateway) || !EPOCH.test(epoch) || more.length > 0 || !NUMBER.test(sequence)) return undefined;
  if (!Number.isSafeInteger(Number(sequence)) || (time !== undefined && !NUMBER.test(time))) return undefined;
  if (hops.length > 2 * MAX_HOPS || !hops.every((hop) => GATEWAY.test(hop))) return undefined;
  return {
    gateway,
    epoch,
    sequence: Number(sequence),
    hops,
    at: time === undefined ? now : Number(time),
    isSync: found.get(SYNC) === '1',
  };
}

/**
 * The properties with the stamp behind them.
 *
 * @param self - id of the gateway that sends: the next hop
 * @param retain - as it is sent: the time is of use
 * @param qos - of the message here, not of the way
 */
export function joinStamp(
  properties: PublishProperties | undefined,
  stamp: Stamp,
  self: string,
  { retain, qos }: Pick<Message, 'retain' | 'qos'>,
): PublishProperties {
  const pairs: (readonly [string, string])[] = [
    [ORIGIN, originOf(stamp)],
    [SEQUENCE, String(stamp.sequence)],
    [HOPS, [...stamp.hops, self].join(',')],
  ];
  if (qos > 0) pairs.push([QOS, String(qos)]);
  if (retain) pairs.push([TIME, String(stamp.at)]);
  if (stamp.isSync) pairs.push([SYNC, '1']);
  return { ...properties, userProperties: [...(properties?.userProperties ?? []), ...pairs] };
}

/** So many gateways, and brokers between them, it has passed. */
export function passedBy({ hops }: Stamp): number {
  let passed = 0;
  for (const hop of hops) if (!hop.startsWith(PASSES)) passed++;
  return passed;
}

/**
 * A message that goes on under another name is another message: it may come back under the first one, by another way.
 *
 * @param renaming - names the rule that changed it; the same wherever it is applied
 */
export function renamed(stamp: Stamp, renaming: string): Stamp {
  const [start = '', before = ''] = stamp.epoch.split('~');
  const digest = createHash('sha1').update(`${before}\n${renaming}`).digest('base64url').slice(0, 8);
  return { ...stamp, epoch: `${start}~${digest}` };
}

/** What a topic begins with, here and there: the same for all topics that a rule changes alike. */
export function renamingOf(from: string, to: string): string {
  const a = from.split('/');
  const b = to.split('/');
  while (a.length > 0 && b.length > 0 && a.at(-1) === b.at(-1)) {
    a.pop();
    b.pop();
  }
  return `${a.join('/')}\n${b.join('/')}`;
}

/**
 * As what the routes of a link make of one message: another message each, which is the same at every gateway. The first, if
 * its name is that of the input, is the input itself.
 *
 * @param index - of the output
 */
export function stampOf(from: string, stamp: Stamp | undefined, to: string, index: number): Stamp | undefined {
  if (stamp === undefined) return undefined;
  const own = to === from ? stamp : renamed(stamp, renamingOf(from, to));
  return index === 0 ? own : renamed(own, `${index}`);
}
