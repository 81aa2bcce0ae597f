/** Keeps what was learned of devices: one record each, for as long as its configuration stays the same. */
import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import type { DeviceConfig, PortConfig } from '../core/config.js';
import type { Store } from '../core/store.js';
import { type Absence, type Barrier, Learned, type LearnedRecord } from './learned.js';

/** The store is opened with this table. */
export const LEARNED_TABLE = 'learned';

interface StoredRecord extends LearnedRecord {
  readonly fingerprint: string;
}

export class LearnedStore {
  readonly #store: Store | undefined;
  readonly #clock: Clock;
  readonly #found = new Map<string, StoredRecord>();

  /** @param store - undefined: nothing is kept */
  constructor(store: Store | undefined, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    for (const [device, value] of store?.table(LEARNED_TABLE).entries() ?? []) {
      const record = parse(value);
      if (record === undefined) store?.table(LEARNED_TABLE).delete(device);
      else this.#found.set(device, record);
    }
  }

  /** What is known of a device; nothing, when it is configured otherwise than when it was learned. */
  open(device: DeviceConfig, port: PortConfig): Learned {
    const fingerprint = fingerprintOf(device, port);
    const found = this.#found.get(device.name);
    this.#found.delete(device.name);
    const isSame = found?.fingerprint === fingerprint;
    if (found !== undefined && !isSame) this.#store?.table(LEARNED_TABLE).delete(device.name);
    let isDue = false;
    const learned = new Learned(
      this.#clock,
      () => {
        if (isDue || this.#store === undefined) return;
        isDue = true;
        // One refused read teaches several things at once.
        queueMicrotask(() => {
          isDue = false;
          this.#keep(device.name, { fingerprint, ...learned.record() });
        });
      },
      isSame ? found : undefined,
    );
    return learned;
  }

  /** Forgets devices that are not configured any more. To be called when all are open. */
  forgetOthers(): void {
    for (const device of this.#found.keys()) this.#store?.table(LEARNED_TABLE).delete(device);
    this.#found.clear();
  }

  #keep(device: string, record: StoredRecord): void {
    const table = this.#store?.table(LEARNED_TABLE);
    if (record.absences.length + record.barriers.length === 0) table?.delete(device);
    else table?.set(device, Buffer.from(JSON.stringify(record)), false);
    // Whether it could be kept does not matter to anybody: it is learned again.
    this.#store?.commit()?.catch(() => {});
  }
}

/** Of everything that decides which addresses are read where. */
export function fingerprintOf(device: DeviceConfig, port: PortConfig): string {
  const points = Object.values(device.points).map(({ id, address, every }) => [id, address, every]);
  const facts = [device.adapter, device.options, port.endpoint, port.options, points];
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url');
}

function parse(value: Buffer): StoredRecord | undefined {
  try {
    const { fingerprint, absences, barriers } = JSON.parse(value.toString('utf8')) as StoredRecord;
    const isWhole = typeof fingerprint === 'string' && absences.every(isAbsence) && barriers.every(isBarrier);
    return isWhole ? { fingerprint, absences, barriers } : undefined;
  } catch {
    return undefined;
  }
}

function isAbsence({ space, start, end, at, refusals }: Absence): boolean {
  return typeof space === 'string' && [start, end, at, refusals].every(Number.isFinite);
}

function isBarrier({ space, before, after, at }: Barrier): boolean {
  return typeof space === 'string' && [before, after, at].every(Number.isFinite);
}
