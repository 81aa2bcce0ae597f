/** Modbus TCP, RTU and RTU over TCP towards devices. Configuration and address grammar: README.md. */
import { characterTimeMs, defineAdapter, type Endpoint } from '../../src/adapter.js';
import { isRtuUnit, ModbusBus, RTU_UNIT_TEXT } from './bus.js';
import { readCosts } from './costs.js';
import { modbusError } from './errors.js';
import { READ_LIMIT } from './pdu.js';
import { placeIssues, placeOf, placeText, pointIssues, readOnlyReason, resolvePoint } from './point.js';
import { RtuMaster } from './rtu.js';
import { addressSchema, deviceSchema, type PortOptions, portSchema } from './schema.js';
import { serverRole } from './server/role.js';
import { TcpMaster } from './tcp.js';

/** What drivers and converters need at least between two frames; 3.5 characters are less above 9600 baud. */
const MIN_SILENCE_MS = 4;
const SERIAL_TCP_TEXT = 'a serial line carries RTU frames; framing tcp needs a tcp port';

function framingOf(port: PortOptions, endpoint: Endpoint): 'tcp' | 'rtu' {
  return port.framing ?? (endpoint.type === 'serial' ? 'rtu' : 'tcp');
}

/** MODBUS over Serial Line V1.02 §2.5.1.1: frames are 3.5 characters apart. */
function silenceMs(endpoint: Endpoint): number {
  return endpoint.type === 'serial' ? Math.max(MIN_SILENCE_MS, 3.5 * characterTimeMs(endpoint)) : MIN_SILENCE_MS;
}

export default defineAdapter({
  type: 'modbus',
  title: 'Modbus TCP and RTU',
  endpoints: ['tcp', 'serial'],
  port: portSchema,
  device: deviceSchema,
  address: addressSchema,

  check: {
    port: (port, endpoint) =>
      endpoint.type === 'serial' && port.framing === 'tcp' ? [{ path: ['framing'], message: SERIAL_TCP_TEXT }] : [],
    device: (device, port, endpoint) =>
      framingOf(port, endpoint) === 'rtu' && !isRtuUnit(device.unit)
        ? [{ path: ['unit'], message: RTU_UNIT_TEXT }]
        : [],
    point: pointIssues,
    pointOf: placeIssues,
  },

  readOnly: readOnlyReason,

  resolve: resolvePoint,
  describe: (point) => placeText(point),

  span(point) {
    const { table, start, length } = placeOf(point);
    return { space: table, start, length, limit: READ_LIMIT[table] };
  },

  server: serverRole,

  costs: (device, port, endpoint) =>
    readCosts(device, {
      framing: framingOf(port, endpoint),
      characterMs: endpoint.type === 'serial' ? characterTimeMs(endpoint) : undefined,
      silenceMs: silenceMs(endpoint),
    }),

  async open(wire, port, { clock, endpoint, log }) {
    const framing = framingOf(port, endpoint);
    if (framing === 'tcp' && endpoint.type === 'serial') throw modbusError('MODBUS_CONFIG', SERIAL_TCP_TEXT);
    const master =
      framing === 'tcp'
        ? new TcpMaster(wire, clock)
        : new RtuMaster(wire, { clock, silenceMs: silenceMs(endpoint), lateWindowMs: port.lateWindow });
    return new ModbusBus(master, clock, framing, () => {
      if (master.discarded > 0) log.debug({ frames: master.discarded }, 'modbus: frames were discarded');
    });
  },
});
