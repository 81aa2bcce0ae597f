/** Brokers that are linked in a ring, or each with each, every link through a relay of its own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../support/peers.js';
import { Relay } from '../../support/relay.js';
import { startHpmq, startMosquitto } from '../brokers.js';
import { type BrokerName, Side } from './sides.js';

export interface MeshShape {
  readonly shape: 'ring' | 'full';
  /** Without the mosquitto. */
  readonly nodes: number;
  readonly broker: BrokerName;
  /**
   * One more that is a mosquitto; the gateways beside it in the ring, or all, connect to it. What its own clients publish at QoS 1 has
   * no stamp, so that nobody can know it when it comes again: it hands it on at QoS 2 (`upgrade_outgoing_qos`).
   */
  readonly mosquitto: boolean;
  /** So many times a gateway is killed. Without, links carry QoS 0 as QoS 1, which comes twice where one is. */
  readonly kills: number;
}

/** Who connects to whom, by number. */
type Edge = readonly [from: number, to: number];

export interface Mesh {
  readonly nodes: readonly Side[];
  readonly relays: readonly Relay[];
}

export const FILTER = 'mesh/#';
/** How long all links may take to be up, ms. */
const PATIENCE = 30_000;

function edgesOf({ shape, nodes, mosquitto }: MeshShape): readonly Edge[] {
  const all = Array.from({ length: nodes }, (_, i) => i);
  if (shape === 'full') {
    const between = all.flatMap((from) => all.slice(from + 1).map((to): Edge => [from, to]));
    return mosquitto ? [...between, ...all.map((from): Edge => [from, nodes])] : between;
  }
  const chain = all.slice(1).map((to): Edge => [to - 1, to]);
  if (mosquitto) return [...chain, [nodes - 1, nodes], [0, nodes]];
  return [...chain, [nodes - 1, 0]];
}

export async function openMesh(shape: MeshShape, folder: string, stack: AsyncDisposableStack): Promise<Mesh> {
  const kinds: BrokerName[] = Array.from({ length: shape.nodes }, () => shape.broker);
  if (shape.mosquitto) kinds.push('mosquitto');
  const ports: number[] = [];
  for (const _ of kinds) ports.push(await freePort());
  const edges = edgesOf(shape);
  const relays: Relay[] = [];
  for (const [, to] of edges) {
    let relay = stack.use(await Relay.open(ports[to]!));
    // The system may give it a port that is free only until its gateway starts.
    while (ports.includes(relay.port)) relay = stack.use(await Relay.open(ports[to]!));
    relays.push(relay);
  }
  const nodes = kinds.map((kind, index) => {
    const own = join(folder, `n${index}`);
    mkdirSync(own);
    const links = edges.flatMap(([from, to], edge) =>
      from === index ? [{ name: `n${to}`, port: relays[edge]!.port, isPeer: kinds[to] === 'hpmq' }] : [],
    );
    const port = ports[index]!;
    return new Side(kind, port, () =>
      kind === 'hpmq'
        ? startHpmq(own, port, linkLines(links, shape), `n${index}`)
        : startMosquitto(own, port, shape.mosquitto ? ['upgrade_outgoing_qos true'] : bridgeLines(links)),
    );
  });
  for (const node of nodes) {
    stack.defer(() => node.kill());
    await node.start();
  }
  return { nodes, relays };
}

interface MeshLink {
  readonly name: string;
  readonly port: number;
  readonly isPeer: boolean;
}

function linkLines(links: readonly MeshLink[], { nodes, kills }: MeshShape): readonly string[] {
  if (links.length === 0) return [];
  const each = links.flatMap(({ name, port, isPeer }) => [
    `  ${name}:`,
    `    type: ${isPeer ? 'peer' : 'mqtt'}`,
    `    url: mqtt://127.0.0.1:${port}`,
    '    keepAlive: 2s',
    '    reconnect: 2s',
    // Each message passes to a broker of others, and from it, through one of the gateways beside it.
    ...(isPeer ? [] : [`    hub: { name: between, gateways: [n0, n${nodes - 1}] }`]),
    `    routes: [{ direction: both, filter: '${FILTER}', qos: 2, minQos: ${kills > 0 ? 0 : 1} }]`,
  ]);
  return ['links:', ...each];
}

function bridgeLines(links: readonly MeshLink[]): readonly string[] {
  return links.flatMap(({ name, port }) => [
    `connection ${name}`,
    `address 127.0.0.1:${port}`,
    // Two bridges from one machine have the same client id else.
    `remote_clientid bridge-${port}`,
    'cleansession false',
    'notifications false',
    'restart_timeout 1',
    `topic ${FILTER} both 2`,
  ]);
}

/** Resolves once every gateway says that its links are up. */
export async function linked({ nodes }: Mesh): Promise<void> {
  const end = performance.now() + PATIENCE;
  for (const [index, node] of nodes.entries()) {
    for (;;) {
      // Its port is there before its socket.
      const links = await node.books().then(
        (books) => books?.links ?? [],
        () => undefined,
      );
      if (links?.every(({ state }) => state === 'up')) break;
      if (performance.now() > end) throw new Error(`the links of n${index} are ${JSON.stringify(links)}`);
      await sleep(50);
    }
  }
}
