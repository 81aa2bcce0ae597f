/** One connection of a link, without the link: what it tells is recorded. */
import type { Test } from 'tap';
import { systemClock } from '../../src/core/clock.js';
import type { GatewayError } from '../../src/core/errors.js';
import type { Store } from '../../src/core/store.js';
import { FarMemories, type FarMemory } from '../../src/links/far-memory.js';
import type { FarSide, Incoming, Outgoing } from '../../src/links/far-side.js';
import { openMqtt } from '../../src/links/kinds/mqtt.js';
import type { ConnectionConfig, MqttOptions } from '../../src/links/kinds/options.js';

export interface Acknowledged {
  readonly packet: 'puback' | 'pubrec' | 'pubcomp';
  readonly packetId: number;
  readonly refusal: GatewayError | undefined;
}

export interface OpenFarSide {
  readonly far: FarSide;
  readonly memory: FarMemory;
  readonly messages: readonly Incoming[];
  readonly acknowledged: readonly Acknowledged[];
  readonly drains: () => number;
}

export interface FarOptions {
  readonly config?: Partial<ConnectionConfig>;
  readonly more?: Partial<MqttOptions>;
  readonly memory?: FarMemory;
  readonly onMessage?: (message: Incoming) => Promise<void>;
}

export function memoryOf(store?: Store): FarMemory {
  return new FarMemories(store, new Set(['test'])).of('test', 'far');
}

export async function openFar(t: Test, url: string, options: FarOptions = {}): Promise<OpenFarSide> {
  const messages: Incoming[] = [];
  const acknowledged: Acknowledged[] = [];
  let drains = 0;
  const memory = options.memory ?? memoryOf();
  const config: ConnectionConfig = {
    url,
    protocolVersion: 5,
    username: undefined,
    password: undefined,
    keepAlive: 30_000,
    sessionExpiry: 3_600_000,
    bridge: false,
    tls: { ca: undefined, cert: undefined, key: undefined },
    ...options.config,
  };
  const events: MqttOptions['events'] = {
    async onMessage(message) {
      messages.push(message);
      await options.onMessage?.(message);
    },
    onAcknowledged: (packet, packetId, refusal) => void acknowledged.push({ packet, packetId, refusal }),
    onDrain: () => void drains++,
  };
  const far = await openMqtt(
    { config, clientId: 'test', will: undefined, clock: systemClock, events, memory, ...options.more },
    new AbortController().signal,
  );
  t.teardown(async () => {
    far.close(false);
    await far.closed;
  });
  return { far, memory, messages, acknowledged, drains: () => drains };
}

export function outgoing(init: Partial<Outgoing> & { readonly topic: string }): Outgoing {
  return {
    qos: 1,
    retain: false,
    payload: Buffer.from('x'),
    properties: undefined,
    expirySeconds: undefined,
    packetId: 1,
    dup: false,
    ...init,
  };
}
