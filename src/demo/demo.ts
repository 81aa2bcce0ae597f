/**
 * `hpmq demo`: the main job on one box, each part a real process on loopback:
 *
 *   simulated plant ──Modbus TCP──▶ gateway `demo` ──MQTT link──▶ gateway `cloud` ──MQTT──▶ this process
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '../api/client.js';
import { systemClock } from '../core/clock.js';
import { waitForStop } from '../run.js';
import { startChild } from './child.js';
import { watchCloud } from './cloud.js';
import { cloudConfig, plantConfig } from './configs.js';
import { selfName } from './self.js';

export interface DemoOptions {
  /** Open the terminal UI on gateway `demo` instead of printing what arrives. */
  readonly tui: boolean;
  /** `--no-color` was not given. */
  readonly color: boolean;
}

/** Runs until a signal (or until the TUI is left); ends its parts and removes its folder. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const stop = waitForStop();
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'hpmq-demo-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  const socket = at('demo.sock');

  say('Starting a simulated plant, gateway "demo" beside it, and gateway "cloud" upstream …');
  await writeFile(at('cloud.yaml'), cloudConfig());
  const cloud = stack.use(
    await startChild('gateway "cloud"', ['run', '-c', at('cloud.yaml'), '--socket', at('cloud.sock')], at('cloud.log')),
  );
  const plant = stack.use(await startChild('the plant', ['simulate', 'modbus-tcp', '--port', '0'], at('plant.log')));
  const [host, port] = split(plant.address);
  await writeFile(at('demo.yaml'), plantConfig({ host, port }, cloud.address));
  const started = systemClock.monotonic();
  const demo = stack.use(
    await startChild('gateway "demo"', ['run', '-c', at('demo.yaml'), '--socket', socket], at('demo.log')),
  );

  if (options.tui) {
    const { runTui } = await import('../tui/main.js');
    const client = createClient({ socket });
    return await runTui({ client, readOnly: false, color: options.color, ascii: false, motion: true, target: socket });
  }

  const hpmq = selfName();
  const [, cloudPort] = split(cloud.address);
  const [, demoPort] = split(demo.address);
  say(`
  plant (pid ${plant.pid})               boiler, energy meter and tank as Modbus units 1, 2, 3 on ${plant.address}
    │  Modbus TCP, polled every 0.5 s and 1 s
  gateway demo (pid ${demo.pid})        broker on ${demo.address}: hpmq/demo/<device>/<point>
    │  link "cloud", MQTT 5: hpmq/demo/# goes out as plants/demo/#, plants/demo/cmd/# comes in
  gateway cloud (pid ${cloud.pid})       broker on ${cloud.address}: plants/demo/<device>/<point>

Try in another terminal:
  ${hpmq} --socket ${socket} tui
  ${hpmq} --socket ${socket} point list
  ${hpmq} --socket ${socket} point write boiler.setpoint 72.5
  ${hpmq} --socket ${socket} history show boiler.temperature --every 10s
  mosquitto_sub -p ${demoPort} -v -t 'hpmq/demo/#'
  mosquitto_pub -p ${cloudPort} -t plants/demo/cmd/boiler/setpoint/set -m 65        (a set-point from the cloud)
  kill -STOP ${plant.pid}      (the plant stops answering: points go bad, devices offline; kill -CONT brings it back)

What arrives in the cloud (Ctrl-C ends the demo and removes everything):
`);
  stack.use(await watchCloud({ port: Number(cloudPort), started, print: say }));
  await stop;
  say('\nStopping …');
  return 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Splits `host:port`. */
function split(address: string): readonly [host: string, port: string] {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at), address.slice(at + 1)];
}
