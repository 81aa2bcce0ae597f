/**
 * One resource of a device: asked for, or observed (RFC 7641).
 *
 *   read ─▶ observed and fresh? ─▶ what the device said last
 *        └▶ GET with Observe and ETag ─▶ 2.05, 2.03 ─▶ representation     (a device without Observe is polled thereby)
 *   notification ─▶ newer? ─▶ its other blocks ─▶ representation ─▶ onChange
 *
 * Rules: what was received last wins, however long its blocks take; a notification whose blocks cannot be had makes
 * what is known old, so that the next read asks the device.
 */
import type { Clock } from '../../../src/adapter.js';
import { Code, classOf, type Message, newToken, type Option } from '../message/message.js';
import { DEFAULT_MAX_AGE_S, OptionNumber, optionOf, uintOf, uintOption } from '../message/options.js';
import type { Request, Requests } from './requests.js';
import { fetchRest, type TransferLimits, transfer } from './transfer.js';

export interface Representation {
  /** 2.05, or of class 4 or 5. */
  readonly code: number;
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
  readonly etag: Buffer | undefined;
  /** Unix ms: when it was received, or confirmed. */
  readonly at: number;
  /** Monotonic ms. */
  readonly freshUntil: number;
}

export interface ResourceOptions {
  readonly requests: Requests;
  readonly request: Request;
  readonly observe: boolean;
  readonly limits: TransferLimits;
  readonly clock: Clock;
  /** What is observed is asked for again after this time, whatever Max-Age says, ms. */
  readonly recheckMs: number;
  /** The blocks of a notification must be there within this time, ms. */
  readonly patienceMs: number;
  readonly onChange: (representation: Representation) => void;
}

/** RFC 7641 §3.4: after this time any sequence number is newer, ms. */
const SEQUENCE_LIFETIME_MS = 128_000;
const REGISTER = 0;
const DEREGISTER = 1;

export class Resource {
  readonly #o: ResourceOptions;
  readonly #token = newToken();
  #representation: Representation | undefined;
  #isObserved = false;
  #sequence: { readonly value: number; readonly at: number } | undefined;
  /** Counts what was received: blocks that arrive late belong to an earlier one. */
  #generation = 0;
  #fetching: AbortController | undefined;
  #isClosed = false;

