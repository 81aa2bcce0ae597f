/** The sections of the reference: which options are in them, what is said above them, and an example. */
import { examples } from './examples.js';

export interface Section {
  readonly title: string;
  /** Options that begin with one of these, and with none of another section that says more. */
  readonly prefixes: readonly string[];
  /** Only what is of this alternative alone: of this adapter, of this type of server. */
  readonly tag?: string;
  /** What all alternatives have in common. */
  readonly isCommon?: boolean;
  readonly intro: string;
  readonly example?: string;
}

export const sections: readonly Section[] = [
  {
    title: 'gateway',
    prefixes: ['gateway'],
    intro: 'Change the id before the first start: topics and the client ids of links have it in them.',
    example: examples.gateway,
  },
  {
    title: 'store',
    prefixes: ['store'],
    intro: '`hpmq store stat` shows what is kept, and what a power cut could lose.',
    example: examples.store,
  },
  {
    title: 'broker',
    prefixes: ['broker'],
    intro: 'Without any of it: MQTT on 127.0.0.1:1883, for programs of this machine, without credentials.',
    example: examples.broker,
  },
  {
    title: 'broker.listeners',
    prefixes: ['broker.listeners'],
    intro:
      'A listener that the network reaches needs users, tokens or certificates, or `anonymous: true` in so many words.',
    example: examples.listeners,
  },
  {
    title: 'broker.auth',
    prefixes: ['broker.auth'],
    intro: 'What the rules mean: [Who may do what](security.md#who-may-do-what).',
    example: examples.auth,
  },
  {
    title: 'broker.limits',
    prefixes: ['broker.limits'],
    intro: 'Each has a default that suits a gateway; what is refused is counted by the name of the limit.',
    example: examples.limits,
  },
  {
    title: 'ports',
    prefixes: ['ports', 'profiles'],
    intro:
      'Which keys of an adapter are here, too, its README says: [modbus](../adapters/modbus/README.md), [serial](../adapters/serial/README.md), [coap](../adapters/coap/README.md). Serial lines: [Wiring RS-485](wiring-rs485.md).',
    example: examples.ports,
  },
  {
    title: 'devices: what all have',
    prefixes: ['devices'],
    isCommon: true,
    intro: 'A device may leave out what its `profile` says (`hpmq profile list`), and give single points anew.',
    example: examples.devices,
  },
  {
    title: 'devices: modbus',
    prefixes: ['devices'],
    tag: 'modbus',
    intro: 'Addresses, types and byte orders are explained in [adapters/modbus](../adapters/modbus/README.md).',
    example: examples.modbus,
  },
  {
    title: 'devices: serial',
    prefixes: ['devices'],
    tag: 'serial',
    intro: 'Frames and fields are explained in [adapters/serial](../adapters/serial/README.md).',
    example: examples.serial,
  },
  {
    title: 'devices: coap',
    prefixes: ['devices'],
    tag: 'coap',
    intro: 'Formats and observation are explained in [adapters/coap](../adapters/coap/README.md).',
    example: examples.coap,
  },
  {
    title: 'devices: simulator',
    prefixes: ['devices'],
    tag: 'simulator',
    intro: 'Values without hardware.',
    example: examples.simulator,
  },
  {
    title: 'servers: what all have',
    prefixes: ['servers'],
    isCommon: true,
    intro: 'The gateway as a device of other masters.',
  },
  {
    title: 'servers: modbus',
    prefixes: ['servers'],
    tag: 'modbus',
    intro: 'Explained in [adapters/modbus](../adapters/modbus/README.md#server).',
    example: examples.modbusServer,
  },
  {
    title: 'servers: coap',
    prefixes: ['servers'],
    tag: 'coap',
    intro: 'Explained in [adapters/coap](../adapters/coap/README.md).',
    example: examples.coapServer,
  },
  {
    title: 'links',
    prefixes: ['links'],
    intro: '`hpmq link list` says whether they deliver, `hpmq link show NAME` why not.',
    example: examples.links,
  },
  {
    title: 'links: routes',
    prefixes: ['links.*.routes'],
    intro:
      'In `to`: `{topic}` the whole topic, `{topic:N}` without its first N levels, `{level:N}` its N-th level, `{1}` what the first wildcard of the filter stands for, `{gateway}`, `{device}`, `{point}`.',
    example: examples.routes,
  },
  {
    title: 'functions',
    prefixes: ['functions'],
    intro: 'How they are written: [Functions](functions.md).',
    example: examples.functions,
  },
  {
    title: 'functionRegistry',
    prefixes: ['functionRegistry'],
    intro: 'Images are kept in `gateway.data`: a start needs no registry.',
    example: examples.functionRegistry,
  },
  {
    title: 'history',
    prefixes: ['history'],
    intro: 'What is recorded of points, and how it is asked: [History](history.md).',
    example: examples.history,
  },
  {
    title: 'api, log and tui',
    prefixes: ['api', 'log', 'tui'],
    intro: 'The control socket has the permissions 0660: whoever may open it may do everything.',
    example: examples.api,
  },
  {
    title: 'update',
    prefixes: ['update'],
    intro: 'How versions are installed and prove themselves: [Upgrading](upgrading.md).',
    example: examples.update,
  },
];
