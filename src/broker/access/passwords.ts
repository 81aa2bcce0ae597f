/**
 * Is it the user's password? Slow on purpose, therefore in a queue; who was right before is recognised quickly, so that
 * a thousand clients that come back at once do not wait for a hundred seconds.
 *
 * Rules: nobody learns from the time of an answer whether a user exists; no password is kept, only a keyed hash (HMAC
 * with a key of this process) of those that were right.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type PasswordHash, verifyPassword } from '../../core/password.js';
import type { Accounts } from './accounts.js';
import { HashingQueue } from './hashing.js';

const MAX_REMEMBERED = 10_000;

export class Passwords implements Disposable {
  readonly #queue = new HashingQueue();
  readonly #key = randomBytes(32);
  /** By the hash that it was compared with: another one, and it is asked anew. */
  readonly #right = new Map<string, Buffer>();

  /** At once, if the same password was right before. */
  isKnown(accounts: Accounts, user: string, password: Buffer): boolean {
    const expected = accounts.get(user)?.config.password;
    const known = expected === undefined ? undefined : this.#right.get(`${user}\0${expected}`);
    return known !== undefined && timingSafeEqual(known, this.#keyed(password));
  }

  /**
   * @param network - whose turn in the queue it is
   * @param isBlocked - asked when the turn has come
   * @returns undefined: not looked at, the queue is full or ended, or the client blocked by now
   */
  async check(
    accounts: Accounts,
    user: string,
    password: Buffer,
    network: string,
    isBlocked: () => boolean,
  ): Promise<boolean | undefined> {
    const account = accounts.get(user);
    const hash: PasswordHash = account?.hash ?? accounts.decoy(user);
    // The packet's memory is somebody else's by the time it is our turn.
    const own = Buffer.from(password);
    const isRight = await this.#queue.run(network, async () => (isBlocked() ? undefined : verifyPassword(hash, own)));
    if (isRight === true && account?.hash !== undefined) this.#remember(`${user}\0${account.config.password}`, own);
    own.fill(0);
    return isRight === undefined ? undefined : isRight && account?.hash !== undefined;
  }

  [Symbol.dispose](): void {
    this.#queue[Symbol.dispose]();
  }

  #remember(name: string, password: Buffer): void {
    if (this.#right.size >= MAX_REMEMBERED) this.#right.delete(this.#right.keys().next().value!);
    this.#right.set(name, this.#keyed(password));
  }

  #keyed(password: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(password).digest();
  }
}
