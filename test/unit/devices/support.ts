/** Small fakes: a router that remembers, a wire that can be cut, an adapter whose devices do as they are told. */
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { type AnyAdapter, defineAdapter, type Reading, type Value } from '../../../src/core/adapter.js';
import type { AuditRecord } from '../../../src/core/audit.js';
import type { Clock } from '../../../src/core/clock.js';
import type { DeviceConfig, PointConfig, PortConfig } from '../../../src/core/config.js';
import { errorsOf } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { createMessage, type Message, type MessageInit } from '../../../src/core/message.js';
import type { Attachment, Router, Sink, Subscription } from '../../../src/core/router.js';
import type { Store, StoredTable } from '../../../src/core/store.js';
import { topicMatches } from '../../../src/core/topic.js';
import type { OpenTransport } from '../../../src/core/transport.js';
import { createDevices, type Devices } from '../../../src/devices/devices.js';
import { openMemory } from '../../../src/devices/transport/memory.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

export const fakeError = errorsOf({
  FAKE_REFUSED: { fault: 'device', hint: 'ask for another point' },
  FAKE_TIMEOUT: { fault: 'device', hint: 'check the fake' },
  FAKE_VALUE: { fault: 'caller', hint: 'send a number' },
  FAKE_WIRE: { fault: 'device', hint: 'plug it in' },
});

/** Synchronous, without a tree: enough to see what the devices say and to talk to them. */
export class FakeRouter implements Router {
  readonly messages: Message[] = [];
  /** What publish() returns, as a router with a durable receiver would. */
  stored: Promise<void> | undefined;
  readonly #sinks = new Map<Sink, Subscription[]>();

  publish(message: Message): void | Promise<void> {
    this.messages.push(message);
    for (const [sink, subscriptions] of this.#sinks) {
      const match = subscriptions.find(({ filter }) => topicMatches(filter, message.topic));
      if (match !== undefined && sink.origin !== message.origin) sink.deliver(message, match);
    }
    return this.stored;
  }

  attach(sink: Sink): Attachment {
    const subscriptions: Subscription[] = [];
    this.#sinks.set(sink, subscriptions);
    return {
      subscribe: (subscription) => {
        subscriptions.push(subscription);
        return [];
      },
      unsubscribe: () => false,
      arrived: () => {},
      [Symbol.dispose]: () => void this.#sinks.delete(sink),
    };
  }

  retained(): Iterable<Message> {
    return [];
  }

  watch() {
    return { [Symbol.dispose]: () => {} };
  }

  counters() {
    return { received: 0, delivered: 0, dropped: 0, unmatched: 0, retained: 0, subscriptions: this.#sinks.size };
  }

  on(topic: string): string[] {
    return this.messages.filter((message) => message.topic === topic).map((message) => message.payload.toString());
  }

  last(topic: string): Record<string, unknown> {
    const text = this.on(topic).at(-1);
    if (text === undefined) throw new Error(`nothing was published to ${topic}: ${this.messages.map((m) => m.topic)}`);
    return JSON.parse(text) as Record<string, unknown>;
  }
}

export type Answer = Value | 'refuse' | 'silent';

/** One fake device: its registers by number, and what was asked of it. */
export class FakeDevice {
  /** Register → what it says. A register that is not there is refused. */
  readonly registers = new Map<number, Answer>();
  /** No answer to anything. */
  dead = false;
  /** How a write ends. */
  onWrite: 'store' | 'ignore' | 'refuse' | 'silent' = 'store';
  /** ms an exchange takes on the wire. */
  latency = 0;
  /** `read 0,1` and `write 0=5`, in the order of the wire. */
  readonly log: string[] = [];

  constructor(registers: Readonly<Record<number, Answer>>) {
    for (const [register, value] of Object.entries(registers)) this.registers.set(Number(register), value);
  }
}

/** The world behind the fake adapter. */
export class FakeWorld {
  readonly devices = new Map<string, FakeDevice>();
  /** All exchanges of all devices, in the order of the wire. */
  readonly log: string[] = [];
  /** undefined: opening works. */
  openError: Error | undefined;
  /** Opening waits for it. */
  opening: Promise<void> | undefined;
  opened = 0;
  disposed = 0;
  wire: Duplex | undefined;
  /** Exchanges on the wire now, and the most there ever were. */
  busy = 0;
  mostBusy = 0;

  readonly openTransport: OpenTransport = async () => {
    await this.opening;
    if (this.openError !== undefined) throw this.openError;
    this.opened++;
    this.wire = openMemory();
    return this.wire;
  };

  add(name: string, registers: Readonly<Record<number, Answer>> = { 0: 1 }): FakeDevice {
    const device = new FakeDevice(registers);
    this.devices.set(name, device);
    return device;
  }

  cut(): void {
    this.wire?.destroy();
  }

