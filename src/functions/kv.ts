/**
 * What functions remember: values by key, in memory and in the store.
 *
 * A value belongs to the name of its function: it survives restarts and versions, until the gateway starts with a configuration
 * that has no function of this name. It goes to disk with the next commit, which
 * is the commit of the messages that come of the same call, or a later one: with strict durability a publisher whose message
 * was kept is acknowledged after what the function noted of it. Where nothing waits for the disk, a cut may lose the last
 * tenth of a second.
 */
import type { Store, StoredTable } from '../core/store.js';
import { KV_TABLE } from './tables.js';

/** Longest key, bytes. */
const MAX_KEY_BYTES = 1_024;
/** What an entry costs beside its key and value, in memory and on disk, bytes. */
export const ENTRY_BYTES = 256;

export class KvTables {
  readonly #table: StoredTable | undefined;
  readonly #found = new Map<string, Map<string, Buffer>>();

  /** @param store - undefined: nothing is kept on disk */
  constructor(store: Store | undefined) {
    this.#table = store?.table(KV_TABLE);
    for (const [id, value] of this.#table?.entries() ?? []) {
      const at = id.indexOf('/');
      const name = id.slice(0, at);
      const values = this.#found.get(name) ?? new Map<string, Buffer>();
      this.#found.set(name, values);
      values.set(id.slice(at + 1), value);
    }
  }

  /** Forgets what functions of other names remembered. @returns their names */
  keepOnly(configured: ReadonlySet<string>): readonly string[] {
    const gone = [...this.#found.keys()].filter((name) => !configured.has(name));
    for (const name of gone) {
      for (const key of this.#found.get(name)!.keys()) this.#table?.delete(`${name}/${key}`);
      this.#found.delete(name);
    }
    return gone;
  }

  /** @param quota - bytes of keys and values, and {@link ENTRY_BYTES} for each key */
  open(name: string, quota: number): Kv {
    const values = this.#found.get(name) ?? new Map<string, Buffer>();
    this.#found.set(name, values);
    return new Kv(name, quota, values, this.#table);
  }
}

export class Kv {
  readonly quota: number;
  readonly #prefix: string;
  readonly #values: Map<string, Buffer>;
  readonly #table: StoredTable | undefined;
  #bytes = 0;

  constructor(name: string, quota: number, values: Map<string, Buffer>, table: StoredTable | undefined) {
    this.quota = quota;
    this.#prefix = `${name}/`;
    this.#values = values;
    this.#table = table;
    for (const [key, value] of values) this.#bytes += sizeOf(key, value);
  }

  get keys(): number {
    return this.#values.size;
  }

  /** As the quota counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** As it is now, in memory alone. */
  copy(): Kv {
    return new Kv(this.#prefix.slice(0, -1), this.quota, new Map(this.#values), undefined);
  }

  get(key: string): Buffer | undefined {
    return this.#values.get(key);
  }

  /** @returns false: over the quota, or the key is too long; nothing has changed */
  set(key: string, value: Buffer): boolean {
    if (Buffer.byteLength(key) > MAX_KEY_BYTES) return false;
    const old = this.#values.get(key);
    const bytes = this.#bytes + sizeOf(key, value) - (old === undefined ? 0 : sizeOf(key, old));
    // What was kept under a larger quota may shrink.
    if (bytes > this.quota && (old === undefined || bytes > this.#bytes)) return false;
    if (old?.equals(value)) return true;
    // The module's memory is not ours to keep.
    const own = Buffer.from(value);
    this.#bytes = bytes;
    this.#values.set(key, own);
    this.#table?.set(this.#prefix + key, own, false);
    return true;
  }

  delete(key: string): void {
    const old = this.#values.get(key);
    if (old === undefined) return;
    this.#bytes -= sizeOf(key, old);
    this.#values.delete(key);
    this.#table?.delete(this.#prefix + key);
  }
}

function sizeOf(key: string, value: Buffer): number {
  return ENTRY_BYTES + Buffer.byteLength(key) + value.length;
}
