/** A device that speaks in frames: it is listened to, or asked, or both. */
import type { Device, Ear, Log, Point, Reading, Value } from '../../src/adapter.js';
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

type Fields = ReadonlyMap<string, Field>;

/** Somebody who waits for the next frame with one of these points. */
interface Reader {
  readonly points: readonly Point<PointAddress>[];
  readonly settle: (fields: Fields) => void;
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
  #ear: Ear | undefined;
  #listened: readonly Point<PointAddress>[] = [];

  /** @throws SERIAL_CONFIG */
  constructor(line: Line, options: DeviceOptions, log: Log) {
    const { frame, checksum, parse, charset } = options;
    if (frame === undefined) throw serialError('SERIAL_CONFIG', 'the device has no `frame`');
    this.#line = line;
    this.#options = options;
    this.#log = log;
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
      const fields = await this.#next(points, signal);
      return points.map((point) => this.#reading(point, fields, at()) ?? this.#missing(point, at()));
    }
    const answer = await this.#ask(poll, undefined, signal);
    const fields = answer === undefined ? undefined : this.#parser.parse(answer);
    if (fields === undefined) {
      const message = 'the answer is none that `parse` describes';
      const error = serialError('SERIAL_NO_MATCH', message, { details: { busy: true, bytes: answer?.length ?? 0 } });
      return points.map(({ id }) => ({ point: id, value: undefined, quality: 'bad', at: at(), error }));
    }
    return points.map((point) => this.#reading(point, fields, at()) ?? this.#missing(point, at()));
  }

  async write({ id, address }: Point<PointAddress>, value: Value, signal: AbortSignal): Promise<void> {
    if (address.send === undefined) throw serialError('SERIAL_READ_ONLY', `${id} has no \`send\``);
    await this.#ask(address.send, value, signal);
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
    if (!sending.silent) return this.#send(bytes, sending, signal);
    this.#tee('tx', bytes);
    await this.#line.send(bytes, signal);
    return undefined;
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
  #next(points: readonly Point<PointAddress>[], signal: AbortSignal): Promise<Fields> {
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
    const fields = this.#parser.parse(content);
    if (fields === undefined) {
      const error = serialError('SERIAL_NO_MATCH', 'a frame is none that `parse` describes', {
        details: { bytes: content.length },
      });
      this.#ear?.fault(error);
      return;
    }
    const at = this.#line.clock.now();
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
    return field ?? (this.#options.parse === undefined ? CONTENT : id);
  }

  /** @returns undefined when the frame does not have the field */
  #reading({ id, address }: Point<PointAddress>, fields: Fields, at: number): Reading | undefined {
    const name = this.#fieldOf(id, address);
    const field = fields.get(name);
    if (field === undefined) return undefined;
    const value = convert(field, address);
    if (value !== undefined) return { point: id, value, quality: 'good', at };
    const error = serialError('SERIAL_NOT_A_NUMBER', `the field ${name} is no ${address.type} now`);
    return { point: id, value: undefined, quality: 'bad', at, error };
  }

  #missing({ id, address }: Point<PointAddress>, at: number): Reading {
    const error = serialError('SERIAL_NO_FIELD', `the answer has no field ${this.#fieldOf(id, address)}`);
    return { point: id, value: undefined, quality: 'bad', at, error };
  }
}
