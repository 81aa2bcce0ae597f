/**
 * The stamp in the topic, for brokers that know no user properties:
 *
 *   hpmq-wrap/<gateway>/<epoch>/<number>/<hop,hop>/<QoS>/<-, time or time!>/<the topic itself>
 *
 * The QoS is that with which it entered the mesh. The time is there for retained messages, with `!` where two gateways met. Only gateways with `wrap` read such topics.
 */
import type { Message, QoS, Stamp } from '../core/message.js';
import { splitStamp } from '../core/stamp.js';

const PREFIX = 'hpmq-wrap';
/** In front of a filter. */
export const WRAPPED = `${PREFIX}/+/+/+/+/+/+/`;
const NO_TIME = '-';

/**
 * @param self - id of the gateway that sends: the next hop
 * @param topic - as it is sent, like `retain`
 */
export function wrap(
  stamp: Stamp,
  self: string,
  { retain, qos, topic }: Pick<Message, 'retain' | 'qos' | 'topic'>,
): string {
  const time = retain ? `${stamp.at}${stamp.isSync ? '!' : ''}` : NO_TIME;
  const hops = [...stamp.hops, self].join(',');
  return [PREFIX, stamp.gateway, stamp.epoch, stamp.sequence, hops, qos, time, topic].join('/');
}

/**
 * @param now - Unix ms
 * @returns undefined: it is not wrapped
 */
export function unwrap(
  topic: string,
  now: number,
): { readonly topic: string; readonly retain: boolean; readonly stamp: Stamp; readonly qos: QoS } | undefined {
  const [prefix, gateway = '', epoch = '', sequence = '', hops = '', level = '', time = '', ...rest] = topic.split('/');
  if (prefix !== PREFIX || rest.length === 0 || rest.join('/') === '') return undefined;
  const retain = time !== NO_TIME;
  const isSync = time.endsWith('!');
  const userProperties: [string, string][] = [
    ['hpmq-origin', `${gateway}/${epoch}`],
    ['hpmq-seq', sequence],
    ['hpmq-hops', hops],
    ['hpmq-qos', level],
  ];
  if (retain) userProperties.push(['hpmq-time', isSync ? time.slice(0, -1) : time]);
  if (isSync) userProperties.push(['hpmq-sync', '1']);
  const { stamp, qos } = splitStamp({ userProperties }, now);
  return stamp === undefined || qos === undefined ? undefined : { topic: rest.join('/'), retain, stamp, qos };
}
