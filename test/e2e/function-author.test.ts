/** From `function new` to a gateway: every template, built by its own compiler, tested, and run beside mosquitto's clients. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hpmq } from '../support/cli.js';
import { mqttPublish, mqttSubscribe } from '../support/foreign-mqtt.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { needsAssemblyScript } from '../support/guests.js';
import { needs } from '../support/peers.js';

const asc = '/opt/hpmq-test-peers/wasm-guests/node_modules/.bin';
/** Debian's cargo, whose rustc has WebAssembly. */
const path = `/usr/bin:${process.env.PATH}:${asc}`;
const clients = ['mosquitto_pub', 'mosquitto_sub'];

const templates = [
  { language: 'js', file: 'function.js', peers: needs(...clients) },
  { language: 'ts', file: 'function.ts', peers: needs(...clients) },
  { language: 'c', file: 'function.wasm', peers: needs('clang', 'wasm-ld', ...clients) },
  { language: 'assemblyscript', file: 'function.wasm', peers: { ...needs(...clients), ...needsAssemblyScript() } },
  { language: 'go', file: 'function.wasm', peers: needs('go', ...clients), limits: ', limits: { memory: 16MiB }' },
  { language: 'rust', file: 'function.wasm', peers: { ...needs('cargo', ...clients), ...withRust() } },
];

function withRust(): { skip?: string } {
  if (existsSync('/usr/lib/rustlib/wasm32-unknown-unknown/lib')) return {};
  if (process.env.HPMQ_REQUIRE_PEERS === 'true') throw new Error('Rust is absent; run test/peers/install');
  return { skip: 'not installed: libstd-rust-dev-wasm32 (test/peers/install installs it)' };
}

for (const { language, file, peers, limits = '' } of templates) {
  t.test(`${language}: new, test, build, and messages through a gateway`, { ...peers, timeout: 180_000 }, async (t) => {
    const folder = tempFolder(t);
    const cwd = { cwd: folder, env: { PATH: path } };
    const made = await hpmq(t, ['function', 'new', 'mine', '--lang', language], cwd);
    t.equal(made.code, 0, made.stderr);
    const tested = await hpmq(t, ['function', 'test', 'mine'], cwd);
    t.equal(tested.code, 0, tested.stdout + tested.stderr);
    t.match(tested.stdout, /^(pass {2}.*fuel \d+, memory .*µs\)\n){3}$/);

    const image = await hpmq(t, ['function', 'build', `mine/${file}`], cwd);
    t.equal(image.code, 0, image.stderr);
    t.match(JSON.parse(readFileSync(join(folder, 'image/index.json'), 'utf8')), { schemaVersion: 2 });

    const gateway = await startTestGateway(
      t,
      `broker: { listeners: [{ type: tcp, port: 0 }] }
functions: { mine: { file: ${join(folder, 'mine', file)}, on: { upstream: raw/# }, config: { prefix: tidy }${limits} } }
`,
      folder,
    );
    const seen = await mqttSubscribe(t, gateway.mqttPort, '#');
    for (const payload of ['1', '1', '2']) await mqttPublish(gateway.mqttPort, 'raw/x', payload);
    await mqttPublish(gateway.mqttPort, 'end', '1');
    await seen('end', () => true);
    const found: string[] = [];
    await seen('tidy/x', (payload) => found.push(payload) === 2);
    t.strictSame(found, ['1', '2'], 'the second is as the one before');
    const shown = await gateway.hpmq('function', 'show', 'mine', '--json');
    t.match(JSON.parse(shown.stdout), { state: 'up' });
  });
}

t.test('a case that fails is shown with what was given instead, and the exit code is 1', async (t) => {
  const folder = tempFolder(t);
  const run = (...args: readonly string[]) => hpmq(t, ['function', ...args], { cwd: folder });
  await run('new', 'mine', '--lang', 'js');
  t.match(await run('new', 'mine', '--lang', 'js'), { code: 64, stderr: /exists already/ }, 'nothing is overwritten');
  const source = `export const needs = ['publish'];
export function onMessage(message) {
  if (message.text() === 'spin') for (;;);
  console.log('saw', message.topic);
  hpmq.publish({ topic: 'side', payload: 'x' });
  return { payload: message.json().t + 1 };
}`;
  writeFileSync(join(folder, 'mine/function.js'), source);
  const cases = `cases:
  - { name: right, topic: a, payload: '{"t":1}', expect: [{ topic: a, payload: '2' }], published: [{ topic: side, payload: x }] }
  - { name: wrong, topic: a, payload: { json: { t: 1 } }, expect: [{ topic: a, payload: '3' }] }
  - { name: spins, topic: a, payload: spin, fails: fuel }
  - { name: throws, topic: a, payload: nonsense, fails: fuel }
  - { name: no hook, timer: 5, expect: [] }
`;
  writeFileSync(join(folder, 'mine/function.test.yaml'), cases);
  const { code, stdout } = await run('test', 'mine');
  t.equal(code, 1);
  t.match(stdout, /^pass {2}right/m);
  t.match(stdout, /^FAIL {2}wrong .*\n {6}- a 3\n {6}\+ a 2 qos 0\n {6}log info: saw a\n/m);
  t.match(stdout, /^pass {2}spins .*fuel 500000\d/m);
  t.match(stdout, /^FAIL {2}throws .*\n {6}it ended with unreachable: SyntaxError: .*, not with fuel$/m);
  t.match(stdout, /^FAIL {2}no hook .*\n {6}the function has no on_timer$/m);
  const { items = [] } = { items: JSON.parse((await run('test', 'mine', '--json')).stdout).cases };
  t.strictSame(
    items.map(({ ok }: { ok: boolean }) => ok),
    [true, false, true, false, false],
  );

  const recorded = [1, 1, 2].map((value) => JSON.stringify({ topic: 'a', text: JSON.stringify({ t: value }), at: 5 }));
  writeFileSync(join(folder, 'recorded.ndjson'), [...recorded, 'broken', '{"topic":"a","text":"spin"}', ''].join('\n'));
  writeFileSync(join(folder, 'mine/function.test.yaml'), cases.split('\n').slice(0, 2).join('\n'));
  const replayed = await run('test', 'mine', '--messages', 'recorded.ndjson');
  t.equal(replayed.code, 1);
  t.match(replayed.stdout, /^5 messages: 3 given, 0 dropped, 2 failed$/m);
  t.match(replayed.stdout, /^FAIL {2}line 4: it is no message\nFAIL {2}line 5: fuel: /m);

  writeFileSync(join(folder, 'mine/function.js'), 'export function onMessage() {\n  return (;\n}');
  t.match(await run('test', 'mine'), { code: 64, stderr: /function\.js:2: SyntaxError/ });
  writeFileSync(join(folder, 'mine/function.test.yaml'), 'cases:\n  - { name: x, topc: a }\n');
  t.match(await run('test', 'mine'), { code: 78, stderr: /function\.test\.yaml:2:\d+: .*topc/ });
});
