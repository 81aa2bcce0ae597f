/** Routes for tests: one message by one route. */
import type { RouteConfig } from '../../src/core/config.js';
import { createMessage, type Message, type MessageInit } from '../../src/core/message.js';
import type { Target } from '../../src/links/route-types.js';
import { compileRoutes, targetsOf } from '../../src/links/rules.js';

export const NOON = Date.UTC(2026, 10, 26, 12);

export function messageOf(payload: string | Buffer, more: Partial<MessageInit> = {}): Message {
  return createMessage({
    topic: 'hpmq/plant-7/boiler/temperature',
    payload,
    qos: 1,
    origin: 'device:boiler',
    receivedAt: NOON,
    ...more,
  });
}

/** The target of the message's topic by a route out of `#`. */
export function targetOf(route: Partial<RouteConfig>, topic = 'hpmq/plant-7/boiler/temperature'): Target {
  const rules = compileRoutes([{ direction: 'out', filter: '#', to: '{topic}', qos: 2, ...route }], 'plant-7');
  const [target] = targetsOf(rules.out, topic, () => {});
  if (target === undefined) throw new Error(`${topic} has no target`);
  return target;
}
