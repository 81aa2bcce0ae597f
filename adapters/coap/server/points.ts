/** `/points/<device>/<point>`: last readings, and commands with all their checks. */
import type { ServedDevice, ServedPoint, ServedTopics, ServerContext } from '../../../src/adapter.js';
import { encodeCbor } from '../formats/cbor.js';
import { ContentFormat, type Payload, valueIn } from '../formats/content.js';
import { formatLinks, type Link, matchesQuery } from '../formats/link-format.js';
import { senmlJson, senmlMap } from '../formats/senml.js';
import { Code, code } from '../message/message.js';
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

const BAD_GATEWAY = code(5, 2);
const GATEWAY_TIMEOUT = code(5, 4);
const FORMATS: readonly number[] = [
  ContentFormat.text,
  ContentFormat.json,
  ContentFormat['senml-json'],
  ContentFormat['senml-cbor'],
];

interface Found {
  readonly device: ServedDevice;
  readonly point: ServedPoint;
  readonly topic: string;
}

export class PointTree implements ServedTree {
  readonly #role: RoleOptions;
  readonly #context: ServerContext;
  readonly #topics: ServedTopics;
  readonly #who: string;

  constructor(role: RoleOptions, context: ServerContext, topics: ServedTopics, who: string) {
    this.#role = role;
    this.#context = context;
    this.#topics = topics;
    this.#who = who;
  }

  handle(request: ServerRequest): Answer | Promise<Answer> {
    const [name, id] = request.path;
    if (id === undefined || request.path.length > 2) {
      if (request.path.length > 2) return notFound;
      return request.code === Code.GET ? this.#list(request, name) : notAllowed;
    }
    const found = this.#find(request);
    if (found === undefined) return notFound;
    if (request.code === Code.GET) return this.#read(found, request);
    return request.code === Code.PUT || request.code === Code.POST ? this.#write(found, request) : notAllowed;
  }

  observe(request: ServerRequest, onChange: () => void): Disposable | undefined {
    const found = this.#find(request);
    return found === undefined ? undefined : this.#topics.watch(found.topic, onChange);
  }

  /** Those that may be received. @param device - only its points */
  *links(device?: string): Iterable<Link> {
    for (const name of this.#context.devices()) {
      if (device !== undefined && name !== device) continue;
      for (const point of this.#context.device(name)?.points ?? []) {
        if (!this.#isServed(name, point.id) || !this.#topics.mayReceive(this.#topicOf(name, point.id))) continue;
        yield {
          target: `/points/${name}/${point.id}`,
          attributes: { rt: 'hpmq.point', obs: '', ct: FORMATS.join(' ') },
        };
      }
    }
  }

  #list(request: ServerRequest, device: string | undefined): Answer {
    const links = [...this.links(device)].filter((link) => request.query.every((query) => matchesQuery(link, query)));
    if (device !== undefined && links.length === 0) return notFound;
    return { code: Code.CONTENT, payload: formatLinks(links), contentFormat: ContentFormat.linkFormat };
  }

  #find({ path: [name = '', id = ''] }: ServerRequest): Found | undefined {
    const device = this.#isServed(name, id) ? this.#context.device(name) : undefined;
    const point = device?.points.find((one) => one.id === id);
    return device === undefined || point === undefined ? undefined : { device, point, topic: this.#topicOf(name, id) };
  }

  #topicOf(device: string, point: string): string {
    return `hpmq/${this.#context.gatewayId}/${device}/${point}`;
  }

  #isServed(device: string, point: string): boolean {
    const { points } = this.#role;
    if (typeof points === 'string') return points === 'all';
    return points.some((one) => one.device === device && one.point === point);
  }

  #read({ point, topic, device }: Found, { accept = ContentFormat.text }: ServerRequest): Answer {
    if (!this.#topics.mayReceive(topic)) return forbidden;
    const sample = point.sample();
    if (!FORMATS.includes(accept)) return refusal(Code.NOT_ACCEPTABLE);
    const { maxAge: maxAgeMs } = this.#role;
    const maxAge = Math.ceil(maxAgeMs / 1_000);
    const value = sample?.value;
    if (accept === ContentFormat.json) {
      const [v, e] = [value === undefined ? 'null' : jsonText(value), sample?.error?.code];
      const payload = `{"v":${v},"q":"${sample?.quality ?? 'bad'}"${e === undefined ? '' : `,"e":${JSON.stringify(e)}`}}`;
      return { code: Code.CONTENT, payload, contentFormat: accept, maxAge };
    }
    if (value === undefined || sample?.quality === 'bad') {
      const text =
        sample?.error === undefined ? 'there is no value yet' : `${sample.error.code}: ${sample.error.message}`;
      return { code: Code.SERVICE_UNAVAILABLE, payload: text, maxAge: 1 };
    }
    const name = `${device.name}/${point.id}`;
    if (accept === ContentFormat['senml-json']) {
      return { code: Code.CONTENT, payload: senmlJson(name, value), contentFormat: accept, maxAge };
    }
    if (accept === ContentFormat['senml-cbor']) {
      return { code: Code.CONTENT, payload: encodeCbor(senmlMap(name, value)), contentFormat: accept, maxAge };
    }
    return { code: Code.CONTENT, payload: String(value), contentFormat: ContentFormat.text, maxAge };
  }

  async #write({ point, topic }: Found, request: ServerRequest): Promise<Answer> {
    if (!this.#role.write) return refusal(Code.METHOD_NOT_ALLOWED, 'this server is read-only');
    if (!this.#topics.mayPublish(`${topic}/set`)) return forbidden;
    const value = writtenValue(request);
    if (value === undefined) return refusal(Code.BAD_REQUEST, 'the payload is no value');
    const { status, error } = await point.write(value, this.#who, request.signal);
    const text = error === undefined ? '' : `${error.code}: ${error.message}`;
    switch (status) {
      case 'written':
      case 'verified':
        return { code: Code.CHANGED };
      case 'refused':
        return refusal(
          error?.fault === 'device' || error?.fault === 'peer' ? Code.SERVICE_UNAVAILABLE : Code.CONFLICT,
          text,
        );
      case 'failed':
        return refusal(BAD_GATEWAY, text);
      case 'unknown':
        return refusal(GATEWAY_TIMEOUT, text);
    }
  }
}

function jsonText(value: number | bigint | boolean | string): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** The value in a body; undefined when there is none. JSON may be the bare value, or `{"v":…}`. */
function writtenValue({ contentFormat, payload }: ServerRequest): number | bigint | boolean | string | undefined {
  const body: Payload = { contentFormat, payload, at: 0 };
  const hasMember = contentFormat === ContentFormat.json && payload.includes('"v"');
  try {
    const pointer = hasMember ? '/v' : undefined;
    const { value } = valueIn(body, { format: undefined, pointer, record: undefined, type: 'auto' });
    return Buffer.isBuffer(value) ? value.toString('hex') : value;
  } catch {
    return undefined;
  }
}
