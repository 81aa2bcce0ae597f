/** The outbox of a real gateway: mosquitto_pub fills it while the far side is away, kill -9 ends the gateway, Debian's mosquitto is the far side. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { LinkView } from '../../src/api/contract.js';
import { type RunningGateway, startTestGateway, tempFolder } from '../support/gateway.js';
import { eventually, freePort, listening, needs, startPeer } from '../support/peers.js';
import { Relay } from '../support/relay.js';

const peers = needs('mosquitto', 'mosquitto_pub', 'mosquitto_sub');
const MESSAGES = 10_000;

interface Options {
  readonly port: number;
  readonly to?: string;
  readonly outbox?: string;
  readonly link?: string;
}

const config = ({ port, to = 'up/{topic:1}', outbox = '{}', link = 'cloud' }: Options) => `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
links:
  ${link}:
    type: mqtt
    url: mqtt://127.0.0.1:${port}
    outbox: ${outbox}
    routes:
      - { direction: out, filter: 'plant/#', to: '${to}' }
`;

/** Publishes numbered messages, QoS 1, and waits until all are acknowledged. */
async function fill(t: Test, gateway: RunningGateway, first: number, messages: number, topic = 'plant/count') {
  const args = ['-p', String(gateway.mqttPort), '-q', '1', '-t', topic, '-l', '-i', `fill-${topic}`];
  const child = spawn('mosquitto_pub', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(Array.from({ length: messages }, (_, i) => `${first + i}\n`).join(''));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  t.equal(code, 0, 'all of them are acknowledged');
}

interface Far {
  /** `topic payload` of all that arrived. */
  lines(): readonly string[];
}

/** A mosquitto on this port, and somebody who sees everything there: is there before the port can be reached. */
async function far(t: Test, port: number): Promise<Far> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-far-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'mosquitto.conf');
  const own = await freePort();
  writeFileSync(
    file,
    `user root\nlistener ${own} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nlog_type all\n`,
  );
  const peer = startPeer(t, 'mosquitto', ['-c', file]);
  await listening(own);
  const sub = startPeer(t, 'mosquitto_sub', ['-p', `${own}`, '-i', 'watch', '-q', '1', '-t', '#', '-F', '%t %p']);
  await peer.sees(/Sending SUBACK to watch/);
  const relay = await Relay.open(own, port);
  t.teardown(() => relay[Symbol.asyncDispose]());
  return { lines: () => sub.stdout().split('\n').slice(0, -1) };
}

async function link(gateway: RunningGateway): Promise<LinkView> {
  return JSON.parse((await gateway.hpmq('link', 'list', '--json')).stdout).items[0];
}

async function drained(gateway: RunningGateway): Promise<LinkView> {
  return eventually(async () => {
    const view = await link(gateway);
    return view.queued === 0 && view.losses.unreported === 0 ? view : undefined;
  }, 60_000);
}

t.test('10,000 messages, kill -9, another url, another name of the route: 0 lost, in order', peers, async (t) => {
  const folder = tempFolder(t);
  const first = await startTestGateway(t, config({ port: await freePort() }), folder);
  await fill(t, first, 0, MESSAGES);
  t.match(await link(first), { state: 'down', queued: MESSAGES, durable: true });
  await first.process.kill('SIGKILL');

  const port = await freePort();
  const there = await far(t, port);
  const second = await startTestGateway(t, config({ port, to: 'renamed/{topic:1}' }), folder);
  const view = await drained(second);
  t.match(view.books, { found: MESSAGES, delivered: MESSAGES, dropped: 0, expired: 0, difference: 0 });
  t.equal(view.losses.total, 0);
  const numbers = await eventually(() => {
    const found = there.lines().filter((line) => line.startsWith('renamed/count '));
    return found.length >= MESSAGES ? found.map((line) => Number(line.split(' ')[1])) : undefined;
  });
  const once = [...new Set(numbers)];
  t.equal(once.length, MESSAGES, 'all of them');
  t.ok(
    once.every((number, i) => number === i),
    'in order',
  );
});

t.test('kill -9 in the middle of the drain: all arrive, each first time in order', peers, async (t) => {
  const folder = tempFolder(t);
  const port = await freePort();
  // Slow enough to be caught in the middle.
  const text = config({ port, outbox: '{ rate: 2000 }' });
  let gateway = await startTestGateway(t, text, folder);
  await fill(t, gateway, 0, 4_000);
  const there = await far(t, port);
  for (const least of [500, 2_000]) {
    await eventually(() => there.lines().length >= least);
    await gateway.process.kill('SIGKILL');
    gateway = await startTestGateway(t, text, folder);
  }
  await drained(gateway);
  const once = await eventually(() => {
    const found = new Set(there.lines().filter((line) => line.startsWith('up/count ')));
    return found.size >= 4_000 ? [...found] : undefined;
  });
  t.ok(
    once.every((line, i) => line === `up/count ${i}`),
    'in order after de-duplication',
  );
});

for (const outbox of [
  '{ maxMessages: 500 }',
  '{ maxMessages: 500, full: drop-new }',
  '{ maxMessages: 500, full: thin, thin: { every: 10 } }',
]) {
  t.test(`full, ${outbox}: the loss record says what is missing, exactly, also after kill -9`, peers, async (t) => {
    const folder = tempFolder(t);
    const port = await freePort();
    const text = config({ port, outbox });
    let gateway = await startTestGateway(t, text, folder);
    await fill(t, gateway, 0, 2_000);
    // Thinned, it has room again at once.
    if (!outbox.includes('thin')) t.match((await gateway.hpmq('status')).stdout, /LINK_QUEUE_FULL/);
    await gateway.process.kill('SIGKILL');
    gateway = await startTestGateway(t, text, folder);
    await fill(t, gateway, 2_000, 1_000, 'plant/other');
    const there = await far(t, port);
    const view = await drained(gateway);
    t.equal(view.books.difference, 0, 'the books balance');
    const records = await eventually(() => {
      const found = new Map<number, number>();
      for (const line of there.lines()) {
        if (!line.startsWith('hpmq/plant-7/$loss/cloud ')) continue;
        const { number, count } = JSON.parse(line.slice(line.indexOf('{')));
        found.set(number, count);
      }
      const sum = [...found.values()].reduce((total, count) => total + count, 0);
      return sum >= view.losses.total ? sum : undefined;
    });
    const arrived = await eventually(() => {
      const found = new Set(there.lines().filter((line) => line.startsWith('up/')));
      return found.size + records >= 3_000 ? found.size : undefined;
    });
    t.ok(records > 1_500, `${records} are missing`);
    t.equal(arrived + records, 3_000, `${arrived} arrived`);
  });
}

t.test('a link that is removed: what waits for it is kept and shown until it is forgotten', peers, async (t) => {
  const folder = tempFolder(t);
  const gateway = await startTestGateway(t, config({ port: await freePort(), link: 'old' }), folder);
  await fill(t, gateway, 0, 20);
  await gateway.process.kill('SIGKILL');
  const next = await startTestGateway(t, config({ port: await freePort() }), folder);
  t.match((await next.hpmq('store', 'stat')).stdout, /outbox +old: 20 messages .*hpmq link forget old/);
  t.equal((await next.hpmq('link', 'forget', 'cloud', '--yes')).code, 64, 'not one that is configured');
  t.match(await next.hpmq('link', 'forget', 'old', '--yes'), { code: 0, stdout: 'old: 20 messages given up\n' });
  await next.process.kill('SIGTERM');
  const last = await startTestGateway(t, config({ port: await freePort() }), folder);
  t.notMatch((await last.hpmq('store', 'stat')).stdout, /old/);
});
