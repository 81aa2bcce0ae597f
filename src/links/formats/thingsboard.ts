/**
 * Telemetry as ThingsBoard takes it over MQTT:
 *
 *   device API   v1/devices/me/telemetry   {"ts":…,"values":{"temperature":71.4}}, or an array of them
 *   gateway API  v1/gateway/telemetry      {"boiler":[{"ts":…,"values":{"temperature":71.4}}]}
 *
 * The point is the last level of the topic, the device the one before, as in hpmq/<gateway>/<device>/<point>. Of an object
 * that is no reading each member is a value. `null` is none: ThingsBoard refuses the whole message for it.
 */
import type { GatewayError } from '../../core/errors.js';
import type { Message } from '../../core/message.js';
import type { FormatConfig } from '../../core/route-config.js';
import { linkError } from '../errors.js';
import type { Encoder } from '../route-types.js';
import { isObject, joinJson, parseJson } from './json.js';
import { type Reading, readingOf } from './reading.js';

type Options = Extract<FormatConfig, { readonly type: 'thingsboard' }>;

interface Telemetry {
  readonly ts: unknown;
  readonly values: Readonly<Record<string, unknown>>;
}

export function thingsBoard({ api, quality }: Options, gatewayId: string): Encoder {
  const element = (message: Message): Buffer | GatewayError => {
    const reading = readingOf(message);
    const { device, point } = placeOf(message.topic, gatewayId);
    const values = reading === undefined ? {} : valuesOf(reading, point, quality);
    if (reading === undefined || Object.keys(values).length === 0) {
      return linkError('LINK_FORMAT', `${message.topic} has no value that ThingsBoard takes`);
    }
    const telemetry: Telemetry = { ts: reading.t, values };
    return Buffer.from(JSON.stringify(api === 'gateway' ? { [device]: [telemetry] } : telemetry));
  };
  return { contentType: 'application/json', element, join: api === 'gateway' ? joinDevices : joinJson };
}

/** hpmq/<gateway>/<device>/<point>; the gateway's own state is told by the gateway. */
function placeOf(topic: string, gatewayId: string): { readonly device: string; readonly point: string } {
  const levels = topic.split('/').filter((level) => level !== '');
  const isLayout = levels[0] === 'hpmq' && levels.length >= 3;
  const names = isLayout ? levels.slice(2) : levels;
  const point = names.at(-1) ?? topic;
  const device = names.length < 2 ? gatewayId : isLayout ? names[0]! : names.at(-2)!;
  return { device, point: isLayout && names.length > 2 ? names.slice(1).join('/') : point };
}

function valuesOf({ v, q, e, payload }: Reading, point: string, quality: boolean): Record<string, unknown> {
  if (v === undefined && isObject(payload)) {
    const members = Object.entries(payload).map(([key, value]): [string, unknown] => [
      key,
      isObject(value) && Object.hasOwn(value, 'v') ? value.v : value,
    ]);
    return Object.fromEntries(members.filter(([, value]) => value !== null && value !== undefined));
  }
  const isKnown = v !== null && v !== undefined && v !== '';
  if (!quality) return isKnown && q === 'good' ? { [point]: v } : {};
  return {
    ...(isKnown && { [point]: v }),
    [`${point}_quality`]: q,
    ...(typeof e === 'string' && { [`${point}_error`]: e }),
  };
}

function joinDevices(elements: readonly Buffer[]): Buffer {
  const devices = new Map<string, unknown[]>();
  for (const element of elements) {
    const parsed = parseJson(element.toString())?.value as Record<string, unknown[]>;
    for (const [device, telemetry] of Object.entries(parsed)) {
      const known = devices.get(device);
      if (known === undefined) devices.set(device, telemetry);
      else known.push(...telemetry);
    }
  }
  return Buffer.from(JSON.stringify(Object.fromEntries(devices)));
}
