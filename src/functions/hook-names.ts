/** Which hook a trigger needs. */
import type { FunctionConfig, FunctionTrigger } from '../core/config.js';
import type { Hook } from '../core/function.js';

const HOOKS: Readonly<Record<FunctionTrigger['type'], Hook>> = {
  path: 'on_message',
  link: 'on_message',
  subscribe: 'on_message',
  decode: 'on_decode',
  encode: 'on_encode',
  connect: 'on_connect',
  timer: 'on_timer',
  start: 'on_start',
};

export function hooksOf({ triggers }: FunctionConfig): readonly Hook[] {
  return [...new Set(triggers.map(({ type }) => HOOKS[type]))];
}

/** `upstream raw/#`, `link cloud out #`, `timer 10s` */
export function triggerText(trigger: FunctionTrigger): string {
  switch (trigger.type) {
    case 'path':
      return `${trigger.direction} ${trigger.filter}`;
    case 'link':
      return `link ${trigger.link} ${trigger.direction} ${trigger.filter}`;
    case 'subscribe':
      return `subscribe ${trigger.filter}`;
    case 'decode':
    case 'encode':
      return `${trigger.type} ${trigger.devices.join(', ')}`;
    case 'connect':
      return trigger.listeners === undefined ? 'connect' : `connect ${trigger.listeners.join(', ')}`;
    case 'timer':
      return `timer ${trigger.every % 1_000 === 0 ? `${trigger.every / 1_000}s` : `${trigger.every}ms`}`;
    case 'start':
      return 'start';
  }
}
