/** How devices are read, and how busy the wires are. */
import t from 'tap';
import { startFakeGateway, timeless } from '../support/cli.js';

t.test('device plan: of the running gateway', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const all = await run(['device', 'plan']);
  t.equal(all.code, 1, 'more is asked for than is possible');
  t.match(
    all.stdout,
    `boiler: 1 request for 300 points, 1.4 s each round, 140 % of port line-a (measured latency 7.5 ms)
  the device does not have holding:130
  this needs 1.4 s, you asked for 1 s
`,
  );
  const one = await run(['device', 'plan', 'meter']);
  t.match(
    one.stdout,
    /EVERY {2}TABLE {4}START {2}LENGTH {2}POINTS {2}UNUSED {4}TIME\n {2}1 s {2}holding {4}100 {6}60 {6}40 {6}20 {2}100 ms/,
  );
  t.strictSame(JSON.parse((await run(['device', 'plan', 'meter', '--json'])).stdout), { items: [view.plan('meter')] });
  const unknown = await run(['device', 'plan', 'metr']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'did you mean meter?');
});

t.test('device plan: of a file, before it runs', async (t) => {
  const folder = t.testdir({
    'ok.yaml': `ports: { line: { type: serial, path: /dev/ttyX, baudRate: 9600, parity: none } }
devices:
  meter: { adapter: modbus, port: line, every: 1s, points: { a: { address: 'holding:0' }, b: { address: 'holding:9' } } }
`,
    'fast.yaml': `ports: { line: { type: serial, path: /dev/ttyX, baudRate: 1200, parity: none } }
devices:
  meter: { adapter: modbus, port: line, every: 100ms, points: { a: { address: 'holding:0' } } }
`,
  });
  const { run } = await startFakeGateway(t);
  const ok = await run(['device', 'plan', '--config', `${folder}/ok.yaml`]);
  t.equal(ok.code, 0);
  t.match(
    ok.stdout,
    /^meter: 1 request for 2 points, \d+ ms each round, .* of port line \(measured latency 7\.5 ms\)\n$/,
  );
  const fast = await run(['device', 'plan', 'meter', '--config', `${folder}/fast.yaml`]);
  t.equal(fast.code, 1);
  t.match(fast.stdout, /this needs \d+ ms, you asked for 100 ms/);
  const checked = await run(['config', 'check', `${folder}/fast.yaml`]);
  t.equal(checked.code, 0);
  t.match(checked.stderr, /note: devices\.meter: this needs \d+ ms, you asked for 100 ms \(assumed latency/);
  const unknown = await run(['device', 'plan', 'metr', '--config', `${folder}/ok.yaml`]);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'did you mean meter?');
});

t.test('port list and show', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.match(
    timeless((await run(['port', 'list'])).stdout),
    /^PORT +STATE +SINCE +DEVICES +BUSY +ASKED .*\nline-a +up +NNm NNs +2 +25 % +30 % /,
  );
  t.strictSame(JSON.parse((await run(['port', 'list', '--json'])).stdout), { items: view.ports() });
  const show = (await run(['port', 'show', 'line-a'])).stdout;
  t.match(
    show,
    'checksums  2 answers with a wrong one\nexceptions 3 × 2\nexchange   12 ms (p50), 30 ms (p95), 44 ms (p99)\n',
  );
  t.match(show, 'opened     3 times');
  t.match(show, 'load       busy 25 % of the last minute; asked for 30 %, 300 ms for one round');
  const unknown = await run(['port', 'show', 'line-b']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'error: there is no port "line-b"');
  t.match(unknown.stderr, 'hint: did you mean line-a?');
});
