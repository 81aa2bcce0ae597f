/**
 * A whole gateway on a bad wire: a scripted slave answers every fifth request late, cut, noisy, echoed, for another unit,
 * for another request … Each register holds a value that is only its own, so any mix-up is a wrong value at the broker.
 */
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectAsync } from 'mqtt';
import t, { type Test } from 'tap';
import { crc16 } from '../../adapters/modbus/crc16.js';
import { startTestGateway } from '../support/gateway.js';
import { openSerial, ptyPair } from '../support/modbus-peers.js';
import { eventually, needs } from '../support/peers.js';

t.setTimeout(600_000);

const POINTS = 8;
/** Good readings that must have come while the wire was bad. */
const WANTED = 150;
/** One request in so many is answered wrongly. */
const FAULT_EVERY = 5;
const TIMEOUT_MS = 100;
/** A late answer comes after the time-out, but before the late window ends, which is long: this machine may be slow. */
const LATE_MS = 150;

const register = (index: number): number => index * 10;
const registerValue = (address: number): number => 4_000 + address;

/** Bytes to send, ms to wait before each. */
type Answer = readonly (readonly [delayMs: number, bytes: Buffer])[];
/** Makes a frame of the protocol under test. */
type Framer = (
  address: number,
  change?: { unit?: number; functionCode?: number; registers?: number; wrongRequest?: boolean },
) => Buffer;

/** One fault each; `frame` makes the right answer and variants of it. */
const faults: Readonly<Record<string, (address: number, request: Buffer, frame: Framer) => Answer>> = {
  late: (address, _request, frame) => [[LATE_MS, frame(address)]],
  silent: () => [],
  truncated: (address, _request, frame) => [[0, frame(address).subarray(0, -2)]],
  'byte by byte': (address, _request, frame) => [...frame(address)].map((byte) => [1, Buffer.of(byte)] as const),
  'wrong unit': (address, _request, frame) => [[0, frame(address, { unit: 9 })]],
  'unknown function': (address, _request, frame) => [[0, frame(address, { functionCode: 0x41 })]],
  'other length': (address, _request, frame) => [[0, frame(address, { registers: 3 })]],
};

const rtuFaults: typeof faults = {
  ...faults,
  'noise before': (address, _request, frame) => [[0, Buffer.concat([Buffer.of(0x55), frame(address)])]],
  'flipped bit': (address, _request, frame) => {
    const bytes = frame(address);
    bytes[4]! ^= 0x10;
    return [[0, bytes]];
  },
  echo: (address, request, frame) => [[0, Buffer.concat([request, frame(address)])]],
};

const tcpFaults: typeof faults = {
  ...faults,
  'answer to another request': (address, _request, frame) => [[0, frame((address + 10) % 80, { wrongRequest: true })]],
  'two answers': (address, _request, frame) => [[0, Buffer.concat([frame(address), frame(address)])]],
};

/** Answers the requests on one wire: some right ones, then a fault, each kind in turn. */
class Slave {
  isBad = true;
  readonly used = new Set<string>();
  readonly #faults: readonly (readonly [string, (typeof faults)[string]])[];
  #requests = 0;

  constructor(table: typeof faults) {
    this.#faults = Object.entries(table);
  }

  serve(wire: Duplex, requestBytes: number, framerOf: (request: Buffer) => { address: number; frame: Framer }): void {
    let held = Buffer.alloc(0);
    wire.on('error', () => {});
    wire.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= requestBytes) {
        const request = held.subarray(0, requestBytes);
        held = held.subarray(requestBytes);
        const { address, frame } = framerOf(request);
        this.#send(wire, this.#answer(address, request, frame));
      }
    });
  }

  #answer(address: number, request: Buffer, frame: Framer): Answer {
    const turn = this.#requests++;
    if (!this.isBad || turn % FAULT_EVERY !== 0) return [[0, frame(address)]];
    const [name, fault] = this.#faults[Math.floor(turn / FAULT_EVERY) % this.#faults.length]!;
    this.used.add(name);
    return fault(address, request, frame);
  }

  #send(wire: Duplex, answer: Answer): void {
    let at = 0;
    for (const [delay, bytes] of answer) {
      at += delay;
      setTimeout(() => !wire.destroyed && wire.write(bytes), at);
    }
  }
}

