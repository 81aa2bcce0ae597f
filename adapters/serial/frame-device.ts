/** A device that speaks in frames: it is listened to, or asked, or both. */
import {
  type Decoded,
  type Device,
  type Ear,
  type FrameFunctions,
  GatewayError,
  type Log,
  type Point,
  type Reading,
  type Value,
} from '../../src/adapter.js';
import { Checksum } from './checksums/checksum.js';
import { serialError } from './errors.js';
import { ANY_FRAME, Exchanges } from './exchange.js';
import { wrap } from './framing/frame.js';
import type { Discard } from './framing/framer.js';
import type { Line } from './line.js';
import { CONTENT, contentParser, isWrapped } from './options.js';
import { convert, decode, type Field, type Parser } from './parsing/fields.js';
import { createParser } from './parsing/parser.js';
import { decodeRaw, encodeRaw } from './raw.js';
import { Receiver } from './receiver.js';
import type { DeviceOptions, PointAddress } from './schema/schema.js';
import type { Sending } from './schema/send.js';
import { render } from './template.js';

/** An error: why the frame has no such value. */
type Fields = ReadonlyMap<string, Field | GatewayError>;
/** undefined: the frame is none that is known; an error: nobody can say. */
type Parsed = Fields | GatewayError | undefined;

/** Somebody who waits for the next frame with one of these points. */
interface Reader {
  readonly points: readonly Point<PointAddress>[];
  readonly settle: (fields: Fields | GatewayError) => void;
}

export class FrameDevice implements Device<PointAddress>, Disposable {
  readonly #line: Line;
  readonly #options: DeviceOptions;
  readonly #log: Log;
  readonly #checksum: Checksum | undefined;
  readonly #parser: Parser;
  readonly #receiver: Receiver;
  readonly #exchanges: Exchanges;
  readonly #readers = new Set<Reader>();
  readonly #functions: FrameFunctions | undefined;
  /** Frames that a function still has; what comes meanwhile is heard after them. */
  #decoding: Promise<void> | undefined;
  #ear: Ear | undefined;
  #listened: readonly Point<PointAddress>[] = [];