  constructor(options: ResourceOptions) {
    this.#o = options;
    if (options.observe) options.requests.observe(this.#token, (message) => this.#onNotification(message));
  }

  /** The device tells by itself when it changes. */
  get isObserved(): boolean {
    return this.#isObserved;
  }

  /** @throws as {@link transfer} */
  async read(signal: AbortSignal): Promise<Representation> {
    if (this.#isObserved && this.#isFresh()) return this.#representation!;
    if (!this.#o.observe) return this.#poll(signal);
    const { requests } = this.#o;
    const response = await requests.exchange({ ...this.#request(REGISTER), token: this.#token }, signal);
    const representation = await this.#accept(response, response.type === 'ACK', signal);
    if (representation !== undefined) return representation;
    return this.#isObserved && this.#isFresh() ? this.#representation! : this.#poll(signal);
  }

  /** It was changed by us: what is known is old. */
  invalidate(): void {
    if (this.#representation !== undefined) this.#representation = { ...this.#representation, freshUntil: 0 };
  }

  /** §3.6: the device need not tell us any more; nobody waits for its answer. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#fetching?.abort();
    const { requests } = this.#o;
    if (this.#isObserved) {
      const { code, options, payload } = this.#request(DEREGISTER);
      requests.layer.sendOnce({ code, options, payload, token: this.#token });
    }
    requests.forget(this.#token);
  }

  #isFresh(): boolean {
    return this.#representation !== undefined && this.#representation.freshUntil > this.#o.clock.monotonic();
  }

  /** @param observe - undefined: without that option */
  #request(observe?: number, etag = this.#representation?.etag): Request {
    const options: Option[] = [...this.#o.request.options];
    if (observe !== undefined) options.push(uintOption(OptionNumber.OBSERVE, observe));
    if (etag !== undefined && observe !== DEREGISTER) options.push({ number: OptionNumber.ETAG, value: etag });
    return { ...this.#o.request, options };
  }

  async #poll(signal: AbortSignal): Promise<Representation> {
    const { requests, limits } = this.#o;
    const generation = ++this.#generation;
    const whole = await transfer(requests, this.#request(), limits, signal);
    const kept = this.#keep(whole, generation);
    if (kept !== undefined) return kept;
    // 2.03 for a representation that we do not have (any more).
    return this.#keep(await transfer(requests, this.#o.request, limits, signal), generation) ?? this.#made(whole);
  }

  #onNotification(message: Message): void {
    if (this.#isClosed) return;
    this.#fetching?.abort();
    const controller = new AbortController();
    this.#fetching = controller;
    const timer = this.#o.clock.after(this.#o.patienceMs, () => controller.abort());
    const done = (representation: Representation | undefined) => {
      timer.cancel();
      if (representation !== undefined && !this.#isClosed) this.#o.onChange(representation);
    };
    const generation = this.#generation;
    this.#accept(message, false, controller.signal).then(done, () => {
      timer.cancel();
      // Nothing newer came meanwhile: what is known is not what the device has.
      if (this.#generation === generation + 1) this.invalidate();
    });
  }

  /**
   * @param isAnswer - it is certain that this is no notification from before
   * @returns undefined when there is something newer
   */
  async #accept(message: Message, isAnswer: boolean, signal: AbortSignal): Promise<Representation | undefined> {
    const { requests, request, limits, clock } = this.#o;
    const observe = uintOf(message, OptionNumber.OBSERVE);
    if (observe === undefined || classOf(message.code) !== 2) {
      this.#isObserved = false;
      this.#sequence = undefined;
    } else {
      if (!isAnswer && !this.#isNewer(observe)) return undefined;
      this.#isObserved = true;
      this.#sequence = { value: observe, at: clock.monotonic() };
    }
    const generation = ++this.#generation;
    const whole =
      (await fetchRest(requests, request, message, limits, signal)) ??
      (await transfer(requests, request, limits, signal));
    if (generation !== this.#generation) return undefined;
    return this.#keep(whole, generation) ?? this.#keep(await transfer(requests, request, limits, signal), generation);
  }

  /** §3.4 */
  #isNewer(value: number): boolean {
    const last = this.#sequence;
    if (last === undefined) return true;
    if (this.#o.clock.monotonic() > last.at + SEQUENCE_LIFETIME_MS) return true;
    return last.value < value ? value - last.value < 2 ** 23 : last.value - value > 2 ** 23;
  }

  /** @returns undefined for 2.03 without the representation that it means */
  #keep(whole: Message, generation: number): Representation | undefined {
    const known = this.#representation;
    let made = this.#made(whole);
    if (whole.code === Code.VALID) {
      const isKnown = known?.etag !== undefined && (made.etag === undefined || made.etag.equals(known.etag));
      if (!isKnown) return undefined;
      made = { ...known, at: made.at, freshUntil: made.freshUntil };
    }
    if (generation === this.#generation) this.#representation = made;
    return made;
  }

  #made(message: Message): Representation {
    const { clock, recheckMs } = this.#o;
    const maxAge = uintOf(message, OptionNumber.MAX_AGE) ?? DEFAULT_MAX_AGE_S;
    return {
      code: message.code,
      contentFormat: uintOf(message, OptionNumber.CONTENT_FORMAT),
      payload: message.payload,
      etag: optionOf(message, OptionNumber.ETAG),
      at: clock.now(),
      freshUntil: clock.monotonic() + Math.min(maxAge * 1_000, recheckMs),
    };
  }
}
