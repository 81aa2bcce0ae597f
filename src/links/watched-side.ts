/**
 * Stands between the sender and the connection: knows what is not acknowledged and since when, sends the link's own
 * heartbeat, keeps to the limits of the far side, and can hold the sender back until all is acknowledged.
 *
 *   sender ─▶ WatchedSide ─▶ connection
 *     ▲            │  acknowledgements, messages
 *     └────────────┘
 */
import type { Clock } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import { type LinkPreset, topicLimitFault } from '../core/link-presets.js';
import type { QoS } from '../core/message.js';
import { correctedTime } from '../core/sample-time.js';
import { linkError } from './errors.js';
import type { FarSide, FarSideEvents, Incoming, Outgoing, SubscribeWishes } from './far-side.js';
import { HEARTBEATS } from './packet-identifiers.js';

/** Heartbeats of any gateway: not for routing. */
const HEARTBEAT = /^hpmq\/[^/]+\/\$heartbeat\/[^/]+$/;

export interface WatchedSideOptions {
  readonly clock: Clock;
  readonly preset: LinkPreset | undefined;
  /** What is not acknowledged was sent to this far side: another one may have a session of ours, but never had it. */
  readonly wasSentTo: boolean;
  /** The sender sends something that is to be acknowledged. */
  readonly onSent: () => void;
  /** Where messages and acknowledgements go that are not the heartbeat's. */
  readonly events: FarSideEvents;
  /** Something was acknowledged. */
  readonly onProgress: () => void;
  readonly heartbeatTopic: string | undefined;
  /** Our heartbeat came back. */
  readonly onReturned: (payload: Buffer) => void;
}

export class WatchedSide implements FarSide {
  readonly #o: WatchedSideOptions;
  /** Packet Identifier → monotonic ms of the sending; in order of sending. */
  readonly #inFlight = new Map<number, number>();
  readonly #qos2 = new Set<number>();
  #far!: FarSide;
  #beat: { readonly packetId: number; readonly settled: (refusal: GatewayError | undefined) => void } | undefined;
  /** A heartbeat that waits for room. */
  #waitingBeat: (() => void) | undefined;
  /** The sender is held back. */
  #isHeld = false;
  #idle: (() => void) | undefined;
  #progressAt: number;

  constructor(options: WatchedSideOptions) {
    this.#o = options;
    this.#progressAt = options.clock.monotonic();
  }

  /** For the connection; which is then given to {@link watch}. */
  readonly events: FarSideEvents = {
    onMessage: (message) => this.#onMessage(message),
    onAcknowledged: (packet, packetId, refusal) => this.#onAcknowledged(packet, packetId, refusal),
    onDrain: () => this.#o.events.onDrain(),
  };

