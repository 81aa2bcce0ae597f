/** Commands that ask the gateway: text, JSON and exit code of each. */
import t from 'tap';
import { startFakeGateway, timeless } from '../support/cli.js';
import { hpmqEntry } from '../support/gateway.js';
import { eventually, startPeer } from '../support/peers.js';

t.test('device list and show', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.equal(
    timeless((await run(['device', 'list'])).stdout),
    `DEVICE  ADAPTER  STATE      SINCE  POINTS  BAD  P50 MS  P95 MS  ERR/MIN  ENDPOINT
boiler  modbus   online   NNm NNs       3    0      12      30        0  /dev/ttyUSB0 19200 8E1 unit 3
meter   modbus   offline  NNm NNs       2    1      12      30        0  /dev/ttyUSB0 19200 8E1 unit 2
`,
  );
  t.strictSame(JSON.parse((await run(['device', 'list', '--json'])).stdout), { items: view.devices() });
  const show = timeless((await run(['device', 'show', 'meter'])).stdout);
  t.match(show, 'problem    unit 1 did not answer within 500 ms (FAKE_TIMEOUT)\nhint       check the wiring\n');
  t.match(show, /meter\.power +— +bad +N\.Ns +no +hpmq\/plant-7\/meter\/power/);
  t.match(JSON.parse((await run(['device', 'show', 'meter', '--json'])).stdout), {
    name: 'meter',
    items: { length: 2 },
  });
  const unknown = await run(['device', 'show', 'metr']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'error: there is no device "metr"');
  t.match(unknown.stderr, 'hint: did you mean meter? list them with `hpmq device list`');
});

t.test('device identify', async (t) => {
  const { run } = await startFakeGateway(t);
  const { code, stdout, stderr } = await run(['device', 'identify', 'boiler']);
  t.equal(code, 0);
  t.equal(stdout, 'vendorName          ACME\\u001b[2J\nproductCode         B-7\nmajorMinorRevision  1.4\n');
  t.match(stderr, 'from function 43/14');
  const json = JSON.parse((await run(['device', 'identify', 'boiler', '--json'])).stdout);
  t.match(json, { device: 'boiler', source: 'function 43/14', fields: { productCode: 'B-7' } });
  t.match((await run(['device', 'identify', 'boile'])).stderr, 'hint: did you mean boiler?');
});

t.test('server list', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const { stdout } = await run(['server', 'list']);
  t.match(stdout, /^SERVER +TYPE +STATE +SINCE +MASTERS +REQUESTS +EXCEPTIONS +DROPPED +REFUSED +ENDPOINT$/m);
  t.match(stdout, /^scada +modbus +up .* 2 +4711 +2×14 11×3 +0 +1 +0\.0\.0\.0:502$/m);
  t.strictSame(JSON.parse((await run(['server', 'list', '--json'])).stdout), { items: view.servers() });
});

t.test('point list: the same columns in a pipe, nothing cut, no colour', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const text = await run(['point', 'list'], { env: { COLUMNS: '40' } });
  t.equal(
    timeless(text.stdout),
    `POINT                              VALUE  UNIT  QUALITY   AGE  WRITE  TOPIC
boiler.temperature                  71.4  °C    good     N.Ns  no     hpmq/plant-7/boiler/temperature
boiler.setpoint                       65  °C    good     N.Ns  yes    hpmq/plant-7/boiler/setpoint
boiler.release                         0        good     N.Ns  yes    hpmq/plant-7/boiler/release
meter.energy        18446744073709551615  kWh   good     N.Ns  no     hpmq/plant-7/meter/energy
meter.power                            —        bad      N.Ns  no     hpmq/plant-7/meter/power
`,
  );
  const json = JSON.parse((await run(['point', 'list', 'meter', '--json'])).stdout) as { items: unknown[] };
  t.strictSame(
    json.items,
    view.points().filter(({ device }) => device === 'meter'),
  );
  const unknown = await run(['point', 'list', 'metr']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'did you mean meter?');
  const forced = await run(['point', 'list'], { env: { FORCE_COLOR: '1' } });
  t.match(forced.stdout, '\u001b[31mbad');
});

