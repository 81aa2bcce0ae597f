/** The users in force, their hashes parsed. A change makes new ones. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { UserConfig } from '../../core/config.js';
import { decoyOf, type PasswordHash, parsePasswordHash } from '../../core/password.js';
import { parseScramCredentials, type ScramCredentials } from '../../core/scram.js';

export interface Account {
  readonly config: UserConfig;
  /** undefined: no password opens. */
  readonly hash: PasswordHash | undefined;
  readonly scram: ScramCredentials | undefined;
}

export class Accounts {
  readonly #accounts = new Map<string, Account>();
  readonly #hashes: readonly PasswordHash[];
  readonly #secret = randomBytes(32);
  readonly #scrams: readonly ScramCredentials[];
  readonly hasPasswords: boolean;
  readonly hasScram: boolean;

  constructor(users: readonly UserConfig[]) {
    for (const config of users) {
      const hash = config.password === undefined ? undefined : parsePasswordHash(config.password);
      const scram = config.scram === undefined ? undefined : parseScramCredentials(config.scram);
      this.#accounts.set(config.name, { config, hash, scram });
    }
    this.#hashes = Array.from(this.#accounts.values(), ({ hash }) => hash).filter((hash) => hash !== undefined);
    this.hasPasswords = this.#hashes.length > 0;
    this.#scrams = Array.from(this.#accounts.values(), ({ scram }) => scram).filter((scram) => scram !== undefined);
    this.hasScram = this.#scrams.length > 0;
  }

  get(user: string): Account | undefined {
    return this.#accounts.get(user);
  }

  /** What the password of somebody who has none is compared with: always of the same cost for the same name. */
  decoy(user: string): PasswordHash {
    const index = createHmac('sha256', this.#secret).update(user).digest().readUInt32BE() % (this.#hashes.length || 1);
    return decoyOf(this.#hashes[index]);
  }

  /**
   * The credentials of somebody who has none, which no proof fits. The salt and the number of rounds are told to whoever
   * asks: the same at each try, after a restart, too, and like those of others.
   */
  scramDecoy(user: string): ScramCredentials {
    const like = this.#scrams[createHash('sha256').update(user).digest().readUInt32BE() % this.#scrams.length]!;
    const bytes = (use: string) => createHmac('sha256', this.#scrams[0]!.serverKey).update(`${use} ${user}`).digest();
    const salt = bytes('salt').subarray(0, Math.min(like.salt.length, 32));
    return { iterations: like.iterations, salt, storedKey: bytes('stored'), serverKey: bytes('server') };
  }
}
