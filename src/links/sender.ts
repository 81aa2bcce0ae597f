/**
 * The outgoing half of a link: from the router to the far side.
 *
 *   accept ─▶ outbox ─▶ next ─▶ encode, batch ─▶ in flight ─▶ acknowledged ─▶ settled
 *                └──────────── sent again after a lost connection ◀┘
 *
 * - A message of QoS 1 or 2 stays in the outbox until the far side acknowledges it; after a lost connection it is sent again,
 *   in order, under the same Packet Identifier (MQTT 5.0 §4.4).
 * - QoS 0 does not wait for a connection.
 * - Retained messages follow after each connect, when the backlog is gone, each with its value of that moment.
 */
import type { GatewayError } from '../core/errors.js';
import type { Message, QoS } from '../core/message.js';
import { topicMatches } from '../core/topic.js';
import { MessageBatcher } from './batcher.js';
import { linkError } from './errors.js';
import type { FarSide, FarSideEvents } from './far-side.js';
import { Again } from './outbox/again.js';
import { AlarmClock } from './outbox/alarm-clock.js';
import { Batches } from './outbox/batches.js';
import { Books } from './outbox/books.js';
import { Endings } from './outbox/endings.js';
import { type Flight, Flights, flightOf, packetIdOf } from './outbox/flights.js';
import { Intake } from './outbox/intake.js';
import type { Item } from './outbox/item.js';
import { LossReports } from './outbox/loss-reports.js';
import { Openings } from './outbox/openings.js';
import { Outbox } from './outbox/outbox.js';
import { outgoing } from './outbox/outgoing.js';
import { Preparing } from './outbox/prepare.js';
import { Refusals, reasonOf } from './outbox/refusals.js';
import { Replay } from './outbox/replay.js';
import type { SenderOptions } from './outbox/sender-options.js';
import { Stall } from './outbox/stall.js';
import { Volatile } from './outbox/volatile.js';
import { Rate } from './rate.js';
import type { Encoded } from './route-types.js';

/** Retained messages that functions have at a time. */
const REPLAYED_AT_ONCE = 64;

export class Sender {
  readonly books = new Books();
  readonly outbox: Outbox;
  /** Messages that the far side took. */
  readonly sent: Rate;
  readonly #options: SenderOptions;
  readonly #intake: Intake;
  readonly #preparing: Preparing;
  readonly #openings: Openings;
  readonly #flights = new Flights();
  readonly #batches: Batches;
  readonly #volatile = new Volatile();
  readonly #replay: Replay;
  readonly #refusals: Refusals;
  readonly #lossReports: LossReports;
  readonly #stall: Stall;
  readonly #alarm: AlarmClock;
  #far: FarSide | undefined;
  #isReady = false;
  #isPumping = false;
  #replaying = 0;
  readonly #again = new Again();
  readonly #endings: Endings;
  /** PUBREC came, and the release is not on disk yet. */
  readonly #unreleased = new Set<Flight>();
  readonly #idle = new Set<() => void>();

