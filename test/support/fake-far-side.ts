/** A far side that takes packets when the test says so, and whose session outlives connections and gateways. */
import type { GatewayError } from '../../src/core/errors.js';
import type { QoS } from '../../src/core/message.js';
import type { FarSide, FarSideEvents, Outgoing } from '../../src/links/far-side.js';

type Acknowledge = FarSideEvents['onAcknowledged'];
type Sent = { readonly publish: Outgoing } | { readonly release: number };

/** What the far side knows, whoever is connected. */
export class FarSession {
  /** Every message as it was delivered there, in order. */
  readonly delivered: Outgoing[] = [];
  /** QoS 2: received and not released. */
  readonly incoming = new Set<number>();
  /** It is remembered. */
  isPresent = false;

  /** As after a restart without persistence. */
  forget(): void {
    this.incoming.clear();
    this.isPresent = false;
  }

  /** @returns the acknowledgement */
  take(sent: Sent): readonly [Parameters<Acknowledge>[0], number] | undefined {
    if ('release' in sent) {
      this.incoming.delete(sent.release);
      return ['pubcomp', sent.release];
    }
    const { publish } = sent;
    const { packetId, qos } = publish;
    if (qos < 2 || !this.incoming.has(packetId)) this.delivered.push(publish);
    if (qos === 0) return undefined;
    if (qos === 1) return ['puback', packetId];
    this.incoming.add(packetId);
    return ['pubrec', packetId];
  }
}

export interface FarOptions {
  readonly window?: number;
  readonly maximumQoS?: QoS;
  /** Why a message is refused: by Reason Code, or as too large before it is sent. */
  readonly answer?: (message: Outgoing) => GatewayError | undefined;
  readonly refusal?: (message: Outgoing) => GatewayError | undefined;
}

/** One connection. */
export class FakeFarSide implements FarSide {
  readonly sessionPresent: boolean;
  readonly window: number;
  readonly maximumQoS: QoS;
  readonly retainAvailable = true;
  readonly closed = new Promise<GatewayError>(() => {});
  isWritable = true;
  bytesOut = 0;
  /** Everything sent over this connection. */
  readonly sent: Sent[] = [];
  readonly #session: FarSession;
  readonly #options: FarOptions;
  readonly #acknowledge: Acknowledge;
  #taken = 0;

  constructor(session: FarSession, acknowledge: Acknowledge, options: FarOptions = {}) {
    this.sessionPresent = session.isPresent;
    session.isPresent = true;
    this.#session = session;
    this.#acknowledge = acknowledge;
    this.#options = options;
    this.window = options.window ?? 20;
    this.maximumQoS = options.maximumQoS ?? 2;
  }

  /** What is on the wire and not taken. */
  get waiting(): number {
    return this.sent.length - this.#taken;
  }

  get publishes(): readonly Outgoing[] {
    return this.sent.flatMap((sent) => ('publish' in sent ? [sent.publish] : []));
  }

  /** Takes so many packets. @param answers - false: the connection ends before the acknowledgements arrive */
  take(packets: number, answers = true): number {
    let count = 0;
    for (; count < packets && this.#taken < this.sent.length; count++) {
      const sent = this.sent[this.#taken++]!;
      const refused = 'publish' in sent ? this.#options.answer?.(sent.publish) : undefined;
      if (refused !== undefined && 'publish' in sent) {
        const { qos, packetId } = sent.publish;
        if (answers && qos > 0) this.#acknowledge(qos === 1 ? 'puback' : 'pubrec', packetId, refused);
        continue;
      }
      const acknowledgement = this.#session.take(sent);
      if (answers && acknowledgement !== undefined) this.#acknowledge(...acknowledgement, undefined);
    }
    return count;
  }

  refusal(message: Outgoing): GatewayError | undefined {
    return this.#options.refusal?.(message);
  }

  publish(message: Outgoing): void {
    this.sent.push({ publish: message });
    this.bytesOut += message.payload.length + message.topic.length;
  }

  release(packetId: number): void {
    this.sent.push({ release: packetId });
  }

  async subscribe(): Promise<undefined> {
    return undefined;
  }

  async unsubscribe(): Promise<void> {}

  async unsubscribeOthers(): Promise<void> {}

  fail(): void {}

  close(): void {}
}
