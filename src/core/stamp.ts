/**
 * The stamp of a message in a mesh of gateways: where it entered, its number there, and whom it has passed. It travels as
 * user properties of MQTT 5.0 (§3.3.2.3.7), through brokers of others, too:
 *
 *   hpmq-origin  plant-7/x3k9…      gateway and its start; behind `~` a name for the renamings on the way
 *   hpmq-seq     4711
 *   hpmq-hops    plant-7,plant-8    gateways it has passed, the first first
 *   hpmq-time    1763841600123      Unix ms; of retained messages, the newest of which wins
 *   hpmq-sync    1                  sent because two gateways met, not because it was published
 *
 * In the gateway it is a field of its own: who is no peer never sees it.
 */
import { createHash } from 'node:crypto';
import type { PublishProperties, Stamp } from './message.js';

/** In CONNECT, and in the CONNACK that answers it: the id of the gateway that speaks. */
export const PEER_PROPERTY = 'hpmq-peer';

/** A message that has passed so many gateways is not passed on. */
export const MAX_HOPS = 32;

const ORIGIN = 'hpmq-origin';
const SEQUENCE = 'hpmq-seq';
const HOPS = 'hpmq-hops';
const TIME = 'hpmq-time';
const SYNC = 'hpmq-sync';
const NAMES: ReadonlySet<string> = new Set([ORIGIN, SEQUENCE, HOPS, TIME, SYNC]);

const GATEWAY = /^[^/,~\s]{1,64}$/;
const EPOCH = /^[A-Za-z0-9_~-]{1,64}$/;
const NUMBER = /^[1-9]\d{0,15}$/;

export function isGatewayId(text: string): boolean {
  return GATEWAY.test(text);
}

/** By this a message is known: all its copies have it, and no other message. */
export function originOf({ gateway, epoch }: Stamp): string {
  return `${gateway}/${epoch}`;
}

/**
 * Takes the stamp out of the properties, also one that is none.
 *
 * @param now - Unix ms, for a stamp without a time
 */
export function splitStamp(
  properties: PublishProperties | undefined,
  now: number,
): { readonly properties: PublishProperties | undefined; readonly stamp: Stamp | undefined } {
  const all = properties?.userProperties;
  if (all === undefined || !all.some(([name]) => NAMES.has(name))) return { properties, stamp: undefined };
  const found = new Map<string, string>();
  const others = all.filter(([name, value]) => {
    if (!NAMES.has(name)) return true;
    // Twice the same name: somebody has made that up.
    found.set(name, found.has(name) ? '' : value);
    return false;
  });
  const { userProperties: _, ...rest } = properties!;
  const left = others.length > 0 ? { ...rest, userProperties: others } : rest;
  return { properties: Object.keys(left).length > 0 ? left : undefined, stamp: parse(found, now) };
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
 * @param isRetained - the time is of use
 */
export function joinStamp(
  properties: PublishProperties | undefined,
  stamp: Stamp,
  self: string,
  isRetained: boolean,
): PublishProperties {
  const pairs: (readonly [string, string])[] = [
    [ORIGIN, originOf(stamp)],
    [SEQUENCE, String(stamp.sequence)],
    [HOPS, [...stamp.hops, self].join(',')],
  ];
  if (isRetained) pairs.push([TIME, String(stamp.at)]);
  if (stamp.isSync) pairs.push([SYNC, '1']);
  return { ...properties, userProperties: [...(properties?.userProperties ?? []), ...pairs] };
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
