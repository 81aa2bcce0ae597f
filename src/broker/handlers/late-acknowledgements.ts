/**
 * PUBACK and PUBREC that wait for a commit or for a function: those of one client and one commit together, in the order of
 * their PUBLISH packets [MQTT-4.6.0-2] [MQTT-4.6.0-3].
 */
import type { Client, Late } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Session } from '../session.js';
import { acknowledge } from './acknowledge.js';

const NOT_STORED = new Refusal(ReasonCode.quotaExceeded, 'the message cannot be kept: there is no room for it');

/** Of what waits for nothing but what was before it. */
const AT_ONCE = Promise.resolve();

/** @param committed - of one batch it is always the same promise; undefined: nothing is waited for, but the order is kept */
export function acknowledgeLater(client: Client, session: Session, committed: Promise<void> = AT_ONCE): Late {
  const last = client.late;
  if (last?.committed !== committed) client.late = new LateAcknowledgements(client, session, committed, last);
  return client.late!;
}

class LateAcknowledgements implements Late {
  readonly committed: Promise<void>;
  readonly settled: Promise<void>;
  readonly #client: Client;
  readonly #session: Session;
  readonly #qos: (1 | 2)[] = [];
  readonly #packetIdentifiers: number[] = [];
  readonly #reasonCodes: ReasonCode[] = [];

  constructor(client: Client, session: Session, committed: Promise<void>, before: Late | undefined) {
    this.#client = client;
    this.#session = session;
    this.committed = committed;
    // It may be over before those before it are.
    if (before !== undefined) committed.catch(() => {});
    const due = before === undefined ? committed : before.settled.then(() => committed);
    this.settled = due.then(
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
