/**
 * Finds CoAP servers and what they offer (RFC 7252 §8, RFC 6690 §1.2.1): a question to a multicast group or to one
 * address, and the blocks of the answers from each that answers.
 */
import { Duplex } from 'node:stream';
import type { Clock, Datagrams, Finder, FoundDevice, FoundPoint, Address as Host } from '../../src/adapter.js';
import { Requests } from './exchange/requests.js';
import { fetchRest, transfer } from './exchange/transfer.js';
import { DEFAULT_TRANSMISSION } from './exchange/transmission.js';
import { ContentFormat, FORMATS } from './formats/content.js';
import { type Link, parseLinks } from './formats/link-format.js';
import { Code, classOf, decode, encode, isMalformed, type Message, NO_PAYLOAD, newToken } from './message/message.js';
import { OptionNumber, uintOption, uriOptions } from './message/options.js';

const PORT = 5683;
/** Devices that are taken note of; more are a flood. */
const MAX_DEVICES = 1_000;
const limits = { szx: 6, maxBytes: 262_144 };

const question = {
  name: 'GET /.well-known/core',
  code: Code.GET,
  options: [
    ...(uriOptions('/.well-known/core') as Exclude<ReturnType<typeof uriOptions>, string>),
    uintOption(OptionNumber.ACCEPT, ContentFormat.linkFormat),
  ],
  payload: NO_PAYLOAD,
  isConfirmable: true,
};

/** Datagrams to and from one address, as a wire. */
class HostWire extends Duplex {
  readonly #send: (bytes: Buffer) => void;

  constructor(send: (bytes: Buffer) => void) {
    super({ objectMode: true });
    this.#send = send;
    this.on('error', () => {});
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#send(bytes);
    callback();
  }
}

class Search {
  readonly #net: Datagrams;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #wires = new Map<string, { readonly wire: HostWire; readonly requests: Requests }>();
  readonly #found = new Map<string, FoundDevice>();
  readonly #asked: Promise<void>[] = [];
  readonly #token = newToken();

  constructor(net: Datagrams, clock: Clock, signal: AbortSignal) {
    this.#net = net;
    this.#clock = clock;
    this.#signal = signal;
    net.onDatagram((bytes, from) => this.#take(bytes, from));
  }

  async run(hosts: readonly Host[], groups: readonly Host[]): Promise<readonly FoundDevice[]> {
    for (const group of groups) {
      const { code, options, payload } = question;
      const messageId = Math.floor(Math.random() * 0x10000);
      this.#net.send(encode({ type: 'NON', code, options, payload, messageId, token: this.#token }), group);
    }
    for (const host of hosts) this.#ask(host);
    // Whoever got the question to all may take its time (RFC 7252 §8.2, Leisure); a single host is done when it answers.
    const over = new Promise<void>((resolve) => {
      if (this.#signal.aborted) resolve();
      else this.#signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await (groups.length > 0 ? over : Promise.race([over, Promise.all(this.#asked)]));
    await Promise.all(this.#asked);
    for (const { requests, wire } of this.#wires.values()) {
      requests.close();
      wire.destroy();
    }
    return [...this.#found.values()];
  }

  #ask(host: Host): void {
    const { requests } = this.#wireTo(host);
    this.#asked.push(
      transfer(requests, question, limits, this.#signal).then(
        (response) => this.#keep(host, response),
        () => {},
      ),
    );
  }

  #take(bytes: Buffer, from: Host): void {
    const message = decode(bytes);
    if (isMalformed(message) || !message.token.equals(this.#token)) {
      this.#wires.get(keyOf(from))?.wire.push(bytes);
      return;
    }
    if (this.#wires.has(keyOf(from)) || this.#wires.size >= MAX_DEVICES) return;
    const { requests } = this.#wireTo(from);
    this.#asked.push(
      fetchRest(requests, question, message, limits, this.#signal).then(
        (response) => {
          if (response !== undefined) this.#keep(from, response);
        },
        () => {},
      ),
    );
  }

  #wireTo(host: Host) {
    const wire = new HostWire((bytes) => this.#net.send(bytes, host));
    const requests = new Requests({ wire, clock: this.#clock, transmission: DEFAULT_TRANSMISSION });
    const known = { wire, requests };
    this.#wires.set(keyOf(host), known);
    return known;
  }

  #keep(host: Host, response: Message): void {
    if (classOf(response.code) !== 2) return;
    const links = parseLinks(response.payload.toString('utf8'));
    this.#found.set(keyOf(host), { ...host, points: pointsOf(links) });
  }
}

function keyOf({ host, port }: Host): string {
  return `${host} ${port}`;
}

const MAX_NAME = 64;

/** One point for each resource of the device itself. */
export function pointsOf(links: readonly Link[]): readonly FoundPoint[] {
  const names = new Set<string>();
  return links.flatMap(({ target, attributes }): FoundPoint[] => {
    if (!target.startsWith('/') || target === '/.well-known/core') return [];
    const plain = target.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^-+|-+$/g, '');
    const base = (plain === '' || plain === 'set' ? 'root' : plain).slice(0, MAX_NAME - 4);
    let name = base;
    for (let n = 2; names.has(name); n++) name = `${base}-${n}`;
    names.add(name);
    const { rt, title, ct, obs } = attributes;
    const format =
      ct === undefined || /\s/.test(ct) ? undefined : FORMATS.find((one) => ContentFormat[one] === Number(ct));
    const note = [title, rt].filter((text) => text !== undefined && text !== '').join(', ');
    return [
      {
        name,
        note,
        address: {
          path: target,
          ...(obs === undefined ? { observe: false } : {}),
          ...(format === undefined || format === 'text' ? {} : { format }),
        },
      },
    ];
  });
}

export const finder: Finder = {
  port: PORT,
  portType: 'udp',
  // RFC 7252 §12.8: All CoAP Nodes.
  groups: [{ host: '224.0.1.187', port: PORT }],
  find: (net, { hosts, groups }, clock, signal) => new Search(net, clock, signal).run(hosts, groups),
};
