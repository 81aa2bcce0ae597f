/** Devices on the Modbus adapter, against scripted slaves: what wire, port and supervisor do together. */
import type { Duplex } from 'node:stream';
import t from 'tap';
import modbus from '../../../adapters/modbus/index.js';
import { encodeMbap, MbapSplitter } from '../../../adapters/modbus/mbap.js';
import { encodeRtu } from '../../../adapters/modbus/rtu-frame.js';
import type { PortConfig } from '../../../src/core/config.js';
import { silentLog } from '../../../src/core/log.js';
import { createDevices } from '../../../src/devices/devices.js';
import { duplexPair } from '../../support/duplex-pair.js';
import { ManualClock, settle } from '../../support/manual-clock.js';
import { deviceConfig, FakeRouter, pointConfig, writable } from './support.js';

/** Answers a request PDU; undefined: silence. */
type Slave = (unit: number, pdu: Buffer) => Buffer | undefined;

/** Each register that is read has the address of the first. */
const obedient: Slave = (_unit, pdu) => {
  if (pdu[0]! >= 5) return pdu;
  const quantity = pdu[4]!;
  const registers = Array.from({ length: quantity }, () => [pdu[2]!, pdu[3]!]).flat();
  return Buffer.of(pdu[0]!, 2 * quantity, ...registers);
};

async function start(
  framing: 'tcp' | 'rtu',
  every: number,
  units: readonly number[],
  slave: Slave,
  addresses?: readonly string[],
  type = 'uint16',
) {
  const clock = new ManualClock();
  const router = new FakeRouter();
  const serve = (far: Duplex): void => {
    const splitter = new MbapSplitter();
    far.on('data', (chunk: Buffer) => {
      if (framing === 'rtu') {
        const pdu = slave(chunk[0]!, chunk.subarray(1, -2));
        if (pdu !== undefined) far.write(encodeRtu(chunk[0]!, pdu));
        return;
      }
      splitter.push(chunk);
      for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
        const pdu = slave(frame.unit, frame.pdu);
        if (pdu !== undefined) far.write(encodeMbap(frame.transactionId, frame.unit, pdu));
      }
    });
  };
  const line: PortConfig = {
    name: 'line',
    endpoint: { type: 'tcp', host: '127.0.0.1', port: 502 },
    timeout: 500,
    pause: 0,
    options: modbus.port.parse({ framing }),
  };
  const devices = createDevices({
    ports: { line },
    devices: Object.fromEntries(
      units.map((unit) => {
        const points = (addresses ?? [`holding:${unit}`]).map((address, index) => {
          const parsed = modbus.address.parse({ address, type });
          return pointConfig(index === 0 ? 'value' : `value-${index}`, 0, { address: parsed, every, write: writable });
        });
        const options = { adapter: 'modbus', options: modbus.device.parse({ unit }) };
        return [`unit-${unit}`, deviceConfig(`unit-${unit}`, points, options)];
      }),
    ),
    gatewayId: 'gw',
    adapters: new Map([['modbus', modbus]]),
    router,
    openTransport: async () => {
      const [near, far] = duplexPair();
      serve(far);
      return near;
    },
    log: silentLog,
    clock,
    random: () => 0.999_999,
  });
  await devices.start(new AbortController().signal);
  await settle();
  const state = (unit: number) => devices.devices().find(({ name }) => name === `unit-${unit}`)!;
  return { clock, router, devices, state };
}

t.test('RTU: one lost frame is one failure, however fast the device is polled', async (t) => {
  let lose = 0;
  const bench = await start('rtu', 100, [3], (unit, pdu) => (lose-- > 0 ? undefined : obedient(unit, pdu)));
  await bench.clock.advance(1_000);
  lose = 1;
  await bench.clock.advance(5_000);
  t.match(bench.state(3), { state: 'online', timeouts: 1 });
  const states = bench.router.on('hpmq/gw/unit-3/$state').map((text) => (JSON.parse(text) as { state: string }).state);
  t.strictSame(states, ['starting', 'online', 'degraded', 'online'], 'never offline');
  await bench.devices[Symbol.asyncDispose]();
  t.equal(bench.clock.pending, 0);
});

