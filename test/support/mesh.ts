/** Gateways linked with each other, each a process, each link through a relay that can be broken. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { type RunningGateway, startTestGateway, tempFolder } from './gateway.js';
import { eventually, freePort } from './peers.js';
import { Relay } from './relay.js';

/** Who connects to whom, by number; one behind the gateways is the broker of others. */
export type Edge = readonly [from: number, to: number];

export function ring(count: number): readonly Edge[] {
  return Array.from({ length: count }, (_, i): Edge => [i, (i + 1) % count]);
}

export function full(count: number): readonly Edge[] {
  const all = Array.from({ length: count }, (_, i) => i);
  return all.flatMap((from) => all.slice(from + 1).map((to): Edge => [from, to]));
}

export interface TestMesh {
  readonly gateways: readonly RunningGateway[];
  readonly relays: readonly Relay[];
  readonly ports: readonly number[];
  /** Kills a gateway and starts it again where it was. */
  restart(index: number): Promise<void>;
  /** Resolves when all links of all gateways are up. */
  linked(): Promise<void>;
}

export interface MeshPlan {
  readonly count: number;
  readonly edges: readonly Edge[];
  /** Port of a broker of others, number `count` in the edges. */
  readonly foreign?: number;
  /** More of each link, per type. */
  readonly peer?: string;
  readonly mqtt?: string;
}

export async function startMesh(t: Test, plan: MeshPlan): Promise<TestMesh> {
  const { count, edges, foreign } = plan;
  const folder = tempFolder(t);
  const ports: number[] = [];
  for (let i = 0; i < count; i++) ports.push(await freePort());
  if (foreign !== undefined) ports.push(foreign);
  const relays: Relay[] = [];
  for (const [, to] of edges) {
    const relay = await Relay.open(ports[to]!);
    t.teardown(() => relay[Symbol.asyncDispose]());
    relays.push(relay);
  }
  const start = (index: number) => {
    const own = join(folder, `g${index}`);
    mkdirSync(own, { recursive: true });
    const links = edges.flatMap(([from, to], edge) =>
      from === index
        ? [linkYaml(`to-g${to}`, relays[edge]!.port, to === count ? plan.mqtt : plan.peer, to === count)]
        : [],
    );
    const yaml = [
      `gateway: { id: g${index}, data: ${own}/data }`,
      `broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: ${ports[index]} }] }`,
      ...(links.length > 0 ? ['links:', ...links] : []),
    ].join('\n');
    return startTestGateway(t, yaml, own);
  };
  const gateways: RunningGateway[] = [];
  for (let i = 0; i < count; i++) gateways.push(await start(i));
  return {
    gateways,
    relays,
    ports,
    restart: async (index) => {
      await gateways[index]!.process.kill('SIGKILL');
      gateways[index] = await start(index);
    },
    linked: async () => {
      for (const gateway of gateways) {
        await eventually(async () => {
          const { items } = await createClient({ socket: gateway.socket }).request('GET /v1/links');
          return items.every(({ state }) => state === 'up');
        }, 30_000);
      }
    },
  };
}

function linkYaml(name: string, port: number, more = '', isForeign: boolean): string {
  const type = isForeign ? 'mqtt' : 'peer';
  return `  ${name}: { type: ${type}, url: 'mqtt://127.0.0.1:${port}', keepAlive: 2s, routes: [{ direction: both, filter: 'mesh/#', qos: 2, minQos: 1 }]${more} }`;
}

/** Listens to everything of the mesh, for ever: its session outlives its connections. */
export async function listener(t: Test, port: number, name: string): Promise<{ client: MqttClient; got: string[] }> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    clientId: name,
    clean: false,
    reconnectPeriod: 100,
    properties: { sessionExpiryInterval: 3_600 },
  });
  t.teardown(() => client.endAsync(true));
  const got: string[] = [];
  client.on('message', (topic, payload, packet) => {
    const all = Object.keys(packet.properties?.userProperties ?? {});
    const names = all.filter((name) => name.startsWith('hpmq-'));
    got.push(`${topic} ${payload}${names.length > 0 ? ` with ${names.join()}` : ''}`);
  });
  await client.subscribeAsync('mesh/#', { qos: 2 });
  return { client, got };
}
