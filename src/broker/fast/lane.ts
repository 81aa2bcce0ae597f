/** One connection on the fast path: what it sends is read here, and what others send to it passes on through here. */
import type { ListenerLimits } from '../../core/config.js';
import { PINGRESP } from '../../core/mqtt/encode-server-packets.js';
import type { BrokerContext, Client } from '../client.js';
import type { AfterPacket, FrameReader } from '../codec.js';
import type { Rates } from '../limits/rates.js';
import type { Session } from '../session.js';
import type { SocketWriter } from '../socket-writer.js';
import type { FastClient } from './fast-client.js';
import type { FastPath } from './fast-path.js';
import type { Run } from './frames.js';
import type { Passage } from './passage.js';
import type { Pile, Piled } from './pile.js';
import type { Permit, Route } from './route.js';
import { SLAB_BYTES } from './slabs.js';

export interface LaneOptions {
  readonly client: Client;
  readonly fastPath: FastPath;
  readonly session: Session;
  readonly writer: SocketWriter;
  readonly rates: Rates | undefined;
  readonly owner: LaneOwner;
}

export interface LaneOwner {
  /** Frames were handled, so many PUBLISH packets among them. @returns what is to be done with what follows */
  afterFrames(now: number, messages: number): AfterPacket;
}

export class Lane implements FastClient, FrameReader, Passage {
  after: AfterPacket = 'next';
  permit: Permit | undefined;
  identity = -1;
  revision = -1;
  route: Route | undefined;
  readonly session: Session;
  readonly isVersion5: boolean;
  readonly limits: ListenerLimits;
  readonly maximumPacketSize: number;
  readonly #broker: BrokerContext;
  readonly #client: Client;
  readonly #fastPath: FastPath;
  readonly #writer: SocketWriter;
  readonly #rates: Rates | undefined;
  readonly #owner: LaneOwner;
  /** It gets packets as others send them. */
  readonly #isPlain: boolean;

  constructor({ client, fastPath, session, writer, rates, owner }: LaneOptions) {
    this.session = session;
    this.isVersion5 = client.protocolVersion === 5;
    this.limits = client.ticket.limits;
    this.maximumPacketSize = client.maximumPacketSize;
    this.#broker = client.broker;
    this.#client = client;
    this.#fastPath = fastPath;
    this.#writer = writer;
    this.#rates = rates;
    this.#owner = owner;
    this.#isPlain = client.outgoingAliases === undefined;
  }

  get isOver(): boolean {
    return this.#client.isOver;
  }

  get isBehind(): boolean {
    return this.#client.late !== undefined;
  }

  read(bytes: Buffer, start: number): number {
    const { clock } = this.#broker;
    const fastPath = this.#fastPath;
    this.after = 'next';
    let position = start;
    do {
      const most = this.#rates?.messagesLeft(clock.monotonic()) ?? Number.POSITIVE_INFINITY;
      const before = position;
      position = fastPath.read(this, bytes, before, most);
      if (position === before) return position;
      this.after = this.#owner.afterFrames(clock.monotonic(), fastPath.messages);
    } while (this.after === 'next' && fastPath.isInterrupted);
    return position;
  }

  answer(first: number, high: number, low: number): void {
    this.#answered(4);
    this.#writer.append4(first, high, low);
  }

  pong(): void {
    this.#answered(PINGRESP.length);
    this.#writer.push(PINGRESP);
  }

  #answered(bytes: number): void {
    const { statistics } = this.#broker;
    statistics.packetsSent++;
    statistics.bytesSent += bytes;
  }

  takes(run: Run): boolean {
    const own = this.#own(run);
    return this.#fits(own) && this.#writer.takes(own.end - own.start);
  }

  forward(run: Run): boolean {
    const own = this.#own(run);
    if (!this.#fits(own) || !this.#writer.takes(own.end - own.start)) return false;
    if (own !== run) this.#countConverted(run, own);
    if (own.shared !== undefined) this.#writer.pushRun(own.shared, own.messages);
    else this.#writer.append(own.bytes, own.start, own.end, own.messages);
    return true;
  }

  forwardPile(pile: Pile, piled: Piled): boolean {
    const { runs } = piled;
    const isOwnVersion = runs[0]!.isVersion5 === this.isVersion5;
    let { bytes, largest } = pile;
    if (!isOwnVersion) {
      bytes = 0;
      largest = 0;
      for (let link = pile.first; link >= 0; link = piled.next(link)) {
        const own = runs[piled.runOf(link)]!.converted();
        bytes += own.end - own.start;
        if (own.largest > largest) largest = own.largest;
      }
    }
    if (!this.#isPlain || largest > this.maximumPacketSize || !this.#writer.takes(bytes)) return false;
    const slab = this.#writer.slabFor(bytes);
    if (slab === undefined) return false;
    for (let link = pile.first; link >= 0; link = piled.next(link)) {
      const run = runs[piled.runOf(link)]!;
      const own = isOwnVersion ? run : run.converted();
      slab.add(own.bytes, own.start, own.end, own.messages, own.words);
    }
    this.#writer.appended(bytes);
    if (!isOwnVersion) this.#broker.statistics.bytesSent += bytes - pile.bytes;
    return true;
  }

  forwardLate(run: Run): number {
    const own = this.#own(run);
    const bytes = own.end - own.start;
    if (!this.#fits(own) || !this.#writer.isBehind(bytes)) return 0;
    const dropped = this.#client.dropOldest(bytes);
    if (dropped === 0) return 0;
    if (own !== run) this.#countConverted(run, own);
    this.#writer.append(own.bytes, own.start, own.end, own.messages);
    return dropped;
  }

  forwardPart(run: Run): boolean {
    const own = this.#own(run);
    // Of larger ones a single one may be too much for what all connections share.
    if (!this.#fits(own) || own.largest > SLAB_BYTES) return false;
    const { part } = run;
    const writer = this.#writer;
    for (let at = own.start; at < own.end && !writer.isCongested; ) {
      const next = part.add(own, at);
      writer.appendOne(own.bytes, at, next);
      at = next;
    }
    return true;
  }

  forwardOne(run: Run, packetIdentifier: number): void {
    const own = this.#own(run);
    if (own !== run) this.#countConverted(run, own);
    this.#writer.appendIdentified(own.bytes, own.start, own.end, own.identifierAt, packetIdentifier);
  }

  /** In the version of the client. */
  #own(run: Run): Run {
    return run.isVersion5 === this.isVersion5 ? run : run.converted();
  }

  #fits({ largest }: Run): boolean {
    return this.#isPlain && largest <= this.maximumPacketSize;
  }

  /** What is sent is counted by whoever passes the run on, as if it had not been converted. */
  #countConverted(run: Run, own: Run): void {
    this.#broker.statistics.bytesSent += own.end - own.start - (run.end - run.start);
  }
}
