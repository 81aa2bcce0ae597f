/** One CoAP server as a device: its resources are read, observed and written. */
import {
  type Clock,
  type Decoded,
  type Device,
  type Ear,
  type FrameFunctions,
  GatewayError,
  type Identity,
  type Point,
  type Reading,
  type Value,
} from '../../src/adapter.js';
import { coapError, responseError } from './errors.js';
import type { Request, Requests } from './exchange/requests.js';
import { type Representation, Resource } from './exchange/resource.js';
import { type TransferLimits, transfer } from './exchange/transfer.js';
import { maxTransmitWait } from './exchange/transmission.js';
import { bodyOf, ContentFormat, type Format, valueIn } from './formats/content.js';
import { parseLinks } from './formats/link-format.js';
import { Code, classOf, type Method, NO_PAYLOAD, type Option } from './message/message.js';
import { OptionNumber, szxOf, textOption, uintOption, uriOptions } from './message/options.js';
import type { Address, DeviceOptions } from './schema.js';

export interface DeviceContext {
  readonly requests: Requests;
  readonly clock: Clock;
  /** Functions that know its payloads. */
  readonly functions?: FrameFunctions | undefined;
}

interface Known {
  readonly resource: Resource;
  /** The points in it, as they were last asked for. */
  readonly points: Map<string, Point<Address>>;
}

export class CoapDevice implements Device<Address> {
  readonly #config: DeviceOptions;
  readonly #c: DeviceContext;
  readonly #limits: TransferLimits;
  readonly #resources = new Map<string, Known>();
  /** Payloads that a function still has; what comes meanwhile is told after them. */
  #telling: Promise<void> = Promise.resolve();
  #ear: Ear | undefined;

  constructor(config: DeviceOptions, context: DeviceContext) {
    this.#config = config;
    this.#c = context;
    this.#limits = { szx: szxOf(config.blockSize), maxBytes: config.maxBytes };
  }

  readyAt(): number {
    return this.#c.requests.readyAt;
  }

