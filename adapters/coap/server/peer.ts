/**
 * One client of the server: its requests, what it observes, its blocks.
 *
 *   request ─▶ options known? ─▶ whole body? ─▶ tree ─▶ answer ─▶ its block ─▶ piggybacked, or separate when it takes long
 *   change  ─▶ relation is dirty ─▶ one notification at a time, when its blocks were fetched the next, of the latest state
 *
 * Rules: every answer is made by a tree; nothing a client sends throws; all that is kept for a client has a limit.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/adapter.js';
import { type Attempts, MessageLayer, type Outgoing } from '../exchange/message-layer.js';
import { DEFAULT_TRANSMISSION, type TransmissionParameters } from '../exchange/transmission.js';
import { Code, classOf, code, type Message, type Option } from '../message/message.js';
import {
  type Block,
  blockBytes,
  blockOf,
  blockOption,
  isCritical,
  OptionNumber,
  optionOf,
  pathOf,
  textsOf,
  uintOf,
  uintOption,
} from '../message/options.js';
import { type Answer, refusal, type ServedTree, type ServerRequest } from './resource.js';
import { Uploads } from './uploads.js';

type Wire = ConstructorParameters<typeof MessageLayer>[0]['wire'];

export interface PeerOptions {
  readonly wire: Wire;
  readonly clock: Clock;
  /** In place of the defaults. */
  readonly transmission?: Partial<TransmissionParameters>;
  readonly szx: number;
  readonly maxBytes: number;
  /** The tree under the first segment of a path, and how many segments that is. */
  readonly tree: (path: readonly string[]) => { readonly tree: ServedTree; readonly depth: number } | undefined;
  readonly onAnswer: (answerCode: number) => void;
  readonly signal: AbortSignal;
}

/** Observations of one client. */
const MAX_RELATIONS = 64;
/** Requests of one client in work. */
const MAX_OPEN = 16;
/** Large answers whose other blocks may be asked for. */
const MAX_SNAPSHOTS = 8;
/** An answer that takes longer is acknowledged first, ms: well within ACK_TIMEOUT. */
const PATIENCE_MS = 500;

const KNOWN: readonly number[] = [
  OptionNumber.IF_MATCH,
  OptionNumber.URI_HOST,
  OptionNumber.IF_NONE_MATCH,
  OptionNumber.URI_PORT,
  OptionNumber.URI_PATH,
  OptionNumber.URI_QUERY,
  OptionNumber.ACCEPT,
  OptionNumber.BLOCK1,
  OptionNumber.BLOCK2,
];
const PROXYING_NOT_SUPPORTED = code(5, 5);

/** Blocks that a client is fetching are given this time from one to the next before the state moves on, ms. */
const HOLD_MS = 10_000;

interface Whole {
  readonly answer: Answer;
  readonly payload: Buffer;
  readonly etag: Buffer | undefined;
  /** Monotonic ms: when a block of it was asked for last. */
  touchedAt: number;
  /** A block behind the first was asked for. */
  readonly asked: PromiseWithResolvers<void>;
  isAsked: boolean;
  /** Resolves with its last block. */
  readonly fetched: PromiseWithResolvers<void>;
  isFetched: boolean;
}

interface Relation {
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

export class ServerPeer {
  readonly #o: PeerOptions;
  readonly #layer: MessageLayer;
  readonly #uploads: Uploads;
  readonly #relations = new Map<string, Relation>();
  readonly #snapshots = new Map<string, Whole>();
  #open = 0;
  /** Of Observe (RFC 7641 §4.4): one for all relations, so that it goes up when one is made anew. */
  #sequence = 1;