  watch(far: FarSide): void {
    this.#far = far;
    this.#progressAt = this.#o.clock.monotonic();
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Messages of QoS 2 whose exchange is not over: the far side may remember their identifiers. */
  get openQoS2(): number {
    return this.#qos2.size;
  }

  /** Nothing was acknowledged for so long though something is due, ms; 0: nothing is due. */
  get silentMs(): number {
    const [oldest] = this.#inFlight.values();
    if (oldest === undefined) return 0;
    return this.#o.clock.monotonic() - Math.max(oldest, this.#progressAt);
  }

  /** CONNACK said so, whoever was sent to last. */
  get hasSession(): boolean {
    return this.#far.sessionPresent;
  }

  get sessionPresent(): boolean {
    return this.#far.sessionPresent && this.#o.wasSentTo;
  }

  /**
   * One place is the heartbeat's, always: after a lost connection it comes first, while the far side may count all that it has
   * of the session (Mosquitto does). Where there is only one, they take turns.
   */
  get window(): number {
    const limit = Math.min(this.#far.window, this.#o.preset?.window ?? Number.POSITIVE_INFINITY);
    if (this.#o.heartbeatTopic === undefined) return limit;
    if (limit > 1) return limit - 1;
    return this.#beat === undefined && this.#waitingBeat === undefined ? limit : 0;
  }

  get maximumQoS(): QoS {
    return Math.min(this.#far.maximumQoS, this.#o.preset?.maximumQoS ?? 2) as QoS;
  }

  get retainAvailable(): boolean {
    return this.#far.retainAvailable;
  }

  get isWritable(): boolean {
    return !this.#isHeld && this.#far.isWritable;
  }

  get bytesOut(): number {
    return this.#far.bytesOut;
  }

  get closed(): Promise<GatewayError> {
    return this.#far.closed;
  }

  refusal(message: Outgoing): GatewayError | undefined {
    const { preset } = this.#o;
    if (preset !== undefined) {
      const { topic, payload } = message;
      const topicFault = topicLimitFault(preset, topic);
      if (topicFault !== undefined) {
        return linkError('LINK_LIMIT', `the topic ${topic} has ${topicFault}`, { details: { topic } });
      }
      if (payload.length > preset.maxPayload || payload.length + topic.length > preset.maxPacket) {
        const most = Math.min(preset.maxPayload, preset.maxPacket);
        const text = `a message of ${payload.length} bytes to ${topic}: ${preset.title} takes ${most}`;
        return linkError('LINK_LIMIT', text, { details: { topic, bytes: payload.length, most } });
      }
    }
    return this.#far.refusal(message);
  }

  publish(message: Outgoing): void {
    const { packetId, qos } = message;
    if (qos > 0) {
      this.#o.onSent();
      this.#inFlight.set(packetId, this.#o.clock.monotonic());
      if (qos === 2) this.#qos2.add(packetId);
    }
    const payload = correctedTime(message.payload, this.#o.clock);
    this.#far.publish(payload === message.payload ? message : { ...message, payload });
  }

  release(packetId: number): void {
    this.#o.onSent();
    if (!this.#inFlight.has(packetId)) this.#inFlight.set(packetId, this.#o.clock.monotonic());
    this.#qos2.add(packetId);
    this.#far.release(packetId);
  }

  subscribe(filter: string, qos: QoS, options?: SubscribeWishes): Promise<GatewayError | undefined> {
    return this.#far.subscribe(filter, Math.min(qos, this.maximumQoS) as QoS, options);
  }

  unsubscribe(filter: string): Promise<void> {
    return this.#far.unsubscribe(filter);
  }

  unsubscribeOthers(): Promise<void> {
    return this.#far.unsubscribeOthers();
  }

  fail(cause: GatewayError): void {
    this.#far.fail(cause);
  }

  close(will: boolean): void {
    this.#far.close(will);
  }

  /**
   * Sends a heartbeat with QoS 1, when there is room for it.
   *
   * @param sent - called when it is sent
   * @param settled - called with its acknowledgement
   * @returns false: one is still on its way, or waits
   */
  beat(
    topic: string,
    payload: string,
    expirySeconds: number,
    sent: () => void,
    settled: (refusal: GatewayError | undefined) => void,
  ): boolean {
    if (this.#beat !== undefined || this.#waitingBeat !== undefined) return false;
    const send = () => {
      // There is never more than one.
      const packetId = HEARTBEATS.first;
      this.#beat = { packetId, settled };
      sent();
      const message = { topic, payload: Buffer.from(payload), qos: 1, retain: false, expirySeconds, packetId } as const;
      this.#far.publish({ ...message, properties: undefined, dup: false });
    };
    if (this.#inFlight.size < this.#far.window) send();
    else this.#waitingBeat = send;
    return true;
  }

  /** Lets the sender send nothing more; resolves when all is acknowledged. Ends with the connection. */
  hold(): Promise<void> {
    this.#isHeld = true;
    if (this.#inFlight.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  /** The sender may go on. */
  resume(): void {
    this.#isHeld = false;
    this.#o.events.onDrain();
  }

  async #onMessage(message: Incoming): Promise<void> {
    if (message.topic === this.#o.heartbeatTopic) return this.#o.onReturned(message.payload);
    if (HEARTBEAT.test(message.topic)) return;
    await this.#o.events.onMessage(message);
  }

  #onAcknowledged(packet: 'puback' | 'pubrec' | 'pubcomp', packetId: number, refusal: GatewayError | undefined): void {
    this.#progressAt = this.#o.clock.monotonic();
    const beat = this.#beat;
    if (beat !== undefined && packetId === beat.packetId) {
      this.#beat = undefined;
      beat.settled(refusal);
      this.#o.events.onDrain();
      return;
    }
    if (packet !== 'pubrec' || refusal !== undefined) {
      this.#inFlight.delete(packetId);
      this.#qos2.delete(packetId);
    }
    this.#o.onProgress();
    const waiting = this.#waitingBeat;
    if (waiting !== undefined && this.#inFlight.size < this.#far.window) {
      this.#waitingBeat = undefined;
      waiting();
    }
    this.#o.events.onAcknowledged(packet, packetId, refusal);
    if (this.#inFlight.size > 0) return;
    this.#idle?.();
    this.#idle = undefined;
  }
}