function responsePdu(
  address: number,
  { functionCode = 3, registers = 1 }: { functionCode?: number; registers?: number },
): Buffer {
  const pdu = Buffer.alloc(2 + 2 * registers);
  pdu[0] = functionCode;
  pdu[1] = 2 * registers;
  for (let i = 0; i < registers; i++) pdu.writeUInt16BE(registerValue(address + i), 2 + 2 * i);
  return pdu;
}

const config = (port: string) => `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line: { ${port}, timeout: ${TIMEOUT_MS}ms }
devices:
  d:
    adapter: modbus
    port: line
    every: 40ms
    maxGap: 0 # an exchange for each point
    points:
${Array.from({ length: POINTS }, (_, i) => `      p${i}: { address: 'holding:${register(i)}', report: { mode: always } }`).join('\n')}
`;

async function noWrongValue(t: Test, port: string, slave: Slave, table: typeof faults): Promise<void> {
  const gateway = await startTestGateway(t, config(port));
  const client = await connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
  t.teardown(() => client.endAsync(true));
  const wrong: string[] = [];
  const counts = { good: 0, bad: 0 };
  client.on('message', (topic, payload) => {
    const { v, q } = JSON.parse(payload.toString()) as { v: unknown; q: string };
    if (q !== 'good') {
      counts.bad++;
      return;
    }
    counts.good++;
    if (v !== registerValue(register(Number(topic.slice(-1))))) wrong.push(`${topic} ${payload}`);
  });
  await client.subscribeAsync('hpmq/g/d/+');
  await eventually(() => counts.good >= WANTED && slave.used.size === Object.keys(table).length, 50_000);
  slave.isBad = false;
  for (let i = 0; i < POINTS; i++) {
    // A point that was silent is asked ever less; a person asks now.
    await eventually(async () => {
      const { stdout } = await gateway.hpmq('point', 'read', `d.p${i}`, '--json');
      return (JSON.parse(stdout) as { quality?: string }).quality === 'good';
    }, 20_000);
  }
  t.strictSame(wrong, [], `no wrong value in ${counts.good} good readings`);
  t.ok(counts.bad > 0, `the faults were seen: ${counts.bad} bad readings`);
}

t.test('Modbus TCP', async (t) => {
  const slave = new Slave(tcpFaults);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    slave.serve(socket, 12, (request) => ({
      address: request.readUInt16BE(8),
      frame(address, change = {}) {
        const pdu = responsePdu(address, { registers: request.readUInt16BE(10), ...change });
        const header = Buffer.alloc(7);
        header.writeUInt16BE((request.readUInt16BE(0) + (change.wrongRequest ? 1 : 0)) & 0xffff, 0);
        header.writeUInt16BE(pdu.length + 1, 4);
        header[6] = change.unit ?? request[6]!;
        return Buffer.concat([header, pdu]);
      },
    }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  await noWrongValue(t, `type: tcp, host: 127.0.0.1, port: ${port}`, slave, tcpFaults);
});

t.test('Modbus RTU on a pty pair', needs('socat'), async (t) => {
  const [ours, theirs] = await ptyPair(t);
  const slave = new Slave(rtuFaults);
  slave.serve(await openSerial(t, theirs), 8, (request) => ({
    address: request.readUInt16BE(2),
    frame(address, change = {}) {
      const body = Buffer.concat([
        Buffer.of(change.unit ?? request[0]!),
        responsePdu(address, { registers: request.readUInt16BE(4), ...change }),
      ]);
      const crc = Buffer.alloc(2);
      crc.writeUInt16LE(crc16(body));
      return Buffer.concat([body, crc]);
    },
  }));
  await noWrongValue(
    t,
    `type: serial, path: ${ours}, baudRate: 19200, parity: none, lateWindow: 500ms`,
    slave,
    rtuFaults,
  );
});