  constructor(options: PeerOptions) {
    this.#o = options;
    this.#uploads = new Uploads(options.clock, options.maxBytes);
    this.#layer = new MessageLayer({
      wire: options.wire,
      clock: options.clock,
      transmission: { ...DEFAULT_TRANSMISSION, ...options.transmission },
      onRequest: (message) => this.#take(message),
    });
  }

  close(): void {
    for (const relation of [...this.#relations.values()]) this.#end(relation);
    this.#layer.close();
  }

  #take(message: Message): void {
    const early = this.#early(message);
    if (early === 'ignore') return;
    if (early !== undefined) this.#respond(message, early, false);
    else void this.#work(message);
  }

  /** What needs no resource to be answered. */
  #early(message: Message): Answer | 'ignore' | undefined {
    if (
      optionOf(message, OptionNumber.PROXY_URI) !== undefined ||
      optionOf(message, OptionNumber.PROXY_SCHEME) !== undefined
    ) {
      return refusal(PROXYING_NOT_SUPPORTED);
    }
    const unknown = message.options.find(({ number }) => isCritical(number) && !KNOWN.includes(number));
    // RFC 7252 §5.4.1
    if (unknown !== undefined) {
      return message.type === 'CON' ? refusal(Code.BAD_OPTION, `option ${unknown.number} is not known`) : 'ignore';
    }
    const blocks = [blockOf(message, OptionNumber.BLOCK1), blockOf(message, OptionNumber.BLOCK2)];
    if (blocks.includes('bad')) return refusal(Code.BAD_OPTION, 'a bad block');
    if (this.#open >= MAX_OPEN) return { code: Code.SERVICE_UNAVAILABLE, maxAge: 5 };
    return undefined;
  }

  async #work(message: Message): Promise<void> {
    let isAcknowledged = false;
    const timer =
      message.type === 'CON'
        ? this.#o.clock.after(PATIENCE_MS, () => {
            isAcknowledged = true;
            this.#layer.acknowledge(message);
          })
        : undefined;
    this.#open++;
    let answer: Answer | undefined;
    try {
      answer = await this.#answer(message);
    } catch {
      answer = refusal(Code.INTERNAL_SERVER_ERROR);
    } finally {
      this.#open--;
      timer?.cancel();
    }
    this.#respond(message, answer, isAcknowledged);
  }

  async #answer(message: Message): Promise<Answer> {
    const key = keyOf(message);
    const block1 = blockOf(message, OptionNumber.BLOCK1) as Block | undefined;
    let { payload } = message;
    let echo: Option[] = [];
    if (block1 !== undefined) {
      const { szx: ours, maxBytes } = this.#o;
      echo = [blockOption(OptionNumber.BLOCK1, { ...block1, szx: Math.min(block1.szx, ours) })];
      const whole = this.#uploads.take(key, block1, payload);
      if (whole === 'continue') return { code: Code.CONTINUE, options: echo };
      if (whole === 'incomplete') return { ...refusal(Code.REQUEST_ENTITY_INCOMPLETE), options: echo };
      if (whole === 'too large') {
        return { code: Code.REQUEST_ENTITY_TOO_LARGE, options: [...echo, uintOption(OptionNumber.SIZE1, maxBytes)] };
      }
      payload = whole;
    }
    const answer = await this.#whole(message, key, payload);
    return { ...answer, options: [...(answer.options ?? []), ...echo] };
  }

  async #whole(message: Message, key: string, payload: Buffer): Promise<Answer> {
    const { szx: ours } = this.#o;
    const block2 = blockOf(message, OptionNumber.BLOCK2) as Block | undefined;
    const szx = Math.min(block2?.szx ?? ours, ours);
    const segments = textsOf(message, OptionNumber.URI_PATH);
    const found = this.#o.tree(segments);
    if (found === undefined) return refusal(Code.NOT_FOUND);
    const { tree, depth } = found;
    const isGet = message.code === Code.GET || message.code === Code.FETCH;
    const observe = isGet ? uintOf(message, OptionNumber.OBSERVE) : undefined;
    const relation = this.#relations.get(message.token.toString('hex'));
    if (observe !== undefined && relation !== undefined) this.#end(relation);
    if (block2 !== undefined && block2.number > 0) {
      // The rest of what was begun: the same state of it, however it has changed since.
      const known = this.#snapshots.get(key);
      if (known !== undefined) {
        known.touchedAt = this.#o.clock.monotonic();
        const part = sliced(known, { ...block2, szx });
        known.isAsked = true;
        known.asked.resolve();
        known.isFetched ||= (block2.number + 1) * blockBytes(szx) >= known.payload.length;
        if (known.isFetched) known.fetched.resolve();
        return part;
      }
    }
    const request = this.#request(message, segments.slice(depth), payload, observe === 0);
    const watched = observe === 0 ? this.#register(message, key, request, tree, szx) : undefined;
    const answer = await tree.handle(request);
    const whole = this.#keep(key, answer, szx);
    if (watched !== undefined && classOf(answer.code) !== 2) this.#end(watched);
    const isCurrent = watched !== undefined && this.#relations.get(watched.token.toString('hex')) === watched;
    const options = isCurrent ? [uintOption(OptionNumber.OBSERVE, this.#next())] : [];
    if (isCurrent && whole.payload.length > blockBytes(szx)) watched.current = whole;
    const known = message.options.some(
      ({ number, value }) => number === OptionNumber.ETAG && whole.etag !== undefined && value.equals(whole.etag),
    );
    if (isGet && known && answer.code === Code.CONTENT) {
      const { maxAge } = answer;
      const age = maxAge === undefined ? {} : { maxAge };
      return { code: Code.VALID, etag: whole.etag!, options, ...age };
    }
    const part = sliced(whole, { number: block2?.number ?? 0, more: false, szx });
    return { ...part, options: [...options, ...(part.options ?? [])] };
  }

  #request(message: Message, path: readonly string[], payload: Buffer, isObserving: boolean): ServerRequest {
    return {
      code: message.code,
      path,
      query: textsOf(message, OptionNumber.URI_QUERY),
      contentFormat: uintOf(message, OptionNumber.CONTENT_FORMAT),
      accept: uintOf(message, OptionNumber.ACCEPT),
      maxAge: uintOf(message, OptionNumber.MAX_AGE),
      ifMatch: message.options.filter(({ number }) => number === OptionNumber.IF_MATCH).map(({ value }) => value),
      payload,
      isObserving,
      signal: this.#o.signal,
    };
  }

  #keep(key: string, answer: Answer, szx: number): Whole {
    const payload = Buffer.from(answer.payload ?? '');
    const isContent = answer.code === Code.CONTENT && payload.length > 0;
    const etag = answer.etag ?? (isContent ? createHash('sha256').update(payload).digest().subarray(0, 4) : undefined);
    const touchedAt = this.#o.clock.monotonic();
    const [asked, fetched] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const whole: Whole = { answer, payload, etag, touchedAt, asked, isAsked: false, fetched, isFetched: false };
    this.#snapshots.delete(key);
    if (payload.length > blockBytes(szx)) {
      const [oldest] = this.#snapshots.keys();
      if (this.#snapshots.size >= MAX_SNAPSHOTS && oldest !== undefined) this.#snapshots.delete(oldest);
      this.#snapshots.set(key, whole);
    }
    return whole;
  }

  /** RFC 7641 §4.1: where it is not granted, the answer is one without Observe. */
  #register(
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

  #end(relation: Relation): void {
    relation.watch[Symbol.dispose]();
    relation.current?.fetched.resolve();
    const key = relation.token.toString('hex');
    if (this.#relations.get(key) === relation) this.#relations.delete(key);
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
      while (relation.isDirty && this.#relations.get(relation.token.toString('hex')) === relation) {
        await this.#fetched(relation);
        relation.isDirty = false;
        const answer = await relation.tree.handle(relation.request);
        const before = this.#snapshots.get(relation.key);
        const whole = this.#keep(relation.key, answer, relation.szx);
        const part = sliced(whole, { number: 0, more: false, szx: relation.szx });
        const isError = classOf(answer.code) !== 2;
        const observe = isError ? [] : [uintOption(OptionNumber.OBSERVE, this.#next())];
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
        if (isError || !(hasArrived || after !== undefined)) this.#end(relation);
      }
    } catch {
      this.#end(relation);
    } finally {
      relation.isSending = false;
    }
  }

  /** A state that is replaced while its blocks are fetched would make a slow client begin again and again. */
  async #fetched(relation: Relation): Promise<void> {
    const { clock } = this.#o;
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

  #next(): number {
    this.#sequence = (this.#sequence + 1) & 0xff_ffff;
    return this.#sequence;
  }

  #respond(request: Message, answer: Answer, isAcknowledged: boolean): void {
    this.#o.onAnswer(answer.code);
    const outgoing = outgoingOf(request.token, answer);
    if (request.type === 'NON') this.#layer.sendOnce(outgoing);
    else if (isAcknowledged) void this.#layer.transmit('CON', outgoing).ended;
    else this.#layer.piggyback(request, outgoing);
  }
}

