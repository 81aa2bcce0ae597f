/**
 * A DTLS 1.2 client with a pre-shared key (RFC 6347, RFC 4279): handshake with cookie, repetition of flights, resumption
 * of sessions, extended master secret (RFC 7627), protection against replay.
 *
 *   ClientHello ─▶ ◀─ HelloVerifyRequest    ClientHello(cookie) ─▶
 *   full:     ◀─ ServerHello … Done    ClientKeyExchange, CCS, Finished ─▶    ◀─ CCS, Finished
 *   resumed:  ◀─ ServerHello, CCS, Finished    CCS, Finished ─▶
 *
 * Rules: no datagram throws; what is not authentic changes nothing after the handshake, and can only end it before.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, Timer } from '../../../core/clock.js';
import {
  clientHello,
  clientKeyExchange,
  type HandshakeMessage,
  HandshakeType,
  premasterSecret,
  prf,
  Reassembly,
  readCookie,
  readServerHello,
  type ServerHello,
  sha256,
  writeHandshake,
} from './handshake.js';
import {
  CIPHER_SUITES,
  type CipherSuite,
  ContentType,
  type Keys,
  open,
  ReplayWindow,
  readRecords,
  seal,
  writeRecord,
} from './records.js';

/** §4.2.4.1: of a flight that is not answered; doubles. */
const FIRST_TIMEOUT_MS = 1_000;
const MAX_TIMEOUT_MS = 8_000;
const VERIFY_BYTES = 12;
const CLOSE_NOTIFY = 0;
const FATAL = 2;

const ALERTS: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  40: 'handshake_failure',
  47: 'illegal_parameter',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  115: 'unknown_psk_identity',
};

/** What the next handshake can be shortened with. */
export interface DtlsSession {
  readonly id: Buffer;
  readonly master: Buffer;
  readonly suite: CipherSuite;
  readonly isExtended: boolean;
}

export interface DtlsClientOptions {
  readonly identity: Buffer;
  readonly key: Buffer;
  /** Of the last connection. */
  readonly session: DtlsSession | undefined;
  readonly clock: Clock;
  readonly send: (datagram: Buffer) => void;
  readonly onConnected: (session: DtlsSession | undefined, isResumed: boolean) => void;
  readonly onData: (bytes: Buffer) => void;
  /** It is over: an alert, or what the server says makes no sense. undefined: it closed. */
  readonly onEnd: (why: string | undefined) => void;
}

interface Sent {
  readonly type: number;
  readonly epoch: number;
  readonly fragment: Buffer;
}

export class DtlsClient {
  readonly #o: DtlsClientOptions;
  readonly #random = randomBytes(32);
  readonly #reassembly = new Reassembly();
  readonly #window = new ReplayWindow();
  /** Of the handshake messages that count, from the second ClientHello on. */
  #transcript: Buffer[] = [];
  #flight: readonly Sent[] = [];
  #timer: Timer | undefined;
  #messageSequence = 0;
  readonly #sequences = [0, 0];
  #hello: ServerHello | undefined;
  #suite: CipherSuite | undefined;
  #master: Buffer | undefined;
  #isResumed = false;
  #ours: Keys | undefined;
  #theirs: Keys | undefined;
  #state: 'handshake' | 'connected' | 'over' = 'handshake';

  constructor(options: DtlsClientOptions) {
    this.#o = options;
  }

  /** The server has everything to tell whether we know the key. */
  get hasProven(): boolean {
    return this.#ours !== undefined;
  }

  start(): void {
    this.#sendHello(Buffer.alloc(0));
  }