t.test('point read', async (t) => {
  const { run } = await startFakeGateway(t);
  const good = await run(['point', 'read', 'boiler.temperature']);
  t.strictSame(good, { code: 0, stdout: '71.4 °C\n', stderr: '' });
  t.match(JSON.parse((await run(['point', 'read', 'boiler/temperature', '--json'])).stdout), {
    value: 71.4,
    quality: 'good',
  });
  const bad = await run(['point', 'read', 'meter', 'power']);
  t.equal(bad.code, 69, 'a device that does not answer');
  t.equal(
    bad.stderr,
    `error: unit 1 did not answer within 500 ms
  code  FAKE_TIMEOUT  (more: hpmq explain FAKE_TIMEOUT)
hint: check the wiring
`,
  );
  const unknown = await run(['point', 'read', 'boiler.temprature']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'did you mean boiler.temperature?');
  const device = await run(['point', 'read', 'boiler']);
  t.equal(device.code, 64);
  t.match(device.stderr, 'error: "boiler" is a device, not a point\n');
  t.match(device.stderr, 'hint: name one of its points, such as boiler.temperature; ');
});

t.test('point write: verified is 0, everything else is 1', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.strictSame(await run(['point', 'write', 'boiler.setpoint', '72.5']), {
    code: 0,
    stdout: 'verified 72.5 °C\n',
    stderr: '',
  });
  t.equal((await run(['point', 'write', 'boiler', 'setpoint', '-5'])).code, 0, 'two words, a negative number');
  await run(['point', 'write', 'boiler.setpoint', 'true']);
  await run(['point', 'write', 'boiler.setpoint', '18446744073709551615', '--timeout', '2s']);
  t.strictSame(
    view.written.map(({ value, timeoutMs }) => [value, timeoutMs]),
    [
      [72.5, 10_000],
      [-5, 10_000],
      [true, 10_000],
      ['18446744073709551615', 2_000],
    ],
    'an integer too large for a number is sent as text',
  );

  const error = { code: 'POINT_OUT_OF_RANGE', fault: 'caller', message: '95 is above 90', hint: 'write less' } as const;
  view.outcome = { status: 'refused', value: null, error };
  const refused = await run(['point', 'write', 'boiler.setpoint', '95']);
  t.equal(refused.code, 1);
  t.equal(refused.stdout, '');
  t.match(refused.stderr, 'error: refused: boiler.setpoint: 95 is above 90\n');
  t.match(refused.stderr, 'hint: write less\n');
  for (const status of ['failed', 'unknown'] as const) {
    view.outcome = { status, value: null, error };
    const outcome = await run(['point', 'write', 'boiler.setpoint', '95', '--json']);
    t.equal(outcome.code, 1);
    t.match(JSON.parse(outcome.stdout), { status, error: { code: 'POINT_OUT_OF_RANGE' } });
  }
  view.outcome = { status: 'written', value: 7 };
  t.strictSame(await run(['point', 'write', 'boiler.setpoint', '7']), {
    code: 0,
    stdout: 'written 7 °C\n',
    stderr: '',
  });
});

t.test('a critical point is written only by name', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const unasked = await run(['point', 'write', 'boiler.release', '1']);
  t.equal(unasked.code, 64);
  t.match(unasked.stderr, 'boiler.release is critical and nobody confirmed the write');
  const wrong = await run(['point', 'write', 'boiler.release', '1', '--confirm', 'setpoint']);
  t.equal(wrong.code, 64);
  t.strictSame(view.written, []);
  t.equal((await run(['point', 'write', 'boiler.release', '1', '--confirm', 'release'])).code, 0);
  t.match(view.written, [{ point: 'release', value: 1 }]);
});

t.test('point watch: the present, then each change, until a signal', async (t) => {
  const { start, view } = await startFakeGateway(t);
  const watch = start(['point', 'watch', 'boiler.temperature', 'meter']);
  await watch.sees(/meter\.power/);
  view.set('boiler', 'setpoint', 1);
  view.set('boiler', 'temperature', 80);
  await watch.sees(/temperature {2}80 °C/);
  t.equal(
    timeless(watch.stdout()),
    `HH:MM:SS.mmm  boiler.temperature  71.4 °C  good
HH:MM:SS.mmm  meter.energy  18446744073709551615 kWh  good
HH:MM:SS.mmm  meter.power  —  bad  FAKE_TIMEOUT unit 1 did not answer within 500 ms
HH:MM:SS.mmm  boiler.temperature  80 °C  good
`,
  );
  t.equal(await watch.kill('SIGINT'), 130);
  t.equal(watch.stderr(), '');
  const json = start(['point', 'watch', '--json']);
  await json.sees(/meter","point":"power.*\n/);
  t.equal(await json.kill('SIGTERM'), 143);
  const lines = json
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.strictSame(
    lines.map(({ point }) => point),
    view.points().map(({ point }) => point),
  );
  await eventually(() => view.watchers === 0);
});