  readonly adapter: AnyAdapter = defineAdapter({
    type: 'fake',
    title: 'a fake',
    endpoints: ['tcp', 'memory'],
    port: z.strictObject({}),
    device: z.strictObject({ id: z.string() }),
    address: z.strictObject({ register: z.int(), readOnly: z.boolean().default(false) }),
    readOnly: (address) => (address.readOnly ? 'this register is read-only' : undefined),
    span: ({ register }) => ({ space: 'registers', start: register, length: 1, limit: 8 }),
    open: async (_wire, _config, { clock }) => ({
      device: ({ id }) => {
        const device = this.devices.get(id);
        if (device === undefined) throw new TypeError(`no fake ${id}`);
        return {
          read: async (points, signal) => {
            await this.#exchange(id, `read ${points.map((point) => point.address.register).join(',')}`, clock, signal);
            const silent = points.some(({ address }) => device.registers.get(address.register) === 'silent');
            if (device.dead || silent) await timeout(signal);
            // As in Modbus: one register that is not there, and the whole request is refused.
            const refused = points.some(({ address }) => {
              const answer = device.registers.get(address.register);
              return answer === undefined || answer === 'refuse';
            });
            const at = clock.now();
            const error = fakeError('FAKE_REFUSED', 'no such register');
            return points.map((point): Reading => {
              if (refused) {
                return { point: point.id, value: undefined, quality: 'bad', at, error };
              }
              return { point: point.id, value: device.registers.get(point.address.register), quality: 'good', at };
            });
          },
          write: async (point, value, signal) => {
            if (typeof value === 'string') throw fakeError('FAKE_VALUE', 'registers hold numbers');
            await this.#exchange(id, `write ${point.address.register}=${value}`, clock, signal);
            if (device.dead || device.onWrite === 'silent') await timeout(signal);
            if (device.onWrite === 'refuse') throw fakeError('FAKE_REFUSED', 'exception 3');
            if (device.onWrite === 'store') device.registers.set(point.address.register, value);
          },
        };
      },
      [Symbol.asyncDispose]: async () => void this.disposed++,
    }),
  });

  async #exchange(id: string, what: string, clock: Clock, signal: AbortSignal): Promise<void> {
    const device = this.devices.get(id)!;
    device.log.push(what);
    this.log.push(`${id} ${what}`);
    this.mostBusy = Math.max(this.mostBusy, ++this.busy);
    try {
      if (device.latency > 0) await clock.sleep(device.latency, signal);
    } catch {
      throw fakeError('FAKE_TIMEOUT', 'no answer');
    } finally {
      this.busy--;
    }
  }
}

/** As a real adapter: its own error when the deadline passes. */
function timeout(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(fakeError('FAKE_TIMEOUT', 'no answer', { cause: signal.reason }));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

export function pointConfig(id: string, register: number, changes: Partial<PointConfig> = {}): PointConfig {
  return {
    id,
    address: { register, readOnly: false },
    scale: 1,
    offset: 0,
    decimals: undefined,
    unit: undefined,
    every: 1_000,
    report: { mode: 'always', deadband: 0, maxSilence: 60_000 },
    retain: true,
    qos: 1,
    write: undefined,
    ...changes,
  };
}

export const writable = { min: undefined, max: undefined, step: undefined, verify: true, critical: false } as const;

export function deviceConfig(
  name: string,
  points: readonly PointConfig[],
  changes: Partial<DeviceConfig> = {},
): DeviceConfig {
  return {
    name,
    adapter: 'fake',
    port: 'line',
    encoding: 'json',
    options: { id: name },
    points: Object.fromEntries(points.map((point) => [point.id, point])),
    ...changes,
  };
}

export const lineConfig: PortConfig = {
  name: 'line',
  endpoint: { type: 'memory' },
  timeout: 500,
  pause: 0,
  options: {},
};

/** What is kept of one gateway after another: the tables alone, at once and for good. */
export class FakeTables {
  readonly tables = new Map<string, Map<string, Buffer>>();
  commits = 0;

  /** A gateway that is over cannot write any more. */
  open(): Store & { close(): void } {
    let isOpen = true;
    const table = (name: string): StoredTable => {
      const records = this.tables.get(name) ?? new Map<string, Buffer>();
      this.tables.set(name, records);
      return {
        entries: () => [...records],
        set: (key, value) => void (isOpen && records.set(key, value)),
        delete: (key) => void (isOpen && records.delete(key)),
      };
    };
    const commit = async () => void this.commits++;
    const close = () => {
      isOpen = false;
    };
    return { table, commit, close } as unknown as Store & { close(): void };
  }
}

export interface Bench extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly world: FakeWorld;
  readonly router: FakeRouter;
  readonly devices: Devices;
  readonly audits: readonly AuditRecord[];
  /** A client publishes. */
  publish(topic: string, payload: string, more?: Partial<MessageInit>): void;
  state(device: string): string;
}

/** Until nothing more goes over the wire without time passing. */
export async function quiet(world: FakeWorld): Promise<void> {
  let before: number;
  do {
    before = world.log.length;
    await settle();
  } while (world.log.length > before);
}

/** Devices on a fake line under a manual clock; `random` is 0.999…, so delays have their nominal length. */
export async function startBench(
  world: FakeWorld,
  configs: readonly DeviceConfig[],
  port: Partial<PortConfig> = {},
  clock = new ManualClock(),
  store?: Store,
): Promise<Bench> {
  const router = new FakeRouter();
  const audits: AuditRecord[] = [];
  const devices = createDevices({
    ports: { line: { ...lineConfig, ...port } },
    devices: Object.fromEntries(configs.map((config) => [config.name, config])),
    gatewayId: 'gw',
    adapters: new Map([['fake', world.adapter]]),
    router,
    openTransport: world.openTransport,
    log: silentLog,
    audit: (record) => void audits.push(record),
    clock,
    random: () => 0.999_999,
    ...(store === undefined ? {} : { store }),
  });
  await devices.start(new AbortController().signal);
  await quiet(world);
  return {
    clock,
    world,
    router,
    devices,
    audits,
    publish: (topic, payload, more = {}) =>
      void router.publish(createMessage({ topic, payload, origin: 'client:test', receivedAt: clock.now(), ...more })),
    state: (device) => devices.devices().find(({ name }) => name === device)!.state,
    [Symbol.asyncDispose]: () => devices[Symbol.asyncDispose](),
  };
}
