/**
 * A candidate beside the version that runs: it is asked what that one is asked, later, and changes nothing.
 *
 *   Slot ─ call, effects, answer ─▶ queue ─▶ candidate ─▶ Tally        the path of messages does not wait for it
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock, Timer } from '../core/clock.js';
import type { Hook } from '../core/function.js';
import type { ShadowOptions, ShadowView } from '../core/shadow-views.js';
import type { Answer } from './answers.js';
import type { Effects } from './effects.js';
import type { Rehearsed } from './rehearsed.js';
import { Tally } from './tally.js';

/** What waits for the candidate. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 16 * 1_048_576;
/** In one turn of the event loop, ms. */
const TURN_TIME = 2;

/** Told of all calls of a function. */
export interface Witness {
  /** @param frame - owned */
  called(hook: Hook, frame: Buffer, effects: Effects, answer: Answer): void;
  /** Another version runs. */
  swapped(): void;
}

interface Call {
  readonly hook: Hook;
  readonly frame: Buffer;
  readonly effects: Effects;
  readonly answer: Answer;
}

export interface ShadowParts extends ShadowOptions {
  readonly name: string;
  readonly current: { readonly digest: string; readonly source: string };
  readonly candidate: { readonly digest: string; readonly source: string };
  readonly rehearsed: Rehearsed;
  readonly clock: Clock;
  /** ms; undefined: until it is ended. */
  readonly live: number | undefined;
  /** It hears no more calls. */
  onOver(): void;
  /** The candidate takes the place of the version that runs; undefined: it does not. */
  readonly promote: (() => Promise<unknown>) | undefined;
}

export class Shadow implements Witness {
  readonly #o: ShadowParts;
  readonly #tally: Tally;
  readonly #startedAt: number;
  readonly #timer: Timer | undefined;
  #waiting: Call[] = [];
  #waitingBytes = 0;
  #skipped = 0;
  #isListening = true;
  #isOver = false;
  #refusal: string | undefined;
  #promoted = false;
  #working: Promise<void> | undefined;
  #ended: Promise<void> | undefined;

  constructor(parts: ShadowParts) {
    this.#o = parts;
    this.#tally = new Tally(parts, parts.current, parts.candidate);
    this.#startedAt = parts.clock.now();
    if (parts.live !== undefined) this.#timer = parts.clock.after(parts.live, () => void this.end());
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  called(hook: Hook, frame: Buffer, effects: Effects, answer: Answer): void {
    if (!this.#isListening) return;
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + frame.length > MAX_WAITING_BYTES) {
      this.#skipped++;
      return;
    }
    this.#waiting.push({ hook, frame, effects, answer });
    this.#waitingBytes += frame.length;
    this.#working ??= this.#work();
  }

  swapped(): void {
    if (!this.#isListening) return;
    this.#refusal = 'another version was deployed while it ran';
    void this.end();
  }

  /** It is not to be promoted any more. */
  abandon(): void {
    if (!this.#isOver) this.#refusal ??= 'the gateway is stopping';
  }

  /** Compares what waits, and promotes the candidate where that was asked for. Never rejects. */
  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  view(): ShadowView {
    const { name, live } = this.#o;
    const found = this.#tally.found(this.#skipped);
    return {
      function: name,
      state: this.#isOver ? 'over' : 'running',
      startedAt: this.#startedAt,
      endsAt: live === undefined ? null : this.#startedAt + live,
      ...found,
      skipped: this.#skipped,
      refusal: this.#refusal ?? found.refusal,
      promoted: this.#promoted,
    };
  }

  async #end(): Promise<void> {
    this.#timer?.cancel();
    this.#isListening = false;
    this.#o.onOver();
    await this.#working;
    this.#o.rehearsed[Symbol.dispose]();
    const { promote } = this.#o;
    if (promote !== undefined && this.view().refusal === null) {
      try {
        await promote();
        this.#promoted = true;
      } catch (error) {
        this.#refusal = `it could not be deployed: ${(error as Error).message}`;
      }
    }
    this.#isOver = true;
  }

  async #work(): Promise<void> {
    await turn();
    const { clock, rehearsed } = this.#o;
    while (this.#waiting.length > 0) {
      const calls = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      let until = clock.monotonic() + TURN_TIME;
      for (const { hook, frame, effects, answer } of calls) {
        const made = rehearsed.call(hook, frame, effects);
        this.#tally.add(hook, frame, answer, made instanceof Promise ? await made : made);
        if (clock.monotonic() <= until) continue;
        await turn();
        until = clock.monotonic() + TURN_TIME;
      }
    }
    this.#working = undefined;
  }
}
