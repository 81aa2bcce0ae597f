/**
 * `/ps/<topic>`: the topics of the gateway, in the way of draft-ietf-core-coap-pubsub: a topic is a resource, to publish is to
 * write it, to subscribe is to observe it. PUT keeps what is published (retained), POST passes it on only.
 */
import type { ServedMessage, ServedTopics } from '../../../src/adapter.js';
import { ContentFormat } from '../formats/content.js';
import { formatLinks, type Link, matchesQuery } from '../formats/link-format.js';
import { Code } from '../message/message.js';
import {
  type Answer,
  forbidden,
  notAllowed,
  notFound,
  refusal,
  type ServedTree,
  type ServerRequest,
} from './resource.js';
import type { RoleOptions } from './role-schema.js';

/** Retained topics that are listed. */
const MAX_LISTED = 1_000;

/** Content-Format and MQTT Content Type. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [ContentFormat.text, 'text/plain'],
  [ContentFormat.octets, 'application/octet-stream'],
  [ContentFormat.json, 'application/json'],
  [ContentFormat.cbor, 'application/cbor'],
  [ContentFormat['senml-json'], 'application/senml+json'],
  [ContentFormat['senml-cbor'], 'application/senml+cbor'],
]);

function formatOf(contentType: string | undefined): number | undefined {
  return [...TYPES].find(([, type]) => type === contentType)?.[0];
}

export class TopicTree implements ServedTree {
  readonly #role: RoleOptions;
  readonly #topics: ServedTopics;
  readonly #now: () => number;

  /** @param now - Unix ms */
  constructor(role: RoleOptions, topics: ServedTopics, now: () => number) {
    this.#role = role;
    this.#topics = topics;
    this.#now = now;
  }

  handle(request: ServerRequest): Answer | Promise<Answer> {
    const topic = request.path.join('/');
    if (topic === '') return request.code === Code.GET ? this.#list(request) : notAllowed;
    switch (request.code) {
      case Code.GET:
        return this.#read(topic, request);
      case Code.PUT:
        return this.#publish(topic, request, true);
      case Code.POST:
        return this.#publish(topic, request, false);
      case Code.DELETE:
        return this.#clear(topic);
      default:
        return notAllowed;
    }
  }

  observe(request: ServerRequest, onChange: () => void): Disposable | undefined {
    const topic = request.path.join('/');
    const watch = this.#topics.watch(topic, (message) => {
      this.#passing.set(topic, message);
      onChange();
    });
    if (watch === undefined) return undefined;
    return {
      [Symbol.dispose]: () => {
        this.#passing.delete(topic);
        watch[Symbol.dispose]();
      },
    };
  }

  /** The last messages of observed topics: those that are not retained are nowhere else. */
  readonly #passing = new Map<string, ServedMessage>();

  *links(): Iterable<Link> {
    let count = 0;
    for (const { topic, contentType } of this.#topics.retained('#')) {
      if (count++ === MAX_LISTED) return;
      const target = `/ps/${topic.split('/').map(encodeURIComponent).join('/')}`;
      const ct = formatOf(contentType);
      yield { target, attributes: { rt: 'core.ps.data', obs: '', ...(ct === undefined ? {} : { ct: String(ct) }) } };
    }
  }

  #list({ query }: ServerRequest): Answer {
    const links = [...this.links()].filter((link) => query.every((one) => matchesQuery(link, one)));
    return { code: Code.CONTENT, payload: formatLinks(links), contentFormat: ContentFormat.linkFormat };
  }

  #read(topic: string, { accept, isObserving }: ServerRequest): Answer {
    const last = this.#topics.last(topic);
    if (last === 'forbidden') return forbidden;
    const message = last ?? (isObserving ? this.#passing.get(topic) : undefined);
    // A topic that nobody has written yet can be waited for.
    if (message === undefined) return isObserving ? { code: Code.CONTENT, maxAge: this.#maxAge() } : notFound;
    const contentFormat = formatOf(message.contentType);
    if (accept !== undefined && contentFormat !== undefined && accept !== contentFormat) {
      return refusal(Code.NOT_ACCEPTABLE);
    }
    const remaining = Math.floor((message.expiresAt - this.#now()) / 1_000);
    const maxAge = Math.max(0, Math.min(this.#maxAge(), remaining));
    const answer = { code: Code.CONTENT, payload: message.payload, maxAge };
    return contentFormat === undefined ? answer : { ...answer, contentFormat };
  }

  async #publish(topic: string, request: ServerRequest, retain: boolean): Promise<Answer> {
    const { payload, contentFormat, maxAge } = request;
    const contentType = contentFormat === undefined ? undefined : TYPES.get(contentFormat);
    // An empty retained message would clear the topic, which is what DELETE is for.
    if (retain && payload.length === 0) return refusal(Code.BAD_REQUEST, 'there is no payload; DELETE clears a topic');
    const expiresAfter = maxAge === undefined ? undefined : maxAge * 1_000;
    return this.#send(topic, payload, { retain, contentType, expiresAfter }, Code.CHANGED);
  }

  #clear(topic: string): Promise<Answer> {
    return this.#send(topic, Buffer.alloc(0), { retain: true }, Code.DELETED);
  }

  async #send(
    topic: string,
    payload: Buffer,
    options: { retain: boolean; contentType?: string | undefined; expiresAfter?: number | undefined },
    success: number,
  ): Promise<Answer> {
    switch (await this.#topics.publish(topic, payload, { qos: this.#role.qos as 0 | 1 | 2, ...options })) {
      case 'published':
        return { code: success };
      case 'forbidden':
        return forbidden;
      case 'invalid':
        return refusal(Code.BAD_REQUEST, 'this is no topic');
      case 'failed':
        return { code: Code.SERVICE_UNAVAILABLE, maxAge: 5 };
    }
  }

  #maxAge(): number {
    return Math.ceil(this.#role.maxAge / 1_000);
  }
}
