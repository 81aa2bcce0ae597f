/** One client connection of a scenario: what it received, and what it has still to acknowledge. */
import { connect, type Socket } from 'node:net';
import { type AcknowledgementName, acknowledgement, type Version } from '../support/mqtt-writer.js';
import type { ServerPacket } from '../support/server-packets.js';
import { ServerStream } from '../support/server-packets.js';

/** A message of the broker that is not acknowledged to the end. */
interface Outstanding {
  /** Copies of one message have the same. */
  readonly key: string;
  readonly id: number;
  /** What is due. */
  due: 'PUBACK' | 'PUBREC' | 'PUBCOMP' | undefined;
}

export class Link {
  readonly #stream: ServerStream;
  readonly #socket: Socket;
  readonly #isAutomatic: boolean;
  readonly ready: Promise<void>;
  isClosed = false;
  /** The broker has said its last: it is about to close. */
  isLeft = false;
  /** Since the last {@link take}. */
  #received: ServerPacket[] = [];
  /** Since the last {@link answer}. */
  #unanswered: ServerPacket[] = [];
  #outstanding: Outstanding[] = [];
  #onProbe: (() => void) | undefined;

  constructor(port: number, version: Version, isAutomatic: boolean) {
    this.#stream = new ServerStream(version);
    this.#isAutomatic = isAutomatic;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    const closed = () => {
      this.isClosed = true;
    };
    this.ready = new Promise((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', () => resolve());
    });
    socket.on('error', closed);
    socket.on('end', closed);
    socket.on('close', closed);
    socket.on('data', (chunk: Buffer) => this.#stream.feed(chunk, this.#onPacket));
  }

  readonly #onPacket = (packet: ServerPacket): void => {
    if (this.#onProbe !== undefined) {
      this.#onProbe();
      return;
    }
    this.isLeft ||= packet.name === 'DISCONNECT' || (packet.name === 'CONNACK' && packet.codes[0] !== 0);
    this.#received.push(packet);
    this.#unanswered.push(packet);
  };

  send(bytes: Buffer): void {
    if (!this.isClosed) this.#socket.write(bytes);
  }

  cut(): void {
    this.isClosed = true;
    this.#socket.destroy();
  }

  take(): ServerPacket[] {
    const taken = this.#received;
    this.#received = [];
    return taken;
  }

  get isBroken(): boolean {
    return this.#stream.isBroken;
  }

  /** One round trip of a probe: resolves after everything that arrived with or before the answer has been read. */
  roundTrip(ping: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const lost = () => reject(new Error('the broker does not answer the probe'));
      this.#socket.once('close', lost);
      this.#onProbe = () => {
        this.#socket.off('close', lost);
        setImmediate(resolve);
      };
      this.#socket.write(ping);
    });
  }

  /** Looks at what came since the last time; an automatic client acknowledges it. @returns whether anything was sent */
  answer(): boolean {
    const packets = this.#unanswered;
    this.#unanswered = [];
    let hasSent = false;
    for (const { name, qos, topic, payload, id, codes } of packets) {
      let reply: Buffer | undefined;
      if (name === 'PUBLISH' && qos > 0) {
        const due = qos === 1 ? 'PUBACK' : 'PUBREC';
        if (this.#isAutomatic) reply = acknowledgement(due, id);
        else this.#outstanding.push({ key: `${topic} ${payload.toString('latin1')}`, id, due });
      } else if (name === 'PUBREL') {
        const known = this.#outstanding.find((item) => item.id === id);
        if (this.#isAutomatic) reply = acknowledgement('PUBCOMP', id);
        else if (known !== undefined) known.due = 'PUBCOMP';
        else this.#outstanding.push({ key: `PUBREL ${id}`, id, due: 'PUBCOMP' });
      } else if (name === 'PUBREC' && codes[0]! < 0x80) {
        // By every client: when a message goes on, with PUBLISH or with PUBREL, is the broker's choice (§4.3.3).
        reply = acknowledgement('PUBREL', id);
      }
      if (reply === undefined || this.isClosed) continue;
      this.#socket.write(reply);
      hasSent = true;
    }
    return hasSent;
  }

  /** Acknowledges one message, all copies of it. @param code - undefined: the short form */
  reply(name: 'right' | AcknowledgementName, which: number, code: number | undefined): void {
    const waiting = this.#outstanding.filter(({ due }) => due !== undefined);
    const keys = [...new Set(waiting.map(({ key }) => key))];
    if (keys.length === 0) return;
    const key = keys[Math.min(which, keys.length - 1)];
    for (const item of waiting) {
      if (item.key !== key) continue;
      const type = name === 'right' ? item.due! : name;
      const isLong = this.#stream.version === 5 && code !== undefined;
      const legal = type === 'PUBREL' || type === 'PUBCOMP' ? (code === 0 ? 0 : 0x92) : code;
      this.send(acknowledgement(type, item.id, isLong ? legal : undefined));
      if (type === item.due) item.due = undefined;
    }
    this.#outstanding = this.#outstanding.filter(
      ({ due }, index) => due !== undefined || index > this.#outstanding.length - 20,
    );
  }
}
