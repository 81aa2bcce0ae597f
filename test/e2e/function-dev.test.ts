/** `function dev` beside a gateway that runs: what is saved runs there, what is broken does not. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startHpmq } from '../support/cli.js';
import { mqttPublish, mqttSubscribe } from '../support/foreign-mqtt.js';
import { runHpmq, startTestGateway, tempFolder } from '../support/gateway.js';
import { needs } from '../support/peers.js';

const script = (mark: string) =>
  `import { mark } from './lib/mark.js';
export function onMessage(message) {
  console.log('saw ${mark}', message.text());
  return { payload: mark + '${mark}' + message.text() };
}`;
const cases = (mark: string) =>
  `cases:\n  - { name: marks, topic: raw/a, payload: x, expect: [{ topic: raw/a, payload: '${mark}x' }] }\n`;

t.test(
  'JavaScript: saved, tested, swapped; broken and failing versions leave what runs',
  { ...needs('mosquitto_pub', 'mosquitto_sub'), timeout: 120_000 },
  async (t) => {
    const folder = tempFolder(t);
    const project = join(folder, 'mine');
    mkdirSync(join(project, 'lib'), { recursive: true });
    const write = (name: string, text: string) => writeFileSync(join(project, name), text);
    write('lib/mark.js', "export const mark = '<';");
    write('function.js', script('1'));
    write('function.test.yaml', cases('<1'));
    const gateway = await startTestGateway(
      t,
      `broker: { listeners: [{ type: tcp, port: 0 }] }
functions: { mine: { file: ${join(project, 'function.js')}, on: { upstream: raw/# } } }
`,
      folder,
    );
    const seen = await mqttSubscribe(t, gateway.mqttPort, 'raw/#');
    const gives = async (payload: string) => {
      await mqttPublish(gateway.mqttPort, 'raw/a', 'x');
      await seen('raw/a', (found) => found === payload);
    };
    const unknown = await gateway.hpmq('function', 'dev', project, '--name', 'mone');
    t.match(unknown, { code: 64, stderr: /mine/ });

    const dev = startHpmq(t, ['--socket', gateway.socket, 'function', 'dev', project, '--name', 'mine']);
    await dev.sees(/pass {2}marks[^\n]*\n[^\n]*function\.js is built; 1 case, 0 failed\n[^\n]*runs already\n/, 20_000);
    await gives('<1x');
    await dev.sees(/info {2}saw 1 x/);

    write('function.js', script('2'));
    await dev.sees(/FAIL {2}marks[^\n]*\n {6}- raw\/a <1x\n {6}\+ raw\/a <2x.*1 failed\n[^\n]*goes on\n/s, 20_000);
    await gives('<1x');
    write('function.test.yaml', cases('<2'));
    const [, second] = await dev.sees(/mine: (sha256:\w{12}) \(function\.js\) runs now\n/, 20_000);
    await gives('<2x');
    await dev.sees(/info {2}saw 2 x/);

    write('function.js', 'export function onMessage( {');
    await dev.sees(/function\.js:1.*SyntaxError.*\(FUNCTION_SOURCE\)\n {2}hint .*goes on\n/s, 20_000);
    await gives('<2x');
    write('function.test.yaml', cases('{2'));
    write('lib/mark.js', "export const mark = '{';");
    write('function.js', script('2'));
    await dev.sees(/runs now\n.*runs now\n/s, 20_000);
    await gives('{2x');

    const before = dev.stdout().length;
    dev.child.kill('SIGINT');
    t.equal(await dev.ended, 0);
    const [, last] = /^mine: (sha256:\w{12}) \(function\.js\) runs\n$/.exec(dev.stdout().slice(before)) ?? [];
    t.ok(last !== undefined && last !== second, dev.stdout().slice(before));
    const view = JSON.parse((await gateway.hpmq('function', 'show', 'mine', '--json')).stdout);
    t.equal(view.versions.find(({ current }: { current: boolean }) => current).digest.slice(0, 19), last);
  },
);

t.test(
  'C: built by clang whenever the source is saved',
  { ...needs('clang', 'wasm-ld'), timeout: 120_000 },
  async (t) => {
    const folder = tempFolder(t);
    const made = await runHpmq(['function', 'new', 'mine', '--lang', 'c'], { cwd: folder });
    t.equal(made.code, 0, made.stderr);
    const source = join(folder, 'mine/function.c');
    const gateway = await startTestGateway(
      t,
      `broker: { listeners: [{ type: tcp, port: 0 }] }
functions: { mine: { file: 'builtin:deduplicate', on: { upstream: raw/# } } }
`,
      folder,
    );
    const dev = startHpmq(t, ['--json', '--socket', gateway.socket, 'function', 'dev', source, '--name', 'mine']);
    const [, first] = await dev.sees(/"event":"deployed","version":"(sha256:\w+)"/, 30_000);
    writeFileSync(source, 'int broken(');
    await dev.sees(/"event":"refused","error":\{"code":"CLI_BUILD_FAILED"/, 30_000);
    await dev.sees(new RegExp(`"event":"kept","version":"${first}"`));
    dev.child.kill('SIGINT');
    t.equal(await dev.ended, 0);
    t.match(dev.stdout(), `{"event":"end","version":"${first}"}`);
  },
);
