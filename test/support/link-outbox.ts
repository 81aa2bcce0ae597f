/** The outgoing half of a link on a store of its own, without a router and without a connection. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/core/clock.js';
import type { LinkConfig } from '../../src/core/config.js';
import type { GatewayError } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import { createMessage, type MessageInit } from '../../src/core/message.js';
import { LinkOutgoing } from '../../src/links/link-outgoing.js';
import { linksTables } from '../../src/links/links.js';
import { LoopGuard } from '../../src/links/loops.js';
import { Replies } from '../../src/links/replies.js';
import { RouteFigures } from '../../src/links/route-figures.js';
import { compileRoutes } from '../../src/links/rules.js';
import type { Sender } from '../../src/links/sender.js';
import { LinkStatus } from '../../src/links/status.js';
import { type OpenStore, openStore } from '../../src/store/store.js';
import { FakeFarSide, type FarOptions, type FarSession } from './fake-far-side.js';
import { FakeRouter } from './fake-router.js';
import type { FakeTransform } from './fake-transform.js';
import { GATEWAY } from './links.js';

export class OutgoingBench {
  readonly config: LinkConfig;
  readonly router = new FakeRouter();
  folder: string;
  store!: OpenStore;
  outgoing!: LinkOutgoing;
  /** What was refused for good. */
  readonly told: GatewayError[] = [];
  far: FakeFarSide | undefined;
  /** At its door, from the next start on. */
  transform: FakeTransform | undefined;
  /** How often everything from before a connection was settled. */
  caughtUp = 0;
  readonly #clock: Clock;
  readonly #folders: string[] = [];

  constructor(config: LinkConfig, clock: Clock = systemClock) {
    this.config = config;
    this.#clock = clock;
    this.folder = this.#newFolder();
  }

  get sender(): Sender {
    return this.outgoing.sender;
  }

  /** The gateway starts. @param config - as it was edited */
  async start(config: LinkConfig = this.config): Promise<void> {
    const clock = this.#clock;
    this.store = await openStore({
      folder: this.folder,
      durability: 'strict',
      tables: linksTables,
      log: silentLog,
      clock: systemClock,
    });
    const status = new LinkStatus(clock, silentLog, false);
    status.refused = (error) => void this.told.push(error);
    this.outgoing = new LinkOutgoing({
      config,
      gatewayId: GATEWAY,
      router: this.router,
      clock,
      log: silentLog,
      rules: compileRoutes(config.routes, GATEWAY),
      origin: `link:${config.name}`,
      replies: new Replies(config.name, clock),
      figures: new RouteFigures(config.routes),
      loops: new LoopGuard({ config, mesh: undefined, origin: `link:${config.name}`, clock }),
      status,
      transform: this.transform,
      keep: { store: this.store, refusal: () => undefined },
      onCaughtUp: () => this.caughtUp++,
    });
    await this.outgoing.begin();
  }

  /** It ends well. */
  async stop(): Promise<void> {
    this.disconnect();
    this.outgoing.close();
    await this.store[Symbol.asyncDispose]();
  }

  /** SIGKILL, and a start on what is on the disk at this moment. */
  async kill(config: LinkConfig = this.config): Promise<void> {
    const copy = this.#newFolder();
    cpSync(this.folder, copy, { recursive: true });
    this.far = undefined;
    this.outgoing.close();
    await this.store[Symbol.asyncDispose]();
    this.folder = copy;
    await this.start(config);
  }

  /** @returns what the publisher waits for before it is told; resolves in any case */
  publish(topic: string, payload: string, more: Partial<MessageInit> = {}): Promise<boolean> {
    const receivedAt = this.#clock.now();
    this.sender.accept(createMessage({ topic, payload, qos: 1, origin: 'client:test', receivedAt, ...more }));
    const committed = this.store.commit() ?? Promise.resolve();
    return committed.then(
      () => true,
      () => false,
    );
  }

  connect(session: FarSession, options: FarOptions = {}): FakeFarSide {
    this.disconnect();
    const far = new FakeFarSide(session, (...answer) => this.sender.acknowledged(...answer), options);
    this.far = far;
    this.sender.connected(far);
    return far;
  }

  disconnect(): void {
    if (this.far === undefined) return;
    this.far = undefined;
    this.sender.disconnected();
  }

  /** What was said to the store is answered. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.store.queue('question').read(0, 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The far side takes everything until nothing is left to send. */
  async drain(): Promise<void> {
    for (let idle = 0, waited = 0; idle < 4; ) {
      await this.settle();
      if (this.far!.take(Number.POSITIVE_INFINITY) > 0) idle = 0;
      // A limit at work asks the store again and again, and nothing is sent meanwhile.
      else if (this.sender.outbox.isWaiting && waited < 200) waited++;
      else idle++;
    }
  }

  removeFolders(): void {
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  #newFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'hpmq-outbox-'));
    this.#folders.push(folder);
    return folder;
  }
}

export interface SeenLoss {
  readonly number: number;
  readonly reason: string;
  readonly count: number;
  readonly from: string;
  readonly to: string;
  readonly topics: readonly string[];
}

/** The loss records that arrived, each once. */
export function lossesAt(session: FarSession): readonly SeenLoss[] {
  const found = new Map<number, SeenLoss>();
  for (const { topic, payload } of session.delivered) {
    if (topic !== `hpmq/${GATEWAY}/$loss/cloud`) continue;
    const record = JSON.parse(payload.toString()) as SeenLoss;
    found.set(record.number, record);
  }
  return [...found.values()];
}

export function lost(session: FarSession): number {
  return lossesAt(session).reduce((sum, { count }) => sum + count, 0);
}