  /** @throws SERIAL_CONFIG */
  constructor(line: Line, options: DeviceOptions, log: Log, functions?: FrameFunctions) {
    const { frame, checksum, parse, charset } = options;
    if (frame === undefined) throw serialError('SERIAL_CONFIG', 'the device has no `frame`');
    this.#line = line;
    this.#options = options;
    this.#log = log;
    this.#functions = functions;
    this.#checksum = checksum === undefined ? undefined : new Checksum(checksum);
    this.#parser = parse === undefined ? contentParser(charset) : createParser(parse, charset);
    this.#exchanges = new Exchanges(line, options.address);
    this.#receiver = new Receiver({
      ...frame,
      checksum: this.#checksum,
      clock: line.clock,
      onFrame: (content, whole) => this.#onFrame(content, whole),
      onDiscard: (reason) => this.#onDiscard(reason),
    });
    line.hear((chunk) => this.#receiver.push(chunk));
  }

  readyAt(): number {
    return this.#exchanges.readyAt;
  }

  listen(points: readonly Point<PointAddress>[], ear: Ear): Disposable {
    this.#ear = ear;
    this.#listened = points.filter(({ address }) => !address.command && address.poll === undefined);
    return {
      [Symbol.dispose]: () => {
        if (this.#ear !== ear) return;
        this.#ear = undefined;
        this.#listened = [];
      },
    };
  }

  async read(points: readonly Point<PointAddress>[], signal: AbortSignal): Promise<readonly Reading[]> {
    const first = points[0];
    if (first === undefined) return [];
    const at = () => this.#line.clock.now();
    if (points.some(({ address }) => address.command)) {
      const error = serialError('SERIAL_WRITE_ONLY', `${first.id} is a command, it has no value`);
      return points.map(({ id }) => ({ point: id, value: undefined, quality: 'bad', at: at(), error }));
    }
    const { poll } = first.address;
    if (poll === undefined) {
      return this.#readings(points, await this.#next(points, signal), at());
    }
    const answer = await this.#ask(poll, undefined, signal);
    const fields = answer === undefined ? undefined : await this.#fieldsOf(answer);
    if (fields !== undefined) return this.#readings(points, fields, at());
    const message = `the answer is none that ${this.#describer} describes`;
    const error = serialError('SERIAL_NO_MATCH', message, { details: { busy: true, bytes: answer?.length ?? 0 } });
    return this.#readings(points, error, at());
  }

  async write({ id, address }: Point<PointAddress>, value: Value, signal: AbortSignal): Promise<void> {
    const { encoded, send } = address;
    if (encoded) return this.#writeEncoded(id, value, send, signal);
    if (send === undefined) throw serialError('SERIAL_READ_ONLY', `${id} has no \`send\``);
    await this.#ask(send, value, signal);
  }

  /** @param send - how each frame is answered; undefined: not at all */
  async #writeEncoded(id: string, value: Value, send: Sending | undefined, signal: AbortSignal): Promise<void> {
    const frames = await this.#functions?.encode?.(id, value);
    if (frames === undefined) throw serialError('SERIAL_READ_ONLY', `no function encodes for the device of ${id}`);
    if (frames instanceof GatewayError) throw frames;
    if (frames.length === 0) throw serialError('SERIAL_VALUE', `the function makes no frame of this value of ${id}`);
    for (const frame of frames) {
      const bytes = (send?.wrap ?? isWrapped(this.#options)) ? this.#wrap(frame) : frame;
      if (send === undefined) await this.#tell(bytes, signal);
      else await this.#put(bytes, send, signal);
    }
  }

  async request(text: string, signal: AbortSignal): Promise<string> {
    const { raw } = this.#options;
    if (raw?.request !== true) throw serialError('SERIAL_NO_RAW', 'the device takes no requests as they are');
    const bytes = decodeRaw(text, raw.encoding);
    const sent = isWrapped(this.#options) ? this.#wrap(bytes) : bytes;
    return encodeRaw(await this.#send(sent, ANY_FRAME, signal), raw.encoding);
  }

  [Symbol.dispose](): void {
    this.#exchanges.close();
    this.#receiver[Symbol.dispose]();
    const { frames, discards } = this.#receiver;
    if (Object.values(discards).some((count) => count > 0))
      this.#log.debug({ frames, ...discards }, 'serial: bytes were discarded');
  }

  /** @returns the answer; undefined: none is awaited */
  async #ask(sending: Sending, value: Value | undefined, signal: AbortSignal): Promise<Buffer | undefined> {
    const content = render(sending.template, this.#options.address ?? '', value);
    const bytes = (sending.wrap ?? isWrapped(this.#options)) ? this.#wrap(content) : content;
    return this.#put(bytes, sending, signal);
  }

  async #put(bytes: Buffer, sending: Sending, signal: AbortSignal): Promise<Buffer | undefined> {
    if (!sending.silent) return this.#send(bytes, sending, signal);
    await this.#tell(bytes, signal);
    return undefined;
  }

  async #tell(bytes: Buffer, signal: AbortSignal): Promise<void> {
    this.#tee('tx', bytes);
    await this.#line.send(bytes, signal);
  }

  #send(bytes: Buffer, question: Pick<Sending, 'expect' | 'refused'>, signal: AbortSignal): Promise<Buffer> {
    this.#receiver.reset();
    this.#tee('tx', bytes);
    return this.#exchanges.ask(bytes, question, signal);
  }

  #wrap(content: Buffer): Buffer {
    return wrap(this.#options.frame!.frame, this.#checksum, content);
  }

  /** The next frame that has one of the points. */
  #next(points: readonly Point<PointAddress>[], signal: AbortSignal): Promise<Fields | GatewayError> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#readers.delete(reader);
        reject(
          serialError('SERIAL_TIMEOUT', 'the device sends by itself, and sent nothing meanwhile', {
            cause: signal.reason,
          }),
        );
      };
      const reader: Reader = {
        points,
        settle: (fields) => {
          this.#readers.delete(reader);
          signal.removeEventListener('abort', onAbort);
          resolve(fields);
        },
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#readers.add(reader);
    });
  }

  #onFrame(content: Buffer, whole: Buffer): void {
    this.#tee('rx', whole);
    if (this.#exchanges.take(content, decode(content, this.#options.charset))) return;
    if (this.#listened.length === 0 && this.#readers.size === 0) return;
    const at = this.#line.clock.now();
    const bytes = content.length;
    const parsed = this.#fieldsOf(content);
    if (this.#decoding === undefined && !(parsed instanceof Promise)) {
      this.#heard(parsed, bytes, at);
      return;
    }
    const decoding = Promise.all([parsed, this.#decoding]).then(([fields]) => {
      if (this.#decoding === decoding) this.#decoding = undefined;
      this.#heard(fields, bytes, at);
    });
    this.#decoding = decoding;
  }

  /** What the frame says, by whoever knows. */
  #fieldsOf(content: Buffer): Parsed | Promise<Parsed> {
    const decode = this.#functions?.decode;
    if (decode === undefined) return this.#parser.parse(content);
    const decoded = decode(content);
    return decoded instanceof Promise ? decoded.then(fieldsOf) : fieldsOf(decoded);
  }

  get #describer(): string {
    return this.#functions?.decode === undefined ? '`parse`' : 'the function';
  }

  /** A frame that came by itself. @param bytes - of it */
  #heard(fields: Parsed, bytes: number, at: number): void {
    if (fields === undefined) {
      const message = `a frame is none that ${this.#describer} describes`;
      this.#ear?.fault(serialError('SERIAL_NO_MATCH', message, { details: { bytes } }));
      return;
    }
    if (fields instanceof GatewayError) {
      this.#ear?.report(this.#readings(this.#listened, fields, at));
      for (const reader of [...this.#readers]) reader.settle(fields);
      return;
    }
    const readings = this.#listened.map((point) => this.#reading(point, fields, at)).filter((one) => one !== undefined);
    this.#ear?.report(readings);
    for (const reader of [...this.#readers]) {
      if (reader.points.some(({ id, address }) => fields.has(this.#fieldOf(id, address)))) reader.settle(fields);
    }
  }

  #onDiscard(reason: Discard): void {
    if (reason !== 'checksum') return;
    this.#exchanges.damaged();
    const isListened = this.#listened.length > 0;
    if (isListened)
      this.#ear?.fault(
        serialError('SERIAL_CHECKSUM', 'a frame came with a wrong checksum', { details: { crc: true } }),
      );
  }

  #tee(way: 'rx' | 'tx', bytes: Buffer): void {
    const { raw } = this.#options;
    if (raw?.tee === true) this.#ear?.publish(`$raw/${way}`, encodeRaw(bytes, raw.encoding));
  }

  #fieldOf(id: string, { field }: PointAddress): string {
    const isTaken = this.#options.parse !== undefined || this.#functions?.decode !== undefined;
    return field ?? (isTaken ? id : CONTENT);
  }

  #readings(points: readonly Point<PointAddress>[], fields: Fields | GatewayError, at: number): readonly Reading[] {
    if (fields instanceof GatewayError) return points.map(({ id }) => bad(id, fields, at));
    return points.map((point) => this.#reading(point, fields, at) ?? this.#missing(point, at));
  }

  /** @returns undefined when the frame does not have the field */
  #reading({ id, address }: Point<PointAddress>, fields: Fields, at: number): Reading | undefined {
    const name = this.#fieldOf(id, address);
    const field = fields.get(name);
    if (field === undefined) return undefined;
    if (field instanceof GatewayError) return bad(id, field, at);
    const value = convert(field, address);
    if (value !== undefined) return { point: id, value, quality: 'good', at };
    return bad(id, serialError('SERIAL_NOT_A_NUMBER', `the field ${name} is no ${address.type} now`), at);
  }

  #missing({ id, address }: Point<PointAddress>, at: number): Reading {
    return bad(id, serialError('SERIAL_NO_FIELD', `the answer has no field ${this.#fieldOf(id, address)}`), at);
  }
}

function bad(point: string, error: GatewayError, at: number): Reading {
  return { point, value: undefined, quality: 'bad', at, error };
}

/** Points that a function found, as fields. */
function fieldsOf(decoded: Decoded): Parsed {
  if (decoded instanceof GatewayError || decoded.length === 0)
    return decoded instanceof GatewayError ? decoded : undefined;
  return new Map(
    decoded.map(({ point, value, why }) => [
      point,
      value ?? serialError('SERIAL_DECODED_BAD', why ?? 'the function gave no reason'),
    ]),
  );
}
