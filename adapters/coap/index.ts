/** CoAP (RFC 7252): constrained devices over UDP, observed where they can be. */
import { defineAdapter } from '../../src/adapter.js';
import { CoapBus } from './bus.js';
import { resourceKey } from './device.js';
import { finder } from './discover.js';
import { type Address, addressSchema, deviceSchema, pointIssues, portSchema, whyReadOnly } from './schema.js';
import { serverRole } from './server/role.js';

function describe({ path, method, format, pointer, record }: Address): string {
  const parts = [method === 'GET' ? path : `${method} ${path}`, format, pointer, record];
  return parts.filter((part) => part !== undefined).join(' ');
}

export default defineAdapter({
  type: 'coap',
  title: 'CoAP',
  endpoints: ['udp', 'dtls'],
  port: portSchema,
  device: deviceSchema,
  address: addressSchema,
  timeout: 20_000,
  check: { point: pointIssues },
  readOnly: whyReadOnly,
  describe,
  // All points of a resource are in one payload.
  span: (address) => ({ space: resourceKey(address), start: 0, length: 1, limit: 1 }),
  finder,
  server: serverRole,
  open: async (wire, _port, { clock }) => new CoapBus(wire, clock),
});
