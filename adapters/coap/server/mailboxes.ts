/**
 * `/mailbox/<name>`: messages for devices that sleep. They wait in memory until the device comes and asks.
 *
 *   topic ─▶ box ─▶ GET: the oldest, with an ETag ─▶ DELETE with If-Match: it is done
 *
 * Rules: a message is taken out only by DELETE, so that one whose answer was lost is seen again.
 */
import { createHash } from 'node:crypto';
import type { Clock, ServedMessage, ServedTopics } from '../../../src/adapter.js';
import { ContentFormat } from '../formats/content.js';
import { Code } from '../message/message.js';
import { type Answer, notAllowed, notFound, refusal, type ServedTree, type ServerRequest } from './resource.js';
import type { RoleOptions } from './role-schema.js';

interface Waiting {
  readonly payload: Buffer;
  readonly etag: Buffer;
  /** Unix ms */
  readonly until: number;
}

/** One for all clients of a server: what waits must be there for whoever comes. */
export class Mailboxes implements ServedTree, Disposable {
  readonly #boxes = new Map<string, { readonly waiting: Waiting[]; readonly listeners: Set<() => void> }>();
  readonly #watches: Disposable[] = [];
  readonly #clock: Clock;
  #count = 0;

  constructor(role: RoleOptions, topics: ServedTopics, clock: Clock) {
    this.#clock = clock;
    for (const [name, { topic, keep, expiry }] of Object.entries(role.mailboxes)) {
      const box = { waiting: [] as Waiting[], listeners: new Set<() => void>() };
      this.#boxes.set(name, box);
      const put = ({ payload, expiresAt }: ServedMessage) => {
        if (box.waiting.length >= keep) box.waiting.shift();
        const etag = createHash('sha256')
          .update(`${name} ${this.#count++} ${clock.now()}`)
          .digest()
          .subarray(0, 8);
        box.waiting.push({ payload, etag, until: Math.min(expiresAt, clock.now() + expiry) });
        for (const listener of [...box.listeners]) listener();
      };
      const watch = topics.watch(topic, put);
      if (watch !== undefined) this.#watches.push(watch);
      const last = topics.last(topic);
      if (typeof last === 'object') put(last);
    }
  }

  handle({ path: [name = '', ...rest], code, ifMatch }: ServerRequest): Answer {
    const box = this.#boxes.get(name);
    if (box === undefined || rest.length > 0) return notFound;
    const now = this.#clock.now();
    while (box.waiting[0] !== undefined && box.waiting[0].until <= now) box.waiting.shift();
    const [first] = box.waiting;
    if (code === Code.GET) {
      if (first === undefined) return { code: Code.CONTENT, maxAge: 1 };
      const { payload, etag } = first;
      return { code: Code.CONTENT, payload, etag, contentFormat: ContentFormat.octets, maxAge: 1 };
    }
    if (code !== Code.DELETE) return notAllowed;
    // Which one is meant must be said, or a repeated DELETE would take the next one, too.
    if (ifMatch.length === 0) return refusal(Code.BAD_REQUEST, 'say which message by If-Match');
    if (first === undefined || !ifMatch.some((etag) => etag.equals(first.etag)))
      return { code: Code.PRECONDITION_FAILED };
    box.waiting.shift();
    for (const listener of [...box.listeners]) listener();
    return { code: Code.DELETED };
  }

  observe({ path: [name = ''] }: ServerRequest, onChange: () => void): Disposable | undefined {
    const listeners = this.#boxes.get(name)?.listeners;
    if (listeners === undefined) return undefined;
    listeners.add(onChange);
    return { [Symbol.dispose]: () => void listeners.delete(onChange) };
  }

  names(): Iterable<string> {
    return this.#boxes.keys();
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches) watch[Symbol.dispose]();
  }
}
