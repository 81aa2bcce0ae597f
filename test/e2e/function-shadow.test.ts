/** A candidate beside the version that runs, in a real gateway, with messages of mosquitto_pub; and over a recording, without one. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { mqttPublish, mqttSubscribe } from '../support/foreign-mqtt.js';
import { startFunctionGateway } from '../support/function-gateway.js';
import { eventually, needs } from '../support/peers.js';
import { startRegistry } from '../support/registry.js';

const sdk = ['-ffreestanding', '-I', 'functions-sdk/c'];
const yaml = `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
functions:
  copy: { file: ./copy.wasm, on: { upstream: raw/# }, grants: { kv: 1KiB } }
`;

t.test('live and recorded', needs('clang', 'wasm-ld', 'mosquitto_pub', 'mosquitto_sub'), async (t) => {
  const gateway = await startFunctionGateway(t, { copy: ['copy.c', ...sdk] }, yaml);
  const seeded = gateway.write('seeded', 'copy.c', [...sdk, '-DSEED="odd"']);
  const spaced = gateway.write('spaced', 'copy.c', [...sdk, '-DSPACED']);
  const seen = await mqttSubscribe(t, gateway.mqttPort, '#');

  const live = async (candidate: string, payload: string, ...more: string[]) => {
    const over = gateway.hpmq('function', 'shadow', 'copy', '--candidate', candidate, '--live', '4s', ...more);
    await eventually(async () => (await gateway.hpmq('function', 'logs', 'copy')).stdout.includes('shadow run began'));
    await mqttPublish(gateway.mqttPort, 'raw/a', payload);
    await seen('raw/a', (text) => text.includes(`"in":"${payload}"`));
    return await over;
  };
  const refused = await live(seeded, 'odd', '--promote');
  t.match(refused, { code: 1, stdout: /odd!/ });
  t.match(refused.stdout, /not as good: 1 of 1 calls/);
  t.notMatch((await gateway.hpmq('function', 'show', 'copy')).stdout, /seeded\.wasm/);

  const config = join(dirname(seeded), 'hpmq.yaml');
  const day = join(dirname(seeded), 'day.ndjson');
  const line = (n: number) => JSON.stringify({ topic: 'raw/a', text: n === 7_000 ? 'odd' : `r${n}` });
  writeFileSync(day, Array.from({ length: 10_000 }, (_, n) => line(n)).join('\n'));
  const recorded = (candidate: string, ...more: string[]) =>
    gateway.hpmq('-c', config, 'function', 'shadow', 'copy', '--candidate', candidate, '--messages', day, ...more);
  const found = await recorded(seeded, '--promote');
  t.match(found, { code: 1, stdout: /10000: 9999 equal, 1 different/ });
  t.match(found.stdout, /on_message 7001 raw\/a/);
  t.match(await recorded(spaced), { code: 1 });
  t.match(await recorded(spaced, '--json-equal', '--promote'), { code: 0, stdout: /the candidate runs now/ });
  t.match((await gateway.hpmq('function', 'show', 'copy')).stdout, /\* sha256:\S+ spaced\.wasm/);
});

t.test('a ready function', needs('mosquitto_pub', 'mosquitto_sub'), async (t) => {
  const gateway = await startFunctionGateway(
    t,
    {},
    `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
functions:
  warm: { file: 'builtin:units', on: { upstream: raw/# }, config: { path: t, scale: 1.8, offset: 32 } }
`,
  );
  const seen = await mqttSubscribe(t, gateway.mqttPort, '#');
  await mqttPublish(gateway.mqttPort, 'raw/a', '{"t":20}');
  await seen('raw/a', (text) => text === '{"t":68}');
});

t.test('candidates in JavaScript, and from a registry', needs('clang', 'wasm-ld', 'docker-registry'), async (t) => {
  const registry = await startRegistry(t, 'open');
  const gateway = await startFunctionGateway(
    t,
    { mark: ['mark.c', "-DMARK='a'"] },
    `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
functions:
  mark: { file: ./mark.wasm, on: { upstream: raw/# } }
`,
  );
  const same = gateway.write('same', 'mark.c', ["-DMARK='a'", '-O1']);
  const folder = dirname(same);
  const config = join(folder, 'hpmq.yaml');
  const day = join(folder, 'day.ndjson');
  writeFileSync(day, ['x1', 'x2', 'x3'].map((text) => JSON.stringify({ topic: 'raw/a', text })).join('\n'));
  const recorded = (candidate: string, ...more: string[]) =>
    gateway.hpmq('-c', config, 'function', 'shadow', 'mark', '--candidate', candidate, '--messages', day, ...more);
  const script = join(folder, 'mark.js');
  writeFileSync(script, "export const onMessage = (message) => ({ payload: 'a' + message.text().slice(1) });\n");
  t.match(await recorded(script), {
    code: 0,
    stdout: /candidate {3}sha256:\S+ mark\.js[\s\S]*3: 3 equal, 0 different/,
  });
  writeFileSync(script, "export const onMessage = (message) => ({ payload: 'b' + message.text().slice(1) });\n");
  t.match(await recorded(script), { code: 1, stdout: /3: 0 equal, 3 different/ });

  const image = `${registry.host}/fn/mark:1.4`;
  t.match(await recorded(image), { stderr: /has no fn\/mark:1\.4/ }, 'it is not there yet');
  t.match(await gateway.hpmq('function', 'push', image, same), { code: 0 });
  t.match(await recorded(image, '--promote'), { code: 0, stdout: /the candidate runs now/ });
  t.match((await gateway.hpmq('function', 'show', 'mark')).stdout, /\* sha256:\S+ \S+\/fn\/mark:1\.4/);
  t.match(await recorded('nothing/here'), { code: 64, stderr: /cannot read nothing\/here/ });
});
