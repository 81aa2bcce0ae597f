/**
 * AUTH from a client: enhanced authentication (MQTT 5.0 §3.15, §4.12).
 *
 *   CONNECT(method) ─▶ step ─┬─ continue ─▶ AUTH 0x18 ⇄ AUTH 0x18 ─▶ step …
 *                            └─ success ──▶ CONNACK 0x00; later AUTH 0x19 begins anew and ends with AUTH 0x00
 */
import { encodeAuth } from '../../core/mqtt/encode-server-packets.js';
import type { AuthPacket } from '../../core/mqtt/packets.js';
import type { Credentials, Exchange, Step } from '../access/access.js';
import type { Authentication, Client, Handled } from '../client.js';
import { peerStanding } from '../peers.js';
import { ReasonCode, Refusal } from '../reason-codes.js';

export type Success = Extract<Step, { result: 'success' }>;

export class EnhancedAuthentication implements Authentication {
  readonly method: string;
  readonly #client: Client;
  /** What it takes to prove oneself anew. */
  readonly #credentials: Credentials;
  /** Until CONNACK. */
  #onConnected: ((success: Success) => Handled) | undefined;
  #exchange: Exchange | undefined;

  /** @param onConnected - the client of a CONNECT is who it says */
  constructor(client: Client, method: string, credentials: Credentials, onConnected: (success: Success) => Handled) {
    this.method = method;
    this.#client = client;
    this.#credentials = { ...credentials, username: undefined, password: undefined };
    this.#onConnected = onConnected;
  }

  start(exchange: Exchange, data: Buffer | undefined): Handled {
    this.#exchange = exchange;
    return this.#step(exchange, data);
  }

  continue(data: Buffer | undefined): Handled {
    if (this.#exchange !== undefined) return this.#step(this.#exchange, data);
    return new Refusal(ReasonCode.protocolError, 'AUTH to continue, but no authentication is under way');
  }

  restart(data: Buffer | undefined): Handled {
    if (this.#exchange !== undefined || this.#client.session === undefined) {
      return new Refusal(ReasonCode.protocolError, 'AUTH to authenticate anew while authentication is under way');
    }
    const exchange = this.#client.broker.access.exchange(this.method, this.#credentials);
    return exchange instanceof Refusal ? failed(exchange) : this.start(exchange, data);
  }

  #step(exchange: Exchange, data: Buffer | undefined): Handled {
    const step = exchange.step(data);
    return step instanceof Promise ? step.then((known) => this.#settle(known)) : this.#settle(step);
  }

  #settle(step: Step): Handled {
    const client = this.#client;
    if (client.isOver) return undefined;
    const { session } = client;
    if (step instanceof Refusal) return session === undefined ? step : failed(step);
    if (step.result === 'continue') return this.#answer(ReasonCode.continueAuthentication, step.data);
    this.#exchange = undefined;
    if (session === undefined) {
      const onConnected = this.#onConnected;
      this.#onConnected = undefined;
      return onConnected?.(step);
    }
    // Else one person's session would become another's.
    if (step.identity.user !== session.user) {
      return new Refusal(ReasonCode.notAuthorized, 'authentication anew as somebody else');
    }
    const notAPeer = peerStanding(session.stamped, step.identity);
    if (notAPeer !== undefined) return notAPeer;
    session.identify(step.identity);
    return this.#answer(ReasonCode.success, step.data);
  }

  #answer(reasonCode: ReasonCode, data: Buffer | undefined): Refusal | undefined {
    const answer = encodeAuth(reasonCode, {
      authenticationMethod: this.method,
      ...(data !== undefined && { authenticationData: data }),
    });
    if (answer.length > this.#client.maximumPacketSize) {
      return new Refusal(ReasonCode.packetTooLarge, 'AUTH exceeds the Maximum Packet Size of the client');
    }
    this.#client.send(answer);
    return undefined;
  }
}

/** §4.12.1: DISCONNECT knows fewer reasons than CONNACK. */
function failed({ reasonCode, reason }: Refusal): Refusal {
  const isKept = reasonCode === ReasonCode.protocolError || reasonCode === ReasonCode.malformedPacket;
  return new Refusal(isKept ? reasonCode : ReasonCode.notAuthorized, reason);
}

export function handleAuth(client: Client, packet: AuthPacket): Handled {
  const { authentication } = client;
  if (authentication === undefined) {
    return new Refusal(ReasonCode.protocolError, 'AUTH without an Authentication Method in CONNECT');
  }
  if (packet.authenticationMethod !== authentication.method) {
    return new Refusal(ReasonCode.protocolError, 'AUTH with another Authentication Method than CONNECT');
  }
  const { reasonCode, authenticationData } = packet;
  return reasonCode === ReasonCode.reAuthenticate
    ? authentication.restart(authenticationData)
    : authentication.continue(authenticationData);
}
