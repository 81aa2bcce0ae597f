/** How a link keeps messages from going round: `type: peer`, `stamp`, `wrap`; `bridge` is in link-connection.ts. */
import { z } from 'zod';
import type { HubConfig, LinkConfig } from '../core/config.js';
import { name as gatewayName } from './values.js';

export const linkType = z
  .enum(['mqtt', 'peer'])
  .describe('mqtt: a broker; peer: another gateway, in one mesh with this one: each message is delivered once');

export const loopOptions = {
  stamp: z
    .boolean()
    .optional()
    .describe(
      'messages say in user properties where they have been, and are believed; when there are peers, by default',
    ),
  hub: z
    .strictObject({
      name: gatewayName.describe('of the broker, the same at each of its gateways'),
      gateways: z.array(gatewayName).min(2).describe('ids of all gateways that are connected to it, in the same order'),
    })
    .optional()
    .describe('several gateways of the mesh are connected to this broker: each message passes through one of them'),
  wrap: z
    .boolean()
    .default(false)
    .describe(
      'they say it in the topic, for brokers without user properties: only gateways with `wrap` read such topics',
    ),
};

interface Parsed {
  readonly type: 'mqtt' | 'peer';
  readonly protocolVersion: 4 | 5;
  readonly stamp?: boolean | undefined;
  readonly hub?: HubConfig | undefined;
  readonly wrap: boolean;
}

export function checkLoopOptions(link: Parsed, fail: (path: string[], message: string, hint: string) => void): void {
  if (link.type === 'peer' && link.protocolVersion === 4) {
    fail(['protocolVersion'], 'peers speak MQTT 5.0', 'remove `protocolVersion`');
  }
  if (link.type === 'peer' && link.stamp === false) {
    fail(['stamp'], 'messages between peers have stamps', 'remove `stamp`, or write `type: mqtt`');
  }
  if (link.hub !== undefined && (link.type === 'peer' || link.protocolVersion === 4 || link.stamp === false)) {
    fail(['hub'], 'a hub is a broker of others that passes user properties on', 'use type mqtt, protocolVersion 5');
  }
  if (link.type === 'peer' && link.wrap) fail(['wrap'], 'peers need no wrapped topics', 'remove `wrap`');
  if (link.stamp === true && link.protocolVersion === 4) {
    fail(['stamp'], 'MQTT 3.1.1 has no user properties', 'use protocolVersion 5, or `wrap: true`');
  }
}

export function toLoopOptions({ type, stamp, hub, wrap }: Parsed): Pick<LinkConfig, 'type' | 'stamp' | 'hub' | 'wrap'> {
  return { type, stamp, hub, wrap };
}
