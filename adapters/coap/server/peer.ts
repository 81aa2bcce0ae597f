/**
 * One client of the server: its requests, what it observes, its blocks.
 *
 *   request ─▶ options known? ─▶ whole body? ─▶ tree ─▶ answer ─▶ its block ─▶ piggybacked, or separate when it takes long
 *
 * Rules: every answer is made by a tree; nothing a client sends throws; all that is kept for a client has a limit.
 */
import type { Clock } from '../../../src/adapter.js';
import { MessageLayer } from '../exchange/message-layer.js';
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
import { outgoingOf, sliced, Wholes } from './answers.js';
import { Relations } from './relations.js';
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

/** Requests of one client in work. */
const MAX_OPEN = 16;
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

export class ServerPeer {
  readonly #o: PeerOptions;
  readonly #layer: MessageLayer;
  readonly #uploads: Uploads;
  readonly #wholes: Wholes;
  readonly #relations: Relations;
  #open = 0;

  constructor(options: PeerOptions) {
    this.#o = options;
    this.#uploads = new Uploads(options.clock, options.maxBytes);
    this.#wholes = new Wholes(options.clock);
    this.#layer = new MessageLayer({
      wire: options.wire,
      clock: options.clock,
      transmission: { ...DEFAULT_TRANSMISSION, ...options.transmission },
      onRequest: (message) => this.#take(message),
    });
    this.#relations = new Relations(options.clock, this.#layer, this.#wholes);
  }

  close(): void {
    this.#relations.close();
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
    const relation = this.#relations.of(message);
    if (observe !== undefined && relation !== undefined) this.#relations.end(relation);
    if (block2 !== undefined && block2.number > 0) {
      const rest = this.#wholes.rest(key, { ...block2, szx });
      if (rest !== undefined) return rest;
    }
    const request = this.#request(message, segments.slice(depth), payload, observe === 0);
    const watched = observe === 0 ? this.#relations.register(message, key, request, tree, szx) : undefined;
    const answer = await tree.handle(request);
    const whole = this.#wholes.keep(key, answer, szx);
    if (watched !== undefined && classOf(answer.code) !== 2) this.#relations.end(watched);
    const isCurrent = watched !== undefined && this.#relations.isCurrent(watched);
    const options = isCurrent ? [uintOption(OptionNumber.OBSERVE, this.#relations.next())] : [];
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
