/**
 * The stamp in the topic, for brokers that know no user properties:
 *
 *   hpmq-wrap/<gateway>/<epoch>/<number>/<hop,hop>/<-, time or time!>/<the topic itself>
 *
 * The time is there for retained messages, with `!` where two gateways met. Only gateways with `wrap` read such topics.
 */
import type { Stamp } from '../core/message.js';
import { splitStamp } from '../core/stamp.js';

const PREFIX = 'hpmq-wrap';
/** In front of a filter. */
export const WRAPPED = `${PREFIX}/+/+/+/+/+/`;
const NO_TIME = '-';

/** @param self - id of the gateway that sends: the next hop */
export function wrap(stamp: Stamp, self: string, isRetained: boolean, topic: string): string {
  const time = isRetained ? `${stamp.at}${stamp.isSync ? '!' : ''}` : NO_TIME;
  const hops = [...stamp.hops, self].join(',');
  return [PREFIX, stamp.gateway, stamp.epoch, stamp.sequence, hops, time, topic].join('/');
}

/**
 * @param now - Unix ms
 * @returns undefined: it is not wrapped
 */
export function unwrap(
  topic: string,
  now: number,
): { readonly topic: string; readonly retain: boolean; readonly stamp: Stamp } | undefined {
  const [prefix, gateway = '', epoch = '', sequence = '', hops = '', time = '', ...rest] = topic.split('/');
  if (prefix !== PREFIX || rest.length === 0 || rest.join('/') === '') return undefined;
  const retain = time !== NO_TIME;
  const isSync = time.endsWith('!');
  const userProperties: [string, string][] = [
    ['hpmq-origin', `${gateway}/${epoch}`],
    ['hpmq-seq', sequence],
    ['hpmq-hops', hops],
  ];
  if (retain) userProperties.push(['hpmq-time', isSync ? time.slice(0, -1) : time]);
  if (isSync) userProperties.push(['hpmq-sync', '1']);
  const { stamp } = splitStamp({ userProperties }, now);
  return stamp && { topic: rest.join('/'), retain, stamp };
}
