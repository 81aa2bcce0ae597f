/**
 * PUBACK and PUBREC that wait for a commit: those of one client and one commit together, in the order of their PUBLISH
 * packets [MQTT-4.6.0-2].
 */
import type { Client, Late } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Session } from '../session.js';
import { acknowledge } from './acknowledge.js';

const NOT_STORED = new Refusal(ReasonCode.quotaExceeded, 'the message cannot be kept: there is no room for it');

/** @param committed - of one batch it is always the same promise */
export function acknowledgeLater(client: Client, session: Session, committed: Promise<void>): Late {
  if (client.late?.committed !== committed) client.late = new LateAcknowledgements(client, session, committed);
  return client.late!;
}

class LateAcknowledgements implements Late {
  readonly committed: Promise<void>;
  readonly #client: Client;
  readonly #session: Session;
  readonly #qos: (1 | 2)[] = [];
  readonly #packetIdentifiers: number[] = [];
  readonly #reasonCodes: ReasonCode[] = [];

  constructor(client: Client, session: Session, committed: Promise<void>) {
    this.#client = client;
    this.#session = session;
    this.committed = committed;
    committed.then(
      () => this.#settle(true),
      () => this.#settle(false),
    );
  }

  add(qos: 1 | 2, packetIdentifier: number, reasonCode: ReasonCode): void {
    this.#qos.push(qos);
    this.#packetIdentifiers.push(packetIdentifier);
    this.#reasonCodes.push(reasonCode);
    if (qos === 1) this.#client.unacknowledged++;
  }

  #settle(isKept: boolean): void {
    const client = this.#client;
    if (client.late === this) client.late = undefined;
    for (const [at, packetIdentifier] of this.#packetIdentifiers.entries()) {
      const qos = this.#qos[at]!;
      if (qos === 1) client.unacknowledged--;
      else if (!isKept) this.#session.incoming.release(packetIdentifier);
      if (client.isOver) continue;
      if (isKept) acknowledge(client, qos, packetIdentifier, this.#reasonCodes[at]!);
      // 3.1.1 has no negative acknowledgement: the client keeps the message and sends it again after a reconnect.
      else if (client.protocolVersion === 5) {
        acknowledge(client, qos, packetIdentifier, NOT_STORED.reasonCode, NOT_STORED.reason);
      } else client.refuse(NOT_STORED);
    }
  }
}