t.test('point watch: a name that does not exist, a limit, a gateway that stops', async (t) => {
  const { run, start, server } = await startFakeGateway(t);
  const unknown = await run(['point', 'watch', 'boilr']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'did you mean boiler?');
  const limited = await run(['point', 'watch', '--limit', '2']);
  t.equal(limited.code, 0);
  t.equal(limited.stdout.trim().split('\n').length, 2);
  const cut = start(['point', 'watch']);
  await cut.sees(/meter\.power/);
  await server[Symbol.asyncDispose]();
  t.equal(await cut.ended, 69);
  t.match(cut.stderr(), 'GATEWAY_LOST');
  t.match(cut.stderr(), 'hint: see whether the gateway still runs: `hpmq status`');
});

t.test('a closed pipe ends a stream quietly', async (t) => {
  const { socket, view } = await startFakeGateway(t);
  const command = `"${process.execPath}" "${hpmqEntry}" --socket "${socket}" point watch; echo "code $?" >&2`;
  const peer = startPeer(t, 'sh', ['-c', `{ ${command}; } | head -1`]);
  const ticking = setInterval(() => view.set('boiler', 'temperature', Math.random()), 20);
  t.teardown(() => clearInterval(ticking));
  t.equal(await peer.ended, 0);
  clearInterval(ticking);
  t.equal(peer.stdout().trim().split('\n').length, 1);
  t.equal(peer.stderr(), 'code 0\n');
});

t.test('topic pub: an argument, stdin, retained', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const text = await run(['topic', 'pub', 'plant/lamp', 'on', '--qos', '1', '--retain']);
  t.strictSame(text, { code: 0, stdout: '', stderr: 'published to plant/lamp (QoS 1, retained)\n' });
  t.equal((await run(['topic', 'pub', 'plant/lamp', '', '-q'])).stderr, '');
  const json = await run(['topic', 'pub', 'plant/raw', '-', '--json'], { stdin: 'bytes\n' });
  t.strictSame(JSON.parse(json.stdout), { delivered: true });
  t.strictSame(view.published, [
    { topic: 'plant/lamp', text: 'on', qos: 1, retain: true },
    { topic: 'plant/lamp', text: '', qos: 0, retain: false },
    { topic: 'plant/raw', base64: Buffer.from('bytes\n').toString('base64'), qos: 0, retain: false },
  ]);
});

t.test('topic tail: escapes in text, whole messages in JSON', async (t) => {
  const { start, view } = await startFakeGateway(t);
  view.retained_ = [{ ...view.retained_[0]!, topic: 'a/kept', text: 'kept' }];
  const text = start(['topic', 'tail', 'a/#', '--limit', '2']);
  const json = start(['topic', 'tail', 'a/#', '--limit', '2', '--json']);
  await eventually(() => view.watchers === 2);
  view.arrive('a/b', 'line 1\nline 2\u001b[2J\u202e\u200b');
  view.arrive('x', 'not asked for');
  t.equal(await text.ended, 0);
  t.equal(
    timeless(text.stdout()),
    'HH:MM:SS.mmm  a/kept  kept  (retained)\nHH:MM:SS.mmm  a/b  line 1\\nline 2\\u001b[2J\\u202e\\u200b\n',
  );
  t.equal(await json.ended, 0);
  t.match(
    json
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { topic: 'a/kept', stored: true },
      { topic: 'a/b', text: 'line 1\nline 2\u001b[2J\u202e\u200b' },
    ],
  );
});

t.test('config show --running is what the gateway says', async (t) => {
  const { run } = await startFakeGateway(t);
  t.strictSame(await run(['config', 'show', '--running']), {
    code: 0,
    stdout: 'gateway:\n  id: plant-7\n',
    stderr: 'from /etc/hpmq/hpmq.yaml\n',
  });
});

t.test('tui without a terminal: one plain frame, and where the data is for programs', async (t) => {
  const { run } = await startFakeGateway(t);
  const { code, stdout, stderr } = await run(['tui'], { env: { CI: 'false' } });
  t.equal(code, 0);
  t.match(stdout, 'plant-7');
  t.notMatch(stdout, /\u001b\[/, 'no control sequences');
  t.match(stderr, 'hpmq status --json');
});