  /** How often the flight that is not answered yet went out is the timer's business; the caller decides when to give up. */
  receive(datagram: Buffer): void {
    for (const record of readRecords(datagram)) {
      if (this.#state === 'over') return;
      if (record.epoch === 0) {
        if (this.#state === 'handshake') this.#plain(record.type, record.fragment);
      } else if (record.epoch === 1 && this.#theirs !== undefined && this.#window.isNew(record.sequence)) {
        const plain = open(record, this.#suite!, this.#theirs);
        if (plain === undefined) continue;
        this.#window.take(record.sequence);
        this.#secret(record.type, plain);
      }
    }
  }

  write(bytes: Buffer): void {
    if (this.#state === 'connected') this.#put({ type: ContentType.APPLICATION_DATA, epoch: 1, fragment: bytes });
  }

  close(): void {
    if (this.#state === 'connected') {
      this.#put({ type: ContentType.ALERT, epoch: 1, fragment: Buffer.from([1, CLOSE_NOTIFY]) });
    }
    this.#state = 'over';
    this.#timer?.cancel();
  }

  #plain(type: number, fragment: Buffer): void {
    if (type === ContentType.ALERT) this.#alert(fragment);
    else if (type === ContentType.HANDSHAKE) this.#handshake(fragment);
  }

  #secret(type: number, plain: Buffer): void {
    if (type === ContentType.APPLICATION_DATA) {
      if (this.#state === 'connected') this.#o.onData(plain);
    } else if (type === ContentType.ALERT) this.#alert(plain);
    // Our last flight was lost: the server repeats its own (§4.2.4).
    else if (type === ContentType.HANDSHAKE && this.#state === 'connected') this.#sendFlight();
    else if (type === ContentType.HANDSHAKE) this.#handshake(plain);
  }

  #alert(fragment: Buffer): void {
    const [level, description = 255] = fragment;
    if (level === FATAL) this.#over(`the server says ${ALERTS[description] ?? `alert ${description}`}`);
    else if (description === CLOSE_NOTIFY) this.#over(undefined);
  }

  #handshake(fragment: Buffer): void {
    this.#reassembly.take(fragment);
    for (;;) {
      const message = this.#reassembly.shift();
      if (message === undefined || this.#state !== 'handshake') return;
      this.#take(message);
    }
  }

  #take(message: HandshakeMessage): void {
    const { type, body } = message;
    if (type === HandshakeType.HELLO_VERIFY_REQUEST) {
      this.#verify(readCookie(body));
      return;
    }
    const before = [...this.#transcript];
    this.#transcript.push(writeHandshake(message));
    switch (type) {
      case HandshakeType.SERVER_HELLO:
        this.#serverHello(body);
        return;
      case HandshakeType.SERVER_KEY_EXCHANGE:
        // The hint (RFC 4279 §5.2): there is one identity, which is in the configuration.
        return;
      case HandshakeType.SERVER_HELLO_DONE:
        if (this.#hello === undefined) this.#confused();
        else this.#exchangeKeys();
        return;
      case HandshakeType.FINISHED:
        this.#finished(body, before);
        return;
      default:
        this.#confused();
    }
  }

  #verify(cookie: Buffer | undefined): void {
    if (cookie === undefined || this.#hello !== undefined) {
      this.#confused();
      return;
    }
    this.#transcript = [];
    this.#sendHello(cookie);
  }

  #serverHello(body: Buffer): void {
    const hello = readServerHello(body);
    const suite = CIPHER_SUITES.find(({ id }) => id === hello?.cipherSuite);
    if (hello === undefined || suite === undefined || this.#hello !== undefined) {
      this.#confused();
      return;
    }
    this.#hello = hello;
    this.#suite = suite;
    const { session } = this.#o;
    if (session === undefined || session.id.length === 0 || !hello.sessionId.equals(session.id)) return;
    // RFC 7627 §5.3: a session goes on as it was begun.
    if (session.suite.id !== suite.id || session.isExtended !== hello.hasExtendedMasterSecret) {
      this.#confused();
      return;
    }
    this.#isResumed = true;
    this.#master = session.master;
    this.#deriveKeys();
  }

  #exchangeKeys(): void {
    const { identity, key } = this.#o;
    const exchange = this.#message(HandshakeType.CLIENT_KEY_EXCHANGE, clientKeyExchange(identity));
    const premaster = premasterSecret(key);
    const { random, hasExtendedMasterSecret } = this.#hello!;
    this.#master = hasExtendedMasterSecret
      ? prf(premaster, 'extended master secret', sha256(this.#transcript), 48)
      : prf(premaster, 'master secret', Buffer.concat([this.#random, random]), 48);
    this.#deriveKeys();
    this.#flight = [exchange, changeCipherSpec, this.#ourFinished()];
    this.#sendFlight();
  }

  #deriveKeys(): void {
    const seed = Buffer.concat([this.#hello!.random, this.#random]);
    const block = prf(this.#master!, 'key expansion', seed, 40);
    this.#ours = { key: block.subarray(0, 16), iv: block.subarray(32, 36) };
    this.#theirs = { key: block.subarray(16, 32), iv: block.subarray(36, 40) };
  }

  /** @param before - the handshake up to this message */
  #finished(body: Buffer, before: readonly Buffer[]): void {
    if (this.#master === undefined) {
      this.#confused();
      return;
    }
    const expected = prf(this.#master, 'server finished', sha256(before), VERIFY_BYTES);
    if (body.length !== VERIFY_BYTES || !timingSafeEqual(body, expected)) {
      this.#over('the server does not know the same key');
      return;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#state = 'connected';
    if (this.#isResumed) {
      this.#flight = [changeCipherSpec, this.#ourFinished()];
      this.#sendFlight();
    }
    const { sessionId: id, hasExtendedMasterSecret: isExtended } = this.#hello!;
    const session = { id: Buffer.from(id), master: this.#master, suite: this.#suite!, isExtended };
    this.#o.onConnected(id.length === 0 ? undefined : session, this.#isResumed);
  }

  #ourFinished(): Sent {
    const verify = prf(this.#master!, 'client finished', sha256(this.#transcript), VERIFY_BYTES);
    return { ...this.#message(HandshakeType.FINISHED, verify), epoch: 1 };
  }

  #sendHello(cookie: Buffer): void {
    const hello = clientHello(this.#random, this.#o.session?.id ?? Buffer.alloc(0), cookie);
    this.#flight = [this.#message(HandshakeType.CLIENT_HELLO, hello)];
    this.#sendFlight();
  }

  #message(type: number, body: Buffer): Sent {
    const fragment = writeHandshake({ type, sequence: this.#messageSequence++, body });
    this.#transcript.push(fragment);
    return { type: ContentType.HANDSHAKE, epoch: 0, fragment };
  }

  #sendFlight(timeoutMs = FIRST_TIMEOUT_MS): void {
    this.#timer?.cancel();
    for (const sent of this.#flight) this.#put(sent);
    if (this.#state !== 'handshake') return;
    this.#timer = this.#o.clock.after(timeoutMs, () => this.#sendFlight(Math.min(MAX_TIMEOUT_MS, 2 * timeoutMs)));
  }

  #put({ type, epoch, fragment }: Sent): void {
    const record = { type, epoch, sequence: this.#sequences[epoch]!++, fragment };
    this.#o.send(writeRecord(epoch === 0 ? record : seal(record, this.#suite!, this.#ours!)));
  }

  #confused(): void {
    this.#over('the server said something that does not belong into a handshake with a pre-shared key');
  }

  #over(why: string | undefined): void {
    this.close();
    this.#o.onEnd(why);
  }
}

const changeCipherSpec: Sent = { type: ContentType.CHANGE_CIPHER_SPEC, epoch: 0, fragment: Buffer.from([1]) };