  listen(_points: readonly Point<Address>[], ear: Ear): Disposable {
    this.#ear = ear;
    return {
      [Symbol.dispose]: () => {
        if (this.#ear === ear) this.#ear = undefined;
      },
    };
  }

  async read(points: readonly Point<Address>[], signal: AbortSignal): Promise<readonly Reading[]> {
    const readings: Reading[] = [];
    // The planner gives points of one resource; who asks for others gets them, one after the other.
    for (const [key, members] of Map.groupBy(points, ({ address }) => resourceKey(address))) {
      const known = this.#known(key, members[0]!.address);
      for (const point of members) known.points.set(point.id, point);
      readings.push(...(await this.#readingsOf(members, await known.resource.read(signal))));
    }
    return readings;
  }

  async write({ id, address }: Point<Address>, value: Value, signal: AbortSignal): Promise<void> {
    if (!address.encoded) return this.#write(address, value, signal);
    const frames = await this.#c.functions?.encode?.(id, value);
    if (frames instanceof GatewayError) throw frames;
    if (frames === undefined) throw coapError('COAP_VALUE', `no function encodes for the device of ${id}`);
    if (frames.length === 0) throw coapError('COAP_VALUE', `the function makes nothing of this value of ${id}`);
    for (const frame of frames) await this.#write(address, frame, signal);
  }

  async #write(address: Address, value: Value, signal: AbortSignal): Promise<void> {
    const { writeMethod, writePath = address.path, pointer, record, writeBody: template } = address;
    const isPatch = writeMethod === 'PATCH' || writeMethod === 'iPATCH';
    const unsaid = address.encoded ? 'octets' : isPatch || template !== undefined ? 'json' : 'text';
    const format: Format = address.writeFormat ?? address.format ?? unsaid;
    const { payload, contentFormat } =
      address.encoded && Buffer.isBuffer(value)
        ? { payload: value, contentFormat: ContentFormat[format] }
        : bodyOf(value, { format, pointer, record, template, isPatch });
    const options = [uintOption(OptionNumber.CONTENT_FORMAT, contentFormat)];
    const request = this.#request(writeMethod, writePath, options, payload);
    for (const [key, { resource }] of this.#resources) if (isOf(key, [writePath, address.path])) resource.invalidate();
    const response = await transfer(this.#c.requests, request, this.#limits, signal);
    for (const [key, { resource }] of this.#resources) if (isOf(key, [writePath, address.path])) resource.invalidate();
    if (classOf(response.code) !== 2) throw responseError(request.name, response.code);
  }

  /** RFC 6690 §4: what there is on the device. */
  async identify(signal: AbortSignal): Promise<Identity> {
    const options = [uintOption(OptionNumber.ACCEPT, ContentFormat.linkFormat)];
    const request = this.#request('GET', '/.well-known/core', options, NO_PAYLOAD);
    const response = await transfer(this.#c.requests, request, this.#limits, signal);
    if (classOf(response.code) !== 2) throw responseError(request.name, response.code);
    const fields = parseLinks(response.payload.toString('utf8')).map(({ target, attributes }) => {
      const pairs = Object.entries(attributes).map(([name, value]) => (value === '' ? name : `${name}=${value}`));
      return [target, pairs.join('; ')] as const;
    });
    return { source: '/.well-known/core', fields: Object.fromEntries(fields) };
  }

  close(): void {
    for (const { resource } of this.#resources.values()) resource.close();
    this.#resources.clear();
  }

  #known(key: string, address: Address): Known {
    const before = this.#resources.get(key);
    if (before !== undefined) return before;
    const { requests, clock } = this.#c;
    const { recheck, ...transmission } = this.#config;
    const resource = new Resource({
      requests,
      request: this.#readRequest(address),
      observe: address.observe,
      limits: this.#limits,
      clock,
      recheckMs: recheck,
      patienceMs: maxTransmitWait(transmission),
      onChange: (representation) => {
        const points = [...known.points.values()];
        if (this.#c.functions?.decode === undefined) this.#ear?.report(readingsOf(points, representation));
        else this.#tell(points, representation);
      },
    });
    const known: Known = { resource, points: new Map() };
    this.#resources.set(key, known);
    return known;
  }

  #tell(points: readonly Point<Address>[], representation: Representation): void {
    const readings = this.#readingsOf(points, representation);
    this.#telling = Promise.all([readings, this.#telling]).then(([told]) => this.#ear?.report(told));
  }

  /** By a function, where one knows the payloads of the device. */
  #readingsOf(
    points: readonly Point<Address>[],
    representation: Representation,
  ): readonly Reading[] | Promise<readonly Reading[]> {
    const decode = this.#c.functions?.decode;
    if (decode === undefined || classOf(representation.code) !== 2) return readingsOf(points, representation);
    const decoded = decode(representation.payload);
    const found = (answer: Decoded) => decodedReadings(points, answer, representation.at);
    return decoded instanceof Promise ? decoded.then(found) : found(decoded);
  }

  #readRequest({ path, method, body, bodyFormat, format }: Address): Request {
    const options: Option[] = [];
    if (format !== undefined) options.push(uintOption(OptionNumber.ACCEPT, ContentFormat[format]));
    if (body !== undefined) options.push(uintOption(OptionNumber.CONTENT_FORMAT, ContentFormat[bodyFormat]));
    return this.#request(method, path, options, body === undefined ? NO_PAYLOAD : Buffer.from(body));
  }

  #request(method: Method, path: string, options: readonly Option[], payload: Buffer): Request {
    const { confirmable: isConfirmable, uriHost } = this.#config;
    const uri = uriOptions(path);
    if (typeof uri === 'string') throw coapError('COAP_VALUE', `${path} is no path: ${uri}`);
    const host = uriHost === undefined ? [] : [textOption(OptionNumber.URI_HOST, uriHost)];
    const name = `${method} ${path}`;
    return { name, code: Code[method], options: [...host, ...uri, ...options], payload, isConfirmable };
  }
}

/** Points with the same key are in the same payload. */
export function resourceKey({ path, method, body, format, observe }: Address): string {
  return [path, method, format ?? '', observe ? 'observe' : '', body ?? ''].join('\n');
}

function isOf(key: string, paths: readonly string[]): boolean {
  const withoutQuery = (path: string) => path.split('?', 1)[0];
  return paths.some((path) => withoutQuery(path) === withoutQuery(key.split('\n', 1)[0]!));
}

function readingsOf(points: readonly Point<Address>[], representation: Representation): readonly Reading[] {
  const { code, at } = representation;
  if (classOf(code) !== 2) {
    const { method, path } = points[0]!.address;
    const error = responseError(`${method} ${path}`, code);
    return points.map(({ id }) => ({ point: id, value: undefined, quality: 'bad', at, error }));
  }
  return points.map(({ id, address }): Reading => {
    try {
      const { format, pointer, record, type } = address;
      const found = valueIn(representation, { format, pointer, record, type });
      return { point: id, value: found.value, quality: 'good', at: found.at };
    } catch (error) {
      return { point: id, value: undefined, quality: 'bad', at, error: error as ReturnType<typeof coapError> };
    }
  });
}

/** Points of a function by their names. */
function decodedReadings(points: readonly Point<Address>[], decoded: Decoded, at: number): readonly Reading[] {
  const bad = (point: string, error: GatewayError): Reading => ({ point, value: undefined, quality: 'bad', at, error });
  if (decoded instanceof GatewayError) return points.map(({ id }) => bad(id, decoded));
  const known = new Map(decoded.map((one) => [one.point, one]));
  return points.map(({ id }) => {
    const one = known.get(id);
    if (one === undefined) return bad(id, coapError('COAP_NO_VALUE', `the function finds no ${id} in the payload`));
    if (one.value !== undefined) return { point: id, value: one.value, quality: 'good', at };
    return bad(
      id,
      coapError('COAP_NO_VALUE', `the function says that there is no value: ${one.why ?? 'without a reason'}`),
    );
  });
}
