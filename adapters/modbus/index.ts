/** Modbus TCP, RTU and ASCII towards devices. Configuration and address grammar: README.md. */
import type { Duplex } from 'node:stream';
import {
  type Clock,
  type ConfigIssue,
  characterTimeMs,
  defineAdapter,
  type Endpoint,
  type Rfc2217Endpoint,
  type SerialEndpoint,
} from '../../src/adapter.js';
import { asciiFraming } from './ascii-frame.js';
import { isRtuUnit, ModbusBus, RTU_UNIT_TEXT } from './bus.js';
import { readCosts } from './costs.js';
import { modbusError } from './errors.js';
import { type Framing, rtuFraming } from './framing.js';
import { dissect } from './listen/dissection.js';
import { PassiveBus } from './listen/passive-bus.js';
import type { Master } from './master.js';
import { READ_LIMIT } from './pdu.js';
import { extentOf, placeIssues, placeOf, placeText, pointIssues, readOnlyReason, resolvePoint } from './point.js';
import { profileFiles } from './profile-files.js';
import { replay } from './replay.js';
import { addressSchema, deviceSchema, type PortOptions, portSchema } from './schema.js';
import { SerialMaster } from './serial.js';
import { serverRole } from './server/role.js';
import { TcpMaster } from './tcp.js';

/** What converters need at least between two frames that come over TCP. */
const CONVERTER_SILENCE_MS = 4;
/** MODBUS over Serial Line V1.02 §2.5.1.1: 3.5 characters, and above 19200 baud this. */
const FAST_SILENCE_MS = 1.75;
const FAST_BAUD_RATE = 19_200;
const SERIAL_TCP_TEXT = 'a serial line carries RTU or ASCII frames; framing tcp needs a port of type tcp, tls or udp';

function framingOf(port: PortOptions, { type }: Endpoint): Framing {
  return port.framing ?? (type === 'serial' || type === 'rfc2217' || type === 'listen' ? 'rtu' : 'tcp');
}

function silenceMs(port: PortOptions, endpoint: Endpoint): number {
  if (port.silence !== undefined) return port.silence;
  if (!isLine(endpoint)) return CONVERTER_SILENCE_MS;
  return endpoint.baudRate > FAST_BAUD_RATE ? FAST_SILENCE_MS : 3.5 * characterTimeMs(endpoint);
}

function isLine(endpoint: Endpoint): endpoint is SerialEndpoint | Rfc2217Endpoint {
  return endpoint.type === 'serial' || endpoint.type === 'rfc2217';
}

/** What framing and wire do not allow together. */
function portIssues(port: PortOptions, endpoint: Endpoint): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const add = (field: string, message: string) => issues.push({ path: [field], message });
  const framing = framingOf(port, endpoint);
  if (framing === 'tcp' && isLine(endpoint)) add('framing', SERIAL_TCP_TEXT);
  if (isLine(endpoint)) {
    const { dataBits } = endpoint;
    if (framing === 'rtu' && dataBits !== 8) {
      add('dataBits', `RTU frames are bytes of 8 bits, not ${dataBits}: with 7 the framing is ascii`);
    }
    if (framing === 'ascii' && dataBits < 7) add('dataBits', `ASCII characters have 7 bits, not ${dataBits}`);
  }
  if (framing !== 'tcp' && 'parallel' in endpoint && (endpoint.parallel ?? 1) > 1) {
    add('parallel', `${framing.toUpperCase()} answers do not name their request: one at a time, leave parallel away`);
  }
  for (const field of ['characterTimeout', 'delimiter'] as const) {
    if (framing !== 'ascii' && port[field] !== undefined) add(field, `${field} is of framing ascii, not of ${framing}`);
  }
  for (const field of ['silence', 'lateWindow'] as const) {
    if (framing === 'tcp' && port[field] !== undefined) add(field, `${field} is of framing rtu and ascii, not of tcp`);
  }
  if (port.passive === true && framing !== 'rtu') add('passive', `only RTU is listened to, not ${framing}`);
  if (port.passive !== true && port.passiveStaleAfter !== undefined)
    add('passiveStaleAfter', 'is of a port with `passive: true`');
  return issues;
}

/** The slowest master that is usual, ms. */
const PASSIVE_STALE_MS = 60_000;

function createMaster(wire: Duplex, port: PortOptions, clock: Clock, endpoint: Endpoint): Master {
  const framing = framingOf(port, endpoint);
  if (framing === 'tcp') return new TcpMaster(wire, clock, endpoint.type === 'udp');
  return new SerialMaster(wire, {
    clock,
    silenceMs: silenceMs(port, endpoint),
    lateWindowMs: port.lateWindow,
    framing: framing === 'ascii' ? asciiFraming(port.delimiter?.charCodeAt(0), port.characterTimeout) : rtuFraming,
  });
}

export default defineAdapter({
  type: 'modbus',
  title: 'Modbus TCP, RTU and ASCII',
  endpoints: ['tcp', 'tls', 'udp', 'listen', 'serial', 'rfc2217'],
  port: portSchema,
  device: deviceSchema,
  address: addressSchema,

  check: {
    port: portIssues,
    device: (device, port, endpoint) =>
      framingOf(port, endpoint) !== 'tcp' && !isRtuUnit(device.unit)
        ? [{ path: ['unit'], message: RTU_UNIT_TEXT }]
        : [],
    point: pointIssues,
    pointOf: placeIssues,
  },

  listensOnly: ({ passive }) => (passive === true ? 'its port is `passive`, on which nothing is sent' : undefined),
  readOnly: readOnlyReason,

  resolve: resolvePoint,
  describe: (point) => placeText(point),

  span(point) {
    const place = placeOf(point);
    const { table, models } = place;
    const space = models === undefined ? table : `${table}:${models.join('|')}`;
    return { space, ...extentOf(place), limit: READ_LIMIT[table] };
  },

  pushed: (_point, _device, { passive, passiveStaleAfter = PASSIVE_STALE_MS }) =>
    passive === true ? { isExpected: true, staleAfter: passiveStaleAfter } : undefined,

  profiles: profileFiles,
  replay,
  wire: { framing: framingOf, dissect },
  server: serverRole,

  costs: (device, port, endpoint) =>
    readCosts(device, {
      framing: framingOf(port, endpoint),
      characterMs: isLine(endpoint) ? characterTimeMs(endpoint) : undefined,
      // Timers count whole milliseconds.
      silenceMs: Math.ceil(silenceMs(port, endpoint)),
    }),

  async open(wire, port, { clock, endpoint, log }) {
    const issue = portIssues(port, endpoint)[0];
    if (issue !== undefined) throw modbusError('MODBUS_CONFIG', issue.message);
    if (port.passive === true) return new PassiveBus(wire, clock);
    const framing = framingOf(port, endpoint);
    const master = createMaster(wire, port, clock, endpoint);
    return new ModbusBus(master, clock, framing, () => {
      if (master.discarded > 0) log.debug({ frames: master.discarded }, 'modbus: frames were discarded');
    });
  },
});
