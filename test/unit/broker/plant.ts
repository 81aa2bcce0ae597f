/** A broker with a store on disk, which a test ends without a word (a crash) or in order, and starts again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { brokerTables, UNLIMITED } from '../../../src/broker/persistence/persistence.js';
import { systemClock } from '../../../src/core/clock.js';
import type { StoreLimits } from '../../../src/core/config.js';
import type { Transform } from '../../../src/core/function.js';
import { silentLog } from '../../../src/core/log.js';
import { type OpenStore, openStore } from '../../../src/store/store.js';
import { Bench } from './harness.js';

export class Plant {
  readonly #t: Test;
  readonly #folder: string;
  #store!: OpenStore;
  bench!: Bench;

  constructor(t: Test) {
    this.#t = t;
    this.#folder = mkdtempSync(join(tmpdir(), 'hpmq-persistence-'));
    t.teardown(async () => {
      await this.#store[Symbol.asyncDispose]();
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  durability: 'strict' | 'relaxed' = 'strict';
  /** Functions in the path; of the next start. */
  transform: Transform | undefined;

  get store(): OpenStore {
    return this.#store;
  }

  async start(
    limits: ConstructorParameters<typeof Bench>[1] = {},
    storeLimits: Partial<StoreLimits> = {},
  ): Promise<Bench> {
    this.#store = await openStore({
      folder: this.#folder,
      durability: this.durability,
      tables: brokerTables,
      log: silentLog,
      clock: systemClock,
    });
    const full = { ...UNLIMITED, ...storeLimits };
    const rest = [undefined, undefined, this.#store, true, full, undefined, this.transform] as const;
    this.bench = new Bench(this.#t, limits, { sysInterval: 0 }, ...rest);
    await this.bench.broker.start(new AbortController().signal);
    return this.bench;
  }

  /** As SIGKILL after the last commit: nothing that the end of the broker does reaches the disk. */
  async crash(limits: ConstructorParameters<typeof Bench>[1] = {}): Promise<Bench> {
    await this.#store.commit();
    await this.#store[Symbol.asyncDispose]();
    return this.start(limits);
  }

  async restart(limits: ConstructorParameters<typeof Bench>[1] = {}): Promise<Bench> {
    await this.bench.broker[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
    return this.start(limits);
  }
}