  constructor(options: SenderOptions) {
    const { clock, router, origin, queue, keeping, config, losses, lossTopic } = options;
    const { books } = this;
    this.#options = options;
    this.outbox = new Outbox({
      queue,
      keeping,
      config,
      clock,
      losses,
      books,
      onReady: () => this.#kept(),
      onCaughtUp: options.onCaughtUp,
    });
    this.sent = new Rate(clock);
    this.#endings = new Endings(options, this.outbox, this.sent);
    this.#replay = new Replay(router, origin, options.loops);
    this.#openings = new Openings(clock);
    this.#refusals = new Refusals(clock);
    this.#batches = new Batches(new MessageBatcher<Item>(), clock);
    this.#lossReports = new LossReports(losses, lossTopic, clock, options.onLossUntold);
    this.#preparing = new Preparing(options, this.#openings);
    this.#alarm = new AlarmClock(clock, () => this.#pump());
    const inFlight = () => this.#flights.size;
    this.#stall = new Stall(clock, inFlight, (silentMs) => this.#stalled(silentMs));
    this.#intake = new Intake({
      ...options,
      books,
      outbox: this.outbox,
      volatile: this.#volatile,
      replay: this.#replay,
      openings: this.#openings,
      isConnected: () => this.#far !== undefined,
    });
    losses.onReady = () => this.#pump();
  }

  /** Messages that the far side has not taken. */
  get queued(): number {
    return this.outbox.messages + this.#volatile.size;
  }

  /** Age of the oldest of them; null when there are none. */
  get oldestMs(): number | null {
    const at = this.outbox.oldestAt;
    return at === null ? null : Math.max(0, this.#options.clock.now() - at);
  }

  /** Finds what was left by an earlier run; nothing is sent before. */
  async begin(): Promise<void> {
    for (const item of await this.outbox.begin()) {
      this.#again.add({ ...flightOf(packetIdOf(item.stored.sequence), [item], undefined), stage: 'released' });
    }
    this.#isReady = true;
    this.#startAgain();
  }

  /** @see Intake.accept */
  accept(message: Message, of = message): boolean {
    const isTaken = this.#intake.accept(message, of);
    this.#pump();
    return isTaken;
  }

  connected(far: FarSide): void {
    this.#far = far;
    this.#options.loops.connected(far.sessionPresent);
    this.#replay.begin(this.#options.rules.out.map(({ filter }) => filter));
    if (this.#isReady) this.#startAgain();
  }

  disconnected(): void {
    this.#far = undefined;
    this.#replay.end();
    this.#stall.stop();
    this.#alarm.cancel();
    this.#unreleased.clear();
    this.#lossReports.disconnected();
    this.#again.disconnected(this.#flights.land());
    for (const item of this.#batches.clear()) this.outbox.setAside(item);
    this.outbox.disconnect();
    this.books.drop('offline', this.#volatile.clear());
    this.#tellIdle();
  }

  /** There is room on the wire again, or the backlog may go on. */
  drain(): void {
    this.#pump();
  }

  /** Resolves when nothing is left to send, or nobody is there to send it to. */
  async settled(): Promise<void> {
    if (this.#far === undefined || this.queued === 0) return;
    this.#batches.hurry();
    this.#pump();
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  close(): void {
    this.#alarm.cancel();
    this.#stall.stop();
    this.outbox.close();
  }

  /** @see FarSideEvents.onAcknowledged */
  acknowledged(...[packet, packetId, refusal]: Parameters<FarSideEvents['onAcknowledged']>): void {
    const flight = this.#flights.get(packetId);
    if (flight === undefined || this.#far === undefined) return;
    this.#stall.progress();
    if (packet === 'pubrec' && refusal === undefined) this.#release(this.#far, flight);
    else if (packet === 'pubrec' || flight.stage === 'sent') this.#landed(flight, refusal);
    // What PUBCOMP says does not matter: the identifier is free, and the far side had the message.
    else this.#landed(flight, undefined);
    this.#pump();
  }

  /** Sends a message that is not from the outbox, now or never. @returns false: there is no room, or no connection */
  publishNow(encoded: Encoded, settled: (refusal: GatewayError | undefined) => void): boolean {
    const far = this.#far;
    if (far === undefined || this.#flights.size >= far.window) return false;
    const packetId = this.#flights.freeId();
    if (packetId === undefined) return false;
    this.#launch(far, flightOf(packetId, [], encoded, settled), encoded, false);
    return true;
  }

  /** Both are there: the connection, and what is known of the earlier one. */
  #startAgain(): void {
    const far = this.#far;
    if (far === undefined) return;
    for (const flight of this.#again) {
      if (far.sessionPresent || flight.stage === 'sent') continue;
      // The far side has forgotten it: it is published anew, once the disk knows that, too.
      flight.batch = this.outbox.unrelease(flight.items[0]!);
      flight.stage = 'sent';
    }
    this.outbox.connect();
    this.#pump();
  }

  /** Sends as much as the window and the wire allow. */
  #pump(): void {
    const far = this.#far;
    // What is sent at QoS 0 is settled at once, and would come back in here from the middle of the loop.
    if (far === undefined || this.#isPumping || !this.#isReady) return;
    this.#isPumping = true;
    try {
      while (far.isWritable && this.#step(far));
    } finally {
      this.#isPumping = false;
    }
    if (this.#isIdle) this.#tellIdle();
  }

  /** Nothing is left but what a schedule holds back. */
  get #isIdle(): boolean {
    if (this.queued === 0) return true;
    const isHeldBack = Number.isFinite(this.#openings.wait()) && !Number.isFinite(this.#batches.wait());
    return isHeldBack && this.#flights.size === 0 && !this.outbox.isWaiting;
  }

  /** Sends one message, or finds out that there is none to send. @returns whether to go on */
  #step(far: FarSide): boolean {
    const volatile = this.#volatile.shift();
    if (volatile !== undefined) return this.#sendVolatile(far, volatile);
    if (this.#flights.size >= far.window) return false;
    if (this.#refusals.wait > 0) return this.#waitFor(this.#refusals.wait);
    const again = this.#again.first;
    if (again !== undefined) return this.#sendAgain(far, again);
    const loss = this.#lossReports.next(far, false);
    if (loss !== undefined) return this.publishNow(...loss);
    const batch = this.#batches.next();
    if (batch !== undefined) return this.#sendBatch(far, batch);
    if (this.#openings.wait() === 0) {
      this.#openings.reset();
      this.outbox.rewind();
    }
    const wait = this.#options.drain.wait();
    const item = this.outbox.peek(wait === 0, far.maximumQoS);
    if (item !== undefined) return this.#sendItem(far, item);
    if (wait > 0 && this.outbox.messages > 0) this.#waitFor(wait);
    this.#waitFor(this.#batches.wait());
    this.#waitFor(this.#openings.wait());
    if (this.outbox.isWaiting) return false;
    if (this.#replay.isOver) return this.#reportLast(far);
    if (this.#replaying >= REPLAYED_AT_ONCE) return false;
    for (const message of this.#replay.next()) this.#replayOne(message);
    return true;
  }

  #replayOne(message: Message): void {
    const accepted = (this.#options.door ?? this.#intake).accept(message);
    if (typeof accepted === 'boolean') return;
    this.#replaying++;
    void accepted.then(() => {
      this.#replaying--;
      this.#pump();
    });
  }

  /** Of what is lost, when nothing else is left to send. */
  #reportLast(far: FarSide): boolean {
    if (this.queued > 0 || this.#flights.size > 0) return false;
    const loss = this.#lossReports.next(far, true);
    if (loss !== undefined) return this.publishNow(...loss);
    const { wait } = this.#lossReports;
    return wait > 0 && this.#waitFor(wait);
  }

  #waitFor(ms: number): false {
    if (Number.isFinite(ms)) this.#alarm.within(ms);
    return false;
  }

  #sendVolatile(far: FarSide, encoded: Encoded): true {
    const { clock, onRefused } = this.#options;
    if (encoded.expiresAt <= clock.now()) {
      this.books.expired++;
      return true;
    }
    const message = outgoing(encoded, far, 0, false, clock.now());
    const refusal = far.refusal(message);
    if (refusal !== undefined) {
      this.books.drop(reasonOf(refusal));
      onRefused(refusal);
      return true;
    }
    this.#remember(encoded);
    far.publish(message);
    this.books.delivered++;
    this.sent.add();
    return true;
  }

  #sendAgain(far: FarSide, flight: Flight): boolean {
    // What must be on disk before: the release, or that there is none any more.
    if (this.#flights.has(flight.packetId) || !this.#options.keeping.isKept(flight.batch)) return false;
    this.#again.shift();
    if (flight.stage !== 'sent') {
      this.#flights.add(flight);
      this.#stall.watch();
      far.release(flight.packetId);
      return true;
    }
    for (const item of flight.items) {
      item.isBacklog = true;
      item.wasSent = far.sessionPresent;
    }
    if (flight.encoded === undefined) {
      this.#send(far, flight.items[0]!);
      return true;
    }
    const message = outgoing(flight.encoded, far, flight.packetId, far.sessionPresent, this.#options.clock.now());
    const refusal = far.refusal(message);
    if (refusal === undefined) this.#launch(far, flight, flight.encoded, far.sessionPresent);
    else this.#refit(far, flight, message.qos, refusal);
    return true;
  }

  /** The far side took it, or would have, over an earlier connection; it does not any more, or is another one. */
  #refit(far: FarSide, flight: Flight, qos: QoS, refusal: GatewayError): void {
    if (qos === 2 && far.sessionPresent) this.#forsake(far, flight, reasonOf(refusal));
    else if (flight.items.length === 1) this.#endings.giveUp(flight.items[0]!, refusal);
    else {
      // The batch is made anew, and halved. What followed must not overtake it: it is read again, too.
      const isFollower = ({ stage, batch, encoded }: Flight) =>
        stage === 'sent' && batch === 0 && !(encoded?.qos === 2 && far.sessionPresent);
      for (const item of [flight, ...this.#again.take(isFollower)].flatMap(({ items }) => items)) {
        if (item.isLost) this.outbox.drop(item, 'not-kept');
        else this.outbox.setAside(item);
      }
      this.outbox.rewind();
    }
  }

  #sendBatch(far: FarSide, batch: NonNullable<ReturnType<Batches['next']>>): boolean {
    const { deliveries } = batch;
    const packetId = packetIdOf(deliveries[0]!.stored.sequence);
    if (this.#flights.has(packetId)) {
      this.#batches.putBack(batch);
      return false;
    }
    const sealed = this.#preparing.seal(far, batch.encoded, deliveries);
    if (sealed.kind === 'send') {
      this.#launch(far, flightOf(packetId, deliveries, sealed.encoded), sealed.encoded, false);
    } else if (!this.#batches.halve(batch)) {
      for (const item of deliveries) this.#endings.giveUp(item, sealed.error);
    }
    return true;
  }

  #sendItem(far: FarSide, item: Item): boolean {
    if (this.#flights.has(packetIdOf(item.stored.sequence))) return false;
    this.outbox.take(item);
    this.#send(far, item);
    return true;
  }

  /** Sends what was taken from the outbox, or does with it what is to be done instead. */
  #send(far: FarSide, item: Item): void {
    const prepared = this.#preparing.prepare(far, item);
    switch (prepared.kind) {
      case 'send': {
        const flight = flightOf(packetIdOf(item.stored.sequence), [item], prepared.encoded);
        this.#launch(far, flight, prepared.encoded, item.wasSent && far.sessionPresent);
        return;
      }
      case 'collect': {
        const fault = this.#batches.add(prepared.target, item.stored.message, item);
        if (fault !== undefined) this.#endings.giveUp(item, fault);
        return;
      }
      case 'set-aside':
        this.outbox.setAside(item);
        return;
      case 'refuse':
        this.#refuse(far, item, prepared.error);
        return;
      case 'abandon':
        this.#abandon(far, item, prepared.reason);
        return;
    }
  }

  #launch(far: FarSide, flight: Flight, encoded: Encoded, dup: boolean): void {
    const { clock, drain } = this.#options;
    const message = outgoing(encoded, far, flight.packetId, dup, clock.now());
    this.#remember(encoded);
    if (message.qos > 0) {
      this.#flights.add(flight);
      this.#stall.watch();
    }
    const before = far.bytesOut;
    far.publish(message);
    const bytes = Math.max(far.bytesOut - before, encoded.payload.length + encoded.topic.length);
    drain.sent(bytes, flight.items[0]?.isBacklog === true);
    // This far side acknowledges nothing: more cannot be done.
    if (message.qos === 0) this.#landed(flight, undefined);
  }

  #release(far: FarSide, flight: Flight): void {
    const { keeping } = this.#options;
    if (flight.stage === 'sent') {
      flight.stage = 'released';
      flight.batch = flight.items.reduce((_, item) => this.outbox.release(item), 0);
    }
    if (flight.stage === 'given-up' || keeping.isKept(flight.batch)) far.release(flight.packetId);
    else this.#unreleased.add(flight);
  }

  /** Something is on disk, or was read from there. */
  #kept(): void {
    const far = this.#far;
    if (far === undefined) return;
    for (const flight of this.#unreleased) {
      if (!this.#options.keeping.isKept(flight.batch)) continue;
      this.#unreleased.delete(flight);
      far.release(flight.packetId);
    }
    this.#pump();
  }

  #landed(flight: Flight, refusal: GatewayError | undefined): void {
    this.#flights.delete(flight.packetId);
    this.#unreleased.delete(flight);
    if (flight.settled !== undefined) {
      flight.settled(refusal);
      return;
    }
    if (refusal !== undefined) {
      if (this.#refusals.isForLater(refusal, flight.items[0]?.attempts ?? 0)) this.#again.later(flight);
      else for (const item of flight.items) this.#endings.giveUp(item, refusal);
      return;
    }
    this.#refusals.accepted();
    this.#endings.landed(flight);
  }

  /** Not to be sent any more; but where it may have been, at QoS 2, the far side has to forget its identifier first. */
  #abandon(far: FarSide, item: Item, reason: string): void {
    const { sequence } = item.stored;
    if (this.#isKnownThere(far, item)) this.#forsake(far, flightOf(packetIdOf(sequence), [item], undefined), reason);
    else this.#endings.drop(item, reason);
  }

  /** The far side may have it, and would take another message under its identifier for it. */
  #isKnownThere(far: FarSide, { stored, wasSent }: Item): boolean {
    return stored.qos === 2 && far.maximumQoS === 2 && wasSent && far.sessionPresent;
  }

  #forsake(far: FarSide, flight: Flight, reason: string): void {
    this.#flights.add({ ...flight, stage: 'given-up', reason });
    this.#stall.watch();
    far.release(flight.packetId);
  }

  /** It has no form, or the far side would not take it. */
  #refuse(far: FarSide, item: Item, error: GatewayError): void {
    this.#abandon(far, item, this.#endings.reasonOf(error));
    this.#endings.tell(item, error);
  }

  /** What comes back from there is no news. */
  #remember({ topic, payload, retain }: Encoded): void {
    const { rules, loops } = this.#options;
    for (const { filter } of rules.in) {
      if (!topicMatches(filter, topic)) continue;
      loops.remember(topic, payload, retain);
      return;
    }
  }

  #stalled(silentMs: number): void {
    const inFlight = this.#flights.size;
    const message = `${inFlight} messages are not acknowledged for ${Math.round(silentMs)} ms`;
    this.#far?.fail(linkError('LINK_STALLED', message, { details: { inFlight } }));
  }

  #tellIdle(): void {
    for (const tell of this.#idle) tell();
    this.#idle.clear();
  }
}