t.test('RTU: while a unit may still answer late its neighbours have the line', async (t) => {
  const askedAt: number[] = [];
  const bench = await start('rtu', 100, [3, 4], (unit, pdu) => {
    if (unit === 3) return undefined;
    askedAt.push(bench.clock.monotonic());
    return obedient(unit, pdu);
  });
  await bench.clock.advance(3_000);
  const gaps = askedAt.slice(1).map((at, index) => at - askedAt[index]!);
  const lost = gaps.flatMap((gap, index) => (gap > 400 ? [index] : []));
  t.ok(lost.length >= 2, 'each time-out costs its time');
  t.ok(lost[1]! - lost[0]! > 4, `${lost[1]! - lost[0]!} polls of the neighbour between the first two`);
  t.equal(bench.state(3).state, 'offline');
  await bench.devices[Symbol.asyncDispose]();
  t.equal(bench.clock.pending, 0);
});

t.test('values that are no numbers are no reason to read their registers one by one', async (t) => {
  const asked: string[] = [];
  const nan = (_unit: number, pdu: Buffer): Buffer => {
    asked.push(pdu.toString('hex'));
    return Buffer.concat([Buffer.of(pdu[0]!, pdu[4]! * 2), Buffer.alloc(pdu[4]! * 2, 0xff)]);
  };
  const bench = await start('tcp', 1_000, [1], nan, ['holding:0', 'holding:2', 'holding:4', 'holding:6'], 'float32');
  await bench.clock.advance(3_100);
  t.strictSame(
    asked,
    Array.from({ length: 4 }, () => '0300000008'),
  );
  t.match(bench.state(1), { state: 'degraded', badPoints: 4, errors: 0 }, 'the device answered');
  await bench.devices[Symbol.asyncDispose]();
});

t.test('a busy device (exception 6) is not asked more often than before', async (t) => {
  let asked = 0;
  const busy = (_unit: number, pdu: Buffer): Buffer => {
    asked++;
    return Buffer.of(pdu[0]! | 0x80, 6);
  };
  const bench = await start('tcp', 1_000, [1], busy, ['holding:0', 'holding:1', 'holding:2', 'holding:3']);
  await bench.clock.advance(3_100);
  t.equal(asked, 4);
  t.match(bench.state(1), { state: 'degraded', badPoints: 4, error: { code: 'MODBUS_EXCEPTION' } });
  await bench.devices[Symbol.asyncDispose]();
});

const noSignal = new AbortController().signal;

for (const [what, answer] of [
  ['an echo of something else', (pdu: Buffer) => Buffer.concat([pdu.subarray(0, 4), Buffer.of(99)])],
  ['a gateway that heard no answer of the unit (exception 11)', () => Buffer.of(0x86, 11)],
  ['a device that needs longer (exception 5)', () => Buffer.of(0x86, 5)],
] as const) {
  t.test(`a write answered by ${what} may have been done: unknown`, async (t) => {
    const bench = await start('tcp', 1_000, [1], (unit, pdu) => (pdu[0] === 6 ? answer(pdu) : obedient(unit, pdu)));
    await bench.clock.advance(100);
    t.match(await bench.devices.write('unit-1', 'value', { value: 7 }, noSignal), { status: 'unknown' });
    await bench.devices[Symbol.asyncDispose]();
  });
}

t.test('a write that the device refused was not done: failed', async (t) => {
  const bench = await start('tcp', 1_000, [1], (unit, pdu) =>
    pdu[0] === 6 ? Buffer.of(0x86, 3) : obedient(unit, pdu),
  );
  await bench.clock.advance(100);
  t.match(await bench.devices.write('unit-1', 'value', { value: 7 }, noSignal), {
    status: 'failed',
    error: { code: 'MODBUS_EXCEPTION' },
  });
  await bench.devices[Symbol.asyncDispose]();
});
