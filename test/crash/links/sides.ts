/** The two brokers of a link under test: the near one has the link, the far one is its upstream. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerView, LinkView } from '../../../src/core/views.js';
import { freePort } from '../../support/peers.js';
import { type RunningBroker, startHpmq, startMosquitto } from '../brokers.js';

export type BrokerName = 'hpmq' | 'mosquitto';

/** What a gateway says of itself; undefined: a broker that keeps no books. */
export interface Books {
  readonly ledger: LedgerView;
  readonly links: readonly LinkView[];
}

type Running = RunningBroker & { links?(): Promise<readonly LinkView[]> };

/** One broker over all of its lives. */
export class Side {
  readonly name: BrokerName;
  readonly port: number;
  readonly #start: () => Promise<Running>;
  #running: Running | undefined;
  starts = 0;

  constructor(name: BrokerName, port: number, start: () => Promise<Running>) {
    this.name = name;
    this.port = port;
    this.#start = start;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  async start(): Promise<void> {
    this.#running = await this.#start();
    this.starts++;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.kill();
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  freeze(): void {
    this.#running?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#running?.signal('SIGCONT');
  }

  async books(): Promise<Books | undefined> {
    const ledger = await this.#running?.ledger();
    const links = await this.#running?.links?.();
    return ledger && links && { ledger, links };
  }
}

/** Filters of what goes from the near side to the far side, and back. */
export const UP = 'up/#';
export const DOWN = 'down/#';

/** The broker that the link leads to. */
export async function farSide(name: BrokerName, folder: string): Promise<Side> {
  const port = await freePort();
  const own = join(folder, 'far');
  mkdirSync(own);
  return new Side(name, port, () => (name === 'hpmq' ? startHpmq(own, port, [], 'far') : startMosquitto(own, port)));
}

/** The broker with the link. @param upstream - port that the link connects to */
export async function nearSide(name: BrokerName, folder: string, upstream: number): Promise<Side> {
  const port = await freePort();
  const own = join(folder, 'near');
  mkdirSync(own);
  const start = () =>
    name === 'hpmq'
      ? startHpmq(own, port, linkLines(upstream), 'near')
      : startMosquitto(own, port, bridgeLines(upstream));
  return new Side(name, port, start);
}

function linkLines(port: number): readonly string[] {
  return [
    'links:',
    '  upstream:',
    '    type: mqtt',
    `    url: mqtt://127.0.0.1:${port}`,
    '    keepAlive: 2s',
    '    reconnect: 2s',
    '    routes:',
    `      - { direction: out, filter: '${UP}', qos: 2 }`,
    `      - { direction: in, filter: '${DOWN}', qos: 2 }`,
  ];
}

/** The same with mosquitto's bridge. */
function bridgeLines(port: number): readonly string[] {
  return [
    'connection upstream',
    `address 127.0.0.1:${port}`,
    'bridge_protocol_version mqttv311',
    'cleansession false',
    'notifications false',
    'restart_timeout 1',
    // The shortest that it offers.
    'keepalive_interval 5',
    `topic ${UP} out 2`,
    `topic ${DOWN} in 2`,
  ];
}
