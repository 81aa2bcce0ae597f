/**
 * What happens between accept and MQTT (PROXY header, TLS, WebSocket) costs time and memory before anybody is known:
 * so many at a time, the others wait in line unread, and all of it has one deadline.
 */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../core/clock.js';
import type { HandshakeLimits } from '../../core/config.js';

/** So many times `atOnce` may wait in line. */
const LINE_FACTOR = 8;
/** A handshake that takes longer, ms, gives its place to the next in line: silent connections cannot keep all others out. */
const SLOW = 3_000;

export interface Handshake {
  readonly isOver: boolean;
  /** The client may speak MQTT now. @returns false when the deadline was first */
  done(): boolean;
  /** Ends the connection. */
  fail(reason: string): void;
  /** It was refused in the words of its protocol and will close; the deadline holds on. */
  refuse(reason: string): void;
}

export interface HandshakesOptions {
  readonly limits: HandshakeLimits;
  readonly clock: Clock;
  /** Once for each connection that does not get through. */
  readonly onFailed: (socket: Socket, reason: string) => void;
}

export class Handshakes implements Disposable {
  readonly #options: HandshakesOptions;
  /** Oldest first. */
  readonly #running = new Set<Attempt>();
  readonly #waiting = new Set<Attempt>();

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** @param begin - called when it is its turn */
  enter(socket: Socket, begin: (handshake: Handshake) => void): void {
    const { clock, limits } = this.#options;
    const attempt = new Attempt(socket, begin, clock, limits.timeout, (failure) => this.#over(attempt, failure));
    if (this.#running.size < limits.atOnce) {
      this.#begin(attempt);
      return;
    }
    if (this.#waiting.size >= limits.atOnce * LINE_FACTOR) {
      attempt.fail('too many handshakes at a time');
      return;
    }
    this.#waiting.add(attempt);
    const [oldest] = this.#running;
    if (oldest !== undefined && clock.monotonic() - oldest.begunAt > SLOW) oldest.fail('slow, and others wait');
  }

  [Symbol.dispose](): void {
    for (const attempt of [...this.#waiting, ...this.#running]) attempt.fail('the listener is closed');
  }

  #begin(attempt: Attempt): void {
    this.#running.add(attempt);
    attempt.begin();
  }

  #over(attempt: Attempt, failure: string | undefined): void {
    this.#running.delete(attempt);
    this.#waiting.delete(attempt);
    if (failure !== undefined) this.#options.onFailed(attempt.socket, failure);
    const [next] = this.#waiting;
    if (next === undefined || this.#running.size >= this.#options.limits.atOnce) return;
    this.#waiting.delete(next);
    this.#begin(next);
  }
}

class Attempt implements Handshake {
  readonly socket: Socket;
  begunAt = 0;
  isOver = false;
  readonly #clock: Clock;
  readonly #begin: (handshake: Handshake) => void;
  readonly #timer: Timer;
  readonly #onOver: (failure: string | undefined) => void;
  #reason = 'closed by the client';
  readonly #closed = () => this.fail(this.#reason);

  constructor(
    socket: Socket,
    begin: (handshake: Handshake) => void,
    clock: Clock,
    timeout: number,
    onOver: (failure: string | undefined) => void,
  ) {
    this.socket = socket;
    this.#begin = begin;
    this.#clock = clock;
    this.#onOver = onOver;
    this.#timer = clock.after(timeout, () => this.fail(`not done within ${timeout} ms`));
    socket.once('close', this.#closed);
  }

  begin(): void {
    this.begunAt = this.#clock.monotonic();
    this.#begin(this);
  }

  done(): boolean {
    if (this.isOver) return false;
    this.#end(undefined);
    return true;
  }

  fail(reason: string): void {
    if (this.isOver) return;
    this.#end(reason);
    this.socket.destroy();
  }

  refuse(reason: string): void {
    this.#reason = reason;
  }

  #end(failure: string | undefined): void {
    this.isOver = true;
    this.#timer.cancel();
    this.socket.off('close', this.#closed);
    this.#onOver(failure);
  }
}
