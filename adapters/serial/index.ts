/** Whatever speaks bytes on a wire: framed, checked, taken apart; listened to or asked. Configuration: README.md. */
import { defineAdapter } from '../../src/adapter.js';
import { SerialBus } from './bus.js';
import { Line } from './line.js';
import { deviceIssues, pointIssues, pointOfIssues } from './options.js';
import { profileFiles } from './profile-files.js';
import { replay } from './replay.js';
import { addressSchema, deviceSchema, portSchema } from './schema/schema.js';
import { templateText } from './template.js';

export default defineAdapter({
  type: 'serial',
  title: 'Serial devices of any kind: scales, scanners, meters, receivers',
  endpoints: ['serial', 'rfc2217', 'tcp', 'tls', 'udp', 'listen'],
  port: portSchema,
  device: deviceSchema,
  address: addressSchema,

  check: {
    device: (device, _port, endpoint) => deviceIssues(device, endpoint),
    point: pointIssues,
    pointOf: pointOfIssues,
  },

  readOnly: ({ send, encoded }) =>
    send === undefined && !encoded
      ? 'it has no `send`, which says what the device is told, nor `encoded`, for which a function says it'
      : undefined,

  resolve: (address, { poll, staleAfter }) =>
    address.command
      ? address
      : { ...address, poll: address.poll ?? poll, staleAfter: address.staleAfter ?? staleAfter },

  pushed({ poll, command, staleAfter }, { protocol }) {
    if (command) return { isExpected: false, staleAfter: undefined };
    return protocol === 'iec62056-21' || poll !== undefined ? undefined : { isExpected: true, staleAfter };
  },

  // What the answer to one question says is read with one question.
  span({ poll, command }) {
    const space = command ? 'command' : poll === undefined ? 'readout' : templateText(poll.template);
    return { space, start: 0, length: 1, limit: 1 };
  },

  profiles: profileFiles,
  replay,

  async open(wire, _port, { clock, endpoint, log }) {
    return new SerialBus(new Line(wire, clock, endpoint), log);
  },
});
