/** Every shipped profile, end to end: foreign slaves with the registers of the recordings, a gateway, its readings. */
import { join } from 'node:path';
import t from 'tap';
import modbus from '../../adapters/modbus/index.js';
import { ProfileLibrary } from '../../src/config/profiles/library.js';
import { type Expected, parseRecordedTest } from '../../src/config/profiles/test-file.js';
import { startTestGateway } from '../support/gateway.js';
import { mbpoll } from '../support/modbus-masters.js';
import { needsPymodbus, PYTHON } from '../support/modbus-peers.js';
import { eventually, freePort, listening, repoRoot, startPeer } from '../support/peers.js';
import { addRegisters, fillGaps, type Registers } from '../support/recorded-registers.js';

interface PointJson {
  readonly point: string;
  readonly value: unknown;
  readonly unit?: string;
  readonly quality: string;
}

const library = new ProfileLibrary([modbus], [], repoRoot);

/** Registers and expected readings: of a walk from its first recording, of a map from all of them, the last one counts. */
function slaveOf(name: string) {
  const recorded = library.test(name)!;
  const { recordings } = parseRecordedTest(recorded.shown, recorded.bytes, name);
  const isWalk = library.get(name)!.kind === 'walk';
  const registers: Registers = {};
  const expected = new Map<string, Expected>();
  for (const recording of isWalk ? recordings.slice(0, 1) : recordings) {
    addRegisters(registers, recording);
    for (const { expect } of recording.exchanges) for (const [id, one] of Object.entries(expect)) expected.set(id, one);
  }
  if (!isWalk) fillGaps(registers, 60);
  return { registers, expected };
}

t.test('foreign slaves are read by profile', needsPymodbus('mbpoll'), async (t) => {
  const names = library.list().map(({ name }) => name);
  const slaves = names.map((name, index) => ({ name, unit: index + 1, ...slaveOf(name) }));
  const port = await freePort();
  const peer = startPeer(t, PYTHON, [join(repoRoot, 'test/peers/modbus-units.py'), String(port)]);
  peer.write(`${JSON.stringify(Object.fromEntries(slaves.map(({ unit, registers }) => [unit, registers])))}\n`);
  await peer.sees(/^ready$/m);
  await listening(port);

  const device = ({ name, unit }: (typeof slaves)[number]) =>
    `  ${name.replace('/', '-')}: { profile: ${name}, port: line, unit: ${unit}, every: 1s, points: { '*': { every: 1s } } }`;
  const gateway = await startTestGateway(
    t,
    `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports: { line: { type: tcp, host: 127.0.0.1, port: ${port} } }
devices:
${slaves.map(device).join('\n')}
servers:
  scada:
    type: modbus
    listen: { type: tcp, port: 0 }
    units:
      1: { points: [ { point: eastron-sdm120.voltage, address: 'holding:0', type: float32 } ] }
      2: { device: eastron-sdm120 }
`,
  );
  for (const { name, expected } of slaves) {
    const id = name.replace('/', '-');
    const items = await eventually(async () => {
      const { stdout } = await gateway.hpmq('point', 'list', id, '--json');
      const { items } = JSON.parse(stdout) as { items: readonly PointJson[] };
      const good = items.filter(({ quality }) => quality === 'good').length;
      const wanted = [...expected.values()].filter((one) => one !== 'bad').length;
      return good >= wanted && items;
    }, 30_000);
    const found = new Map(items.map((item) => [item.point, item]));
    for (const [point, one] of expected) {
      const { value, unit, quality } = found.get(point)!;
      if (one === 'bad') t.equal(quality, 'bad', `${name} ${point}`);
      else t.strictSame([value, unit], [one.value, one.unit], `${name} ${point}`);
    }
  }

  const { stdout } = await gateway.hpmq('server', 'list', '--json');
  const { items } = JSON.parse(stdout) as { items: readonly [{ readonly endpoint: string }] };
  const scada = (unit: string) => ['127.0.0.1', '-m', 'tcp', '-p', items[0].endpoint.split(':')[1]!, '-a', unit];
  const { value: voltage } = slaves.find(({ name }) => name === 'eastron/sdm120')!.expected.get('voltage') as {
    value: number;
  };
  for (const [unit, table] of [
    ['1', '4:float'],
    ['2', '3:float'],
  ] as const) {
    const { text } = await mbpoll(t, scada(unit), ['-t', table, '-B', '-r', '0', '-c', '1']);
    t.ok(text.includes(`[0]: \t${voltage}`), `a master reads unit ${unit}: ${text}`);
  }
});
