/** Links for tests: a configuration with only what matters, and a mosquitto of the test's own as far side. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Clock, systemClock } from '../../src/core/clock.js';
import type { LinkConfig, LinkTlsConfig, OutboxConfig, RouteConfig } from '../../src/core/config.js';
import { silentLog } from '../../src/core/log.js';
import { createLinks, type Links, type LinksOptions } from '../../src/links/links.js';
import { FakeRouter } from './fake-router.js';
import { eventually, freePort, listening, type Peer, startPeer } from './peers.js';

export const GATEWAY = 'plant-7';

/** As the configuration has it by default. */
export function outboxConfig(more: Partial<OutboxConfig> = {}): OutboxConfig {
  return {
    maxMessages: 1_000_000,
    maxBytes: 256_000_000,
    maxAge: undefined,
    minFree: { bytes: 0, share: 0 },
    full: 'drop-oldest',
    thin: { every: 2 },
    deadLetter: undefined,
    drain: { order: 'live-first', rate: undefined, bandwidth: undefined },
    ...more,
  };
}

export const NO_TLS: LinkTlsConfig = {
  ca: [],
  cert: undefined,
  key: undefined,
  serverName: undefined,
  alpn: [],
  renew: undefined,
};

export function linkConfig(url: string, routes: readonly RouteConfig[], more: Partial<LinkConfig> = {}): LinkConfig {
  return {
    name: 'cloud',
    type: 'mqtt',
    url,
    reach: { urls: [url], srv: undefined, via: [], choose: 'first', failBack: 60_000, maxWait: 30_000 },
    heartbeat: undefined,
    preset: undefined,
    protocolVersion: 5,
    clientId: undefined,
    username: undefined,
    password: undefined,
    keepAlive: 30_000,
    stamp: undefined,
    hub: undefined,
    wrap: false,
    sessionExpiry: 3_600_000,
    bridge: false,
    outbox: outboxConfig(),
    tls: NO_TLS,
    routes,
    ...more,
  };
}

export interface Side {
  readonly router: FakeRouter;
  readonly links: Links;
  /** Waits until the only link is in this state. */
  is(state: string): Promise<void>;
}

export interface SideOptions
  extends Partial<
    Pick<LinksOptions, 'random' | 'resolveSrv' | 'interfaces' | 'store' | 'mesh' | 'isAnnounced' | 'linkTransform'>
  > {
  readonly clock?: Clock;
  readonly router?: FakeRouter;
}

/** One link on a router of its own; closed at the end of the test. Jitter is at its least. */
export async function startLink(
  t: Test,
  config: LinkConfig,
  { clock = systemClock, router = new FakeRouter(), ...more }: SideOptions = {},
): Promise<Side> {
  const links = createLinks({
    links: { [config.name]: config },
    gatewayId: GATEWAY,
    router,
    log: silentLog,
    clock,
    random: () => 0,
    ...more,
  });
  t.teardown(() => links[Symbol.asyncDispose]());
  await links.start(new AbortController().signal);
  return {
    router,
    links,
    is: async (state) => {
      await eventually(() => links.links()[0]!.state === state);
    },
  };
}

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  readonly peer: () => Peer;
  /** Starts it again on the same port, as after a crash. */
  restart(): Promise<void>;
}

/** A mosquitto on a free port; `lines` are added to its configuration, `{dir}` is its folder. */
export async function startMosquitto(t: Test, lines: readonly string[] = ['allow_anonymous true']): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-mosquitto-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  // Started by root it would become the user mosquitto, who cannot read the test's folder.
  const text = ['user root', 'log_dest stderr', 'log_type all', `listener ${port} 127.0.0.1`, ...lines].join('\n');
  writeFileSync(file, `${text.replaceAll('{dir}', folder)}\n`);
  const start = async () => {
    const peer = startPeer(t, 'mosquitto', ['-c', file]);
    await listening(port);
    return peer;
  };
  let peer = await start();
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    peer: () => peer,
    restart: async () => {
      peer = await start();
    },
  };
}

export interface Subscriber {
  /** `qos retain topic payload` of each message so far. */
  lines(): readonly string[];
  /** Waits for a whole line; a regular expression in which `$ / { } " ` stand for themselves. */
  sees(line: string): Promise<unknown>;
}

/** A mosquitto_sub that is surely subscribed. */
export async function subscriber(
  t: Test,
  far: Mosquitto,
  filter: string,
  more: readonly string[] = [],
): Promise<Subscriber> {
  const id = `watcher-${subscribers++}`;
  const args = ['-p', `${far.port}`, '-V', '5', '-q', '2', '-i', id, '-t', filter, '-F', '%q %r %t %p', ...more];
  const peer = startPeer(t, 'mosquitto_sub', args);
  await far.peer().sees(new RegExp(`Sending SUBACK to ${id}`));
  const lines = () => peer.stdout().split('\n').slice(0, -1);
  return {
    lines,
    sees: (line) => peer.sees(new RegExp(`^${line.replace(/[$/{}"]/g, '\\$&')}$`, 'm')),
  };
}

let subscribers = 0;

/** One message from a mosquitto_pub. */
export async function publish(t: Test, far: Mosquitto, args: readonly string[]): Promise<void> {
  const peer = startPeer(t, 'mosquitto_pub', ['-p', `${far.port}`, ...args]);
  t.equal(await peer.ended, 0, 'mosquitto_pub is content');
}
