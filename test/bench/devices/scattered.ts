/** 100 scattered registers of a foreign slave: requests against the fewest that are possible, and against one for each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../../load/processes.js';
import type { Scenario } from '../../load/scenario.js';
import { api, deviceName, online, yamlOf } from './configuration.js';
import { compileSlave, tcpSlave, temporaryFolder } from './foreign.js';

const LIMIT = 125;

/** 100 of the first 2,000 registers, the same each time: a linear congruential generator. */
export function scatter(count = 100, range = 2_000): readonly number[] {
  const addresses = new Set<number>();
  for (let state = 42; addresses.size < count; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    addresses.add(Math.floor((state / 2_147_483_648) * range));
  }
  return [...addresses].sort((a, b) => a - b);
}

/**
 * The fewest reads of at most 125 registers that take in all addresses and none of the holes. Independent of the planner:
 * by induction from the right, over every place where a read may end.
 */
export function fewestReads(addresses: readonly number[], holes: readonly number[] = []): number {
  const wanted = addresses.filter((address) => !holes.includes(address));
  const fewest = Array.from({ length: wanted.length + 1 }, () => Number.POSITIVE_INFINITY);
  fewest[wanted.length] = 0;
  for (let from = wanted.length - 1; from >= 0; from--) {
    for (let to = from; to < wanted.length; to++) {
      const isReadable =
        wanted[to]! - wanted[from]! < LIMIT && !holes.some((hole) => hole > wanted[from]! && hole < wanted[to]!);
      if (isReadable) fewest[from] = Math.min(fewest[from]!, 1 + fewest[to + 1]!);
    }
  }
  return fewest[0]!;
}

/** Three places that the device does not have: two that are asked for, and one between. */
export function holesIn(addresses: readonly number[]): {
  readonly asked: readonly number[];
  readonly all: readonly number[];
} {
  const asked = [addresses[30]!, addresses[71]!];
  let between = addresses[50]! + 1;
  while (addresses.includes(between)) between++;
  return { asked, all: [...asked, between] };
}

const EVERY_MS = 500;

export const scattered: Scenario = async function* ({ short, entry }) {
  const beats = short ? 4 : 20;
  const addresses = scatter();
  await using stack = new AsyncDisposableStack();
  const program = compileSlave(stack);

  for (const holes of [{ asked: [], all: [] }, holesIn(addresses)]) {
    await using inner = new AsyncDisposableStack();
    const slave = await tcpSlave(inner, program);
    for (const hole of holes.all) await slave.tell(`absent ${hole}`);
    const data = temporaryFolder(inner);
    const wire = {
      name: 'plc',
      port: { type: 'tcp', host: '127.0.0.1', port: slave.port },
      units: { 1: addresses },
      every: `${EVERY_MS}ms`,
    };
    const yaml = yamlOf([wire], { gateway: { id: 'bus', data } });
    const requests = async () => Number((await slave.tell('requests')).split(' ')[1]);
    /** Starts a gateway, lets it settle, counts. */
    const run = async (signal?: 'kill') => {
      await using scope = new AsyncDisposableStack();
      const gateway = await startGateway(scope, yaml, {}, entry);
      const client = api(gateway.socket);
      await online(client);
      await sleep(EVERY_MS);
      const first = await requests();
      // An absent point is tried again at growing intervals: past the first few.
      await sleep(EVERY_MS * 6);
      await requests();
      await sleep(EVERY_MS * beats);
      const later = await requests();
      const { points } = await client.request('GET /v1/status');
      const plan = await client.request('GET /v1/devices/{device}/plan', { params: { device: deviceName(wire, 1) } });
      const reads = plan.reads.filter(({ start, units }) => units > 1 || !holes.asked.includes(start!)).length;
      if (signal === 'kill') process.kill(gateway.pid, 'SIGKILL');
      return { first, perBeat: later / beats, points, reads };
    };
    const fewest = fewestReads(addresses, holes.all);
    const found = await run('kill');
    const again = await run();
    const failures: string[] = [];
    const expect = (what: string, got: number, wanted: number) => {
      if (got !== wanted) failures.push(`${what}: ${got}, expected ${wanted}`);
    };
    expect('reads of the plan', found.reads, fewest);
    expect('reads of the plan after SIGKILL and restart', again.reads, fewest);
    expect('good points', found.points.good, addresses.length - holes.asked.length);
    expect('good points after restart', again.points.good, addresses.length - holes.asked.length);
    // Two beats have passed, and each absent point is asked for once or twice.
    const most = 3 * fewest + 3 * holes.asked.length;
    if (again.first > most) failures.push(`${again.first} requests after the restart: it was searched again`);
    yield {
      scenario: `scattered ${addresses.length}${holes.all.length === 0 ? '' : `, ${holes.all.length} holes`}`,
      failures,
      figures: {
        'requests each beat': found.reads,
        'fewest possible': fewest,
        'one for each': addresses.length,
        measured: found.perBeat.toFixed(2),
        'until settled': found.first,
        'after kill and restart': again.first,
        'good points': again.points.good,
      },
    };
  }
};
