/** What one client may do with topics, remembered: the hot path asks per message, Permissions may match many rules. */
import { type Identity, type Permissions, unrestricted } from './access.js';

/** Verdicts kept of each kind for one client: two generations of so many topics. */
const GENERATION = 64;
/** Longer topics are decided each time, UTF-16 units: what is kept for one client stays below some 150 KB. */
const MAX_REMEMBERED = 256;

export class Verdicts {
  #permissions: Permissions = unrestricted;
  #revision = 0;
  #identity = 0;
  #publish: Remembered | undefined;
  #receive: Remembered | undefined;

  /** Another number once another identity was adopted. */
  get identity(): number {
    return this.#identity;
  }

  /** {@link Permissions.revision} */
  get revision(): number {
    return this.#permissions.revision;
  }

  /** From now on those of this identity. */
  adopt({ permissions }: Identity): void {
    this.#identity++;
    this.#permissions = permissions;
    this.#forget();
  }

  mayPublish(topic: string): boolean {
    if (this.#permissions.isFree || topic.length > MAX_REMEMBERED) return this.#permissions.mayPublish(topic);
    this.#refresh();
    this.#publish ??= new Remembered();
    return this.#publish.get(topic) ?? this.#publish.set(topic, this.#permissions.mayPublish(topic));
  }

  mayReceive(topic: string): boolean {
    if (this.#permissions.isFree || topic.length > MAX_REMEMBERED) return this.#permissions.mayReceive(topic);
    this.#refresh();
    this.#receive ??= new Remembered();
    return this.#receive.get(topic) ?? this.#receive.set(topic, this.#permissions.mayReceive(topic));
  }

  /** Not remembered: a SUBSCRIBE is rare. */
  maySubscribe(filter: string): boolean {
    return this.#permissions.maySubscribe(filter);
  }

  #refresh(): void {
    if (this.#permissions.revision !== this.#revision) this.#forget();
  }

  #forget(): void {
    this.#revision = this.#permissions.revision;
    this.#publish = undefined;
    this.#receive = undefined;
  }
}

/** The topics asked last: when the young generation is full it becomes the old one, and the old one is forgotten. */
class Remembered {
  #young: Map<string, boolean> | undefined;
  #old: Map<string, boolean> | undefined;

  get(topic: string): boolean | undefined {
    const verdict = this.#young?.get(topic);
    if (verdict !== undefined) return verdict;
    const older = this.#old?.get(topic);
    return older === undefined ? undefined : this.set(topic, older);
  }

  set(topic: string, verdict: boolean): boolean {
    if (this.#young === undefined || this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(topic, verdict);
    return verdict;
  }
}
