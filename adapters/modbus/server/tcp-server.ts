/** The server's side of Modbus TCP: one request after the other, however many a master sends at once. */
import type { Duplex } from 'node:stream';
import { encodeMbap, type MbapFrame, MbapSplitter } from '../mbap.js';
import type { Later } from './image.js';
import type { ServerOptions, WireServer } from './options.js';
import { exceptionResponse, respond } from './respond.js';

export class TcpServer implements WireServer {
  readonly dropped = 0;
  readonly #wire: Duplex;
  readonly #options: ServerOptions;
  readonly #splitter = new MbapSplitter();
  /** A request waits for its answer from elsewhere; the next is not looked at before. */
  #waiting = false;

  constructor(wire: Duplex, options: ServerOptions) {
    this.#wire = wire;
    this.#options = options;
    wire.on('drain', () => this.#serve());
  }

  receive(chunk: Buffer): void {
    this.#splitter.push(chunk);
    this.#serve();
  }

  /** A master that does not read its answers gets no more of them: reading stops until it does. */
  #serve(): void {
    while (!this.#waiting && !this.#wire.destroyed && !this.#wire.writableNeedDrain) {
      const frame = this.#nextFrame();
      if (frame === undefined) {
        this.#wire.resume();
        return;
      }
      const answer = this.#answer(frame);
      if (answer instanceof Promise) this.#await(frame, answer);
      else this.#send(frame, answer);
    }
    this.#wire.pause();
  }

  /** Never rejects: respond() has an answer to everything. */
  #await(frame: MbapFrame, answer: Promise<Buffer>): void {
    this.#waiting = true;
    void answer.then((response) => {
      this.#waiting = false;
      if (this.#wire.destroyed) return;
      this.#send(frame, response);
      this.#serve();
    });
  }

  #send({ transactionId, unit }: MbapFrame, response: Buffer): void {
    this.#wire.write(encodeMbap(transactionId, unit, response));
    this.#options.onAnswer?.(response);
  }

  #nextFrame(): MbapFrame | undefined {
    try {
      return this.#splitter.next();
    } catch {
      // There is no way to find the next header.
      this.#wire.destroy();
      return undefined;
    }
  }

  /** §7, exceptions 10 and 11: whoever fronts several units says so when one of them is absent. */
  #answer({ unit, pdu }: MbapFrame): Later<Buffer> {
    const { units, absentUnit = 11 } = this.#options;
    const image = units.get(unit);
    return image === undefined ? exceptionResponse(pdu[0]!, absentUnit) : respond(pdu, image);
  }
}
