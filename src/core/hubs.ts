/**
 * Brokers of others that several gateways of a mesh are connected to.
 *
 *   @name  first hop of what others published there: its gateways have it from there, and the first of them tells the mesh
 *   >name  of what entered at one of its gateways: that one passes it there, whatever the lists of the others say
 *
 * All else is passed there by the first gateway of the list, which therefore must be the same everywhere.
 */
import type { HubConfig } from './config.js';
import type { Message, Origin, Stamp } from './message.js';
import { PASSES } from './stamp.js';
import type { StoredTable } from './store.js';

/** In the keys of the table, before a hub and its origin: this gateway hears what is published there. */
const HEARD = 'heard ';
const YES = Buffer.from([1]);

export class Hubs {
  readonly #gatewayId: string;
  readonly #table: StoredTable | undefined;
  /** By the origin of what comes from them. */
  readonly #hubs = new Map<Origin, HubConfig>();
  /** Those that have a subscription of ours. */
  readonly #heard: Set<string>;

  /** @param keys - what was in the table at start, of others too */
  constructor(gatewayId: string, table: StoredTable | undefined, keys: readonly string[]) {
    this.#gatewayId = gatewayId;
    this.#table = table;
    this.#heard = new Set(keys.filter((key) => key.startsWith(HEARD)));
  }

  get size(): number {
    return this.#hubs.size;
  }

  /** Messages of this origin come from there. */
  add(origin: Origin, hub: HubConfig): void {
    this.#hubs.set(origin, hub);
  }

  /** Its link is no more, unless there is another under its name already. */
  remove(origin: Origin, hub: HubConfig): void {
    if (this.#hubs.get(origin) === hub) this.#hubs.delete(origin);
  }

  /** All are added: what was heard of others is past. */
  forgetOthers(): void {
    const known = new Set([...this.#hubs].map(([origin, hub]) => heardOf(origin, hub)));
    for (const key of this.#heard) {
      if (known.has(key)) continue;
      this.#heard.delete(key);
      this.#table?.delete(key);
    }
  }

  /** It has our subscription, and keeps it: what is published there need not come by others any more. */
  hears(origin: Origin): void {
    const hub = this.#hubs.get(origin);
    if (hub === undefined) return;
    const key = heardOf(origin, hub);
    if (this.#heard.has(key)) return;
    this.#heard.add(key);
    this.#table?.set(key, YES, false);
  }

  /** It has none of ours, or not all that we asked for: what is published there is news when others bring it. */
  hearsNot(origin: Origin): void {
    const hub = this.#hubs.get(origin);
    if (hub !== undefined && this.#heard.delete(heardOf(origin, hub))) this.#table?.delete(heardOf(origin, hub));
  }

  /** It came without a stamp from a hub, and it is not for this gateway to tell the mesh. */
  keeps({ stamp, origin }: Message): boolean {
    if (stamp !== undefined) return false;
    const hub = this.#hubs.get(origin);
    return hub !== undefined && hub.gateways[0] !== this.#gatewayId;
  }

  /** First hops of a message that enters here. */
  hopsOf(origin: Origin | undefined): string[] {
    const from = origin === undefined ? undefined : this.#hubs.get(origin);
    const hops = from === undefined ? [] : [hopOf(from)];
    for (const { name } of this.#hubs.values()) if (name !== from?.name) hops.push(PASSES + name);
    return hops;
  }

  /** Whether this gateway is the one that passes it there. */
  passes({ gateway, hops }: Stamp, hub: HubConfig): boolean {
    if (hops.includes(hopOf(hub))) return false;
    return (hops.includes(PASSES + hub.name) ? gateway : hub.gateways[0]) === this.#gatewayId;
  }

  /** What a peer sends comes from a hub by itself. */
  bring({ hops }: Stamp): boolean {
    for (const [origin, hub] of this.#hubs) {
      if (hops.includes(hopOf(hub)) && this.#heard.has(heardOf(origin, hub))) return true;
    }
    return false;
  }
}

/** A broker among the gateways passed. */
function hopOf({ name }: HubConfig): string {
  return `@${name}`;
}

function heardOf(origin: Origin, { name }: HubConfig): string {
  return `${HEARD}${name} ${origin}`;
}
