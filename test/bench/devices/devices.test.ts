/** The short forms of `npm run bench:devices`: nothing about time is asserted, the foreign slave counts. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { needsLibmodbus } from '../../support/modbus-peers.js';
import { repoRoot, withoutHooks } from '../../support/peers.js';
import { fewestReads, holesIn, scatter } from './scattered.js';

const main = join(repoRoot, 'dist', 'test', 'bench', 'devices', 'main.js');
const bench = (...args: readonly string[]) =>
  promisify(execFile)(...withoutHooks(process.execPath, [main, ...args, '--short']));

t.test('the fewest reads are what trying all ways gives', async (t) => {
  t.equal(fewestReads([1, 2, 3]), 1);
  t.equal(fewestReads([0, 124]), 1);
  t.equal(fewestReads([0, 125]), 2);
  t.equal(fewestReads([0, 10, 20], [15]), 2);
  t.equal(fewestReads([0, 10, 20], [10]), 2);
  const addresses = scatter();
  t.equal(new Set(addresses).size, 100);
  t.equal(holesIn(addresses).all.length, 3);
});

t.test(
  '100 scattered registers: the fewest requests possible, with holes, too, and after SIGKILL and restart',
  needsLibmodbus(),
  async (t) => {
    const { stdout } = await bench('scattered');
    t.equal(stdout.match(/^scattered .*: ok /gm)?.length, 2, stdout);
  },
);

t.test('all points are read and writes are verified under load', needsLibmodbus(), async (t) => {
  const { stdout } = await bench('points');
  t.match(stdout, /^points 500 every 200ms, all changing: ok /);
});

t.test('a plan is predicted from a file, and measured on the wire', needsLibmodbus(), async (t) => {
  const { stdout } = await bench('forecasts');
  t.equal(
    stdout.match(/^forecast .*: ok {2}requests [1-9]\d* predicted, [1-9]\d*, predicted round \d/gm)?.length,
    2,
    stdout,
  );
});
