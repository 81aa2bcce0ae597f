/**
 * What one client observes (RFC 7641).
 *
 *   change ─▶ relation is dirty ─▶ one notification at a time, when its blocks were fetched the next, of the latest state
 */
import type { Clock } from '../../../src/adapter.js';
import type { Attempts, MessageLayer } from '../exchange/message-layer.js';
import { classOf, type Message } from '../message/message.js';
import { blockBytes, OptionNumber, uintOption } from '../message/options.js';
import { outgoingOf, sliced, type Whole, type Wholes } from './answers.js';
import type { ServedTree, ServerRequest } from './resource.js';

/** Observations of one client. */
const MAX_RELATIONS = 64;
/** Blocks that a client is fetching are given this time from one to the next before the state moves on, ms. */
const HOLD_MS = 10_000;

export interface Relation {
  readonly token: Buffer;
  readonly key: string;
  readonly request: ServerRequest;
  readonly tree: ServedTree;
  readonly szx: number;
  watch: Disposable;
  /** In blocks that are still being fetched. */
  current: Whole | undefined;
  isSending: boolean;
  isDirty: boolean;
}

export class Relations {
  readonly #clock: Clock;
  readonly #layer: MessageLayer;
  readonly #wholes: Wholes;
  readonly #relations = new Map<string, Relation>();
  #sequence = 1;

  constructor(clock: Clock, layer: MessageLayer, wholes: Wholes) {
    this.#clock = clock;
    this.#layer = layer;
    this.#wholes = wholes;
  }

  close(): void {
    for (const relation of [...this.#relations.values()]) this.end(relation);
  }

  of({ token }: Message): Relation | undefined {
    return this.#relations.get(token.toString('hex'));
  }

  /** Neither ended nor replaced. */
  isCurrent(relation: Relation): boolean {
    return this.#relations.get(relation.token.toString('hex')) === relation;
  }

  /** RFC 7641 §4.1: where it is not granted, the answer is one without Observe. */
  register(
    { token }: Message,
    key: string,
    request: ServerRequest,
    tree: ServedTree,
    szx: number,
  ): Relation | undefined {
    if (this.#relations.size >= MAX_RELATIONS) return undefined;
    const watch = tree.observe?.(request, () => {
      relation.isDirty = true;
      void this.#notify(relation);
    });
    if (watch === undefined) return undefined;
    const relation: Relation = {
      token,
      key,
      request,
      tree,
      szx,
      watch,
      current: undefined,
      isSending: false,
      isDirty: false,
    };
    this.#relations.set(token.toString('hex'), relation);
    return relation;
  }

  end(relation: Relation): void {
    relation.watch[Symbol.dispose]();
    relation.current?.fetched.resolve();
    if (this.isCurrent(relation)) this.#relations.delete(relation.token.toString('hex'));
  }

  /**
   * RFC 7641 §4.5.2: while one is on its way, changes gather; when an attempt has timed out, the state as it is then is sent
   * in place of the old one.
   */
  async #notify(relation: Relation): Promise<void> {
    if (relation.isSending) return;
    relation.isSending = true;
    let after: Attempts | undefined;
    try {
      while (relation.isDirty && this.isCurrent(relation)) {
        await this.#fetched(relation);
        relation.isDirty = false;
        const answer = await relation.tree.handle(relation.request);
        const before = this.#wholes.get(relation.key);
        const whole = this.#wholes.keep(relation.key, answer, relation.szx);
        const part = sliced(whole, { number: 0, more: false, szx: relation.szx });
        const isError = classOf(answer.code) !== 2;
        const observe = isError ? [] : [uintOption(OptionNumber.OBSERVE, this.next())];
        const outgoing = outgoingOf(relation.token, { ...part, options: [...observe, ...(part.options ?? [])] });
        const isOld = () => relation.isDirty;
        const transmission = this.#layer.transmit('CON', outgoing, { after, isOld });
        if (whole.payload.length > blockBytes(relation.szx)) {
          relation.current = whole;
          // RFC 7252 §4.2: who asks for more of it has got it, also when the acknowledgement is lost.
          if (before === undefined || before.isFetched) void whole.asked.promise.then(() => transmission.stop());
        }
        const ending = await transmission.ended;
        after = ending.result === 'superseded' ? ending.attempts : undefined;
        // What did not arrive, nobody is fetching.
        if (after !== undefined && !whole.isAsked) relation.current = undefined;
        const hasArrived = ending.result === 'acknowledged' || (ending.result === 'stopped' && whole.isAsked);
        // RFC 7641 §3.6, §4.5: rejected, or never acknowledged: nobody is interested any more.
        if (isError || !(hasArrived || after !== undefined)) this.end(relation);
      }
    } catch {
      this.end(relation);
    } finally {
      relation.isSending = false;
    }
  }

  /** A state that is replaced while its blocks are fetched would make a slow client begin again and again. */
  async #fetched(relation: Relation): Promise<void> {
    const clock = this.#clock;
    const { current } = relation;
    if (current === undefined) return;
    for (let isWaiting = true; isWaiting; ) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const left = current.touchedAt + HOLD_MS - clock.monotonic();
      const timer = clock.after(left, () => resolve(clock.monotonic() < current.touchedAt + HOLD_MS));
      void current.fetched.promise.then(() => resolve(false));
      isWaiting = await promise;
      timer.cancel();
    }
    relation.current = undefined;
  }

  /** Of Observe (RFC 7641 §4.4): one for all relations, so that it goes up when one is made anew. */
  next(): number {
    this.#sequence = (this.#sequence + 1) & 0xff_ffff;
    return this.#sequence;
  }
}