/** Requests with the same key are about the same representation. */
function keyOf(message: Message): string {
  const query = textsOf(message, OptionNumber.URI_QUERY).join('&');
  const accept = uintOf(message, OptionNumber.ACCEPT) ?? '';
  const tag = optionOf(message, OptionNumber.REQUEST_TAG)?.toString('hex') ?? '';
  return `${message.code} ${pathOf(message)}?${query} ${accept} ${tag}`;
}

function sliced({ answer, payload, etag }: Whole, block: Block): Answer {
  const tagged = etag === undefined ? answer : { ...answer, etag };
  const from = block.number * blockBytes(block.szx);
  if (from === 0 && payload.length <= blockBytes(block.szx)) return { ...tagged, payload };
  if (from >= payload.length) return refusal(Code.BAD_OPTION, 'there is no such block');
  const part = payload.subarray(from, from + blockBytes(block.szx));
  const more = from + part.length < payload.length;
  const size = block.number === 0 ? [uintOption(OptionNumber.SIZE2, payload.length)] : [];
  return {
    ...tagged,
    payload: part,
    options: [...(answer.options ?? []), blockOption(OptionNumber.BLOCK2, { ...block, more }), ...size],
  };
}

function outgoingOf(
  token: Buffer,
  { code: answerCode, payload, contentFormat, maxAge, etag, options = [] }: Answer,
): Outgoing {
  const all: Option[] = [...options];
  if (etag !== undefined) all.push({ number: OptionNumber.ETAG, value: etag });
  if (contentFormat !== undefined) all.push(uintOption(OptionNumber.CONTENT_FORMAT, contentFormat));
  if (maxAge !== undefined) all.push(uintOption(OptionNumber.MAX_AGE, maxAge));
  return { code: answerCode, token, options: all, payload: Buffer.from(payload ?? '') };
}
