/** libcoap's programs, and a network that loses datagrams. */
import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import type { Test } from 'tap';
import { hasProgram, needs, type Peer, startPeer } from './peers.js';
import { seeded } from './random.js';

/** The programs as Debian names them: one build for each TLS library. */
const SERVER = 'coap-server-openssl';
const CLIENT = 'coap-client-openssl';

export const needsLibcoap = () => needs(SERVER, CLIENT);
export const hasLibcoap = () => hasProgram(SERVER);

/** A UDP port that was free a moment ago; the one behind it, too (libcoap takes it for DTLS). */
export async function freeUdpPort(): Promise<number> {
  for (;;) {
    const [a, b] = [createSocket('udp4'), createSocket('udp4')];
    try {
      const port = await bound(a, 0);
      await bound(b, port + 1);
      return port;
    } catch {
      // Somebody has the next one.
    } finally {
      a.close();
      b.close();
    }
  }
}

function bound(socket: Socket, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => resolve(socket.address().port));
  });
}

export interface CoapServer {
  readonly port: number;
  readonly peer: Peer;
}

/** libcoap's example server: `/`, `/time`, `/async`, and `/example_data` that takes what it is given. */
export async function coapServer(t: Test, args: readonly string[] = [], port?: number): Promise<CoapServer> {
  const chosen = port ?? (await freeUdpPort());
  const peer = startPeer(t, SERVER, ['-A', '127.0.0.1', '-p', String(chosen), '-d', '20', '-v', '7', ...args]);
  await peer.sees(/created (UDP|DTLS|UDP ) ?endpoint|created .*endpoint/i);
  return { port: chosen, peer };
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs libcoap's client to its end. @param uri - path, query and all */
export function coapClient(args: readonly string[], timeoutMs = 60_000): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(CLIENT, [...args], { timeout: timeoutMs, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** libcoap's client as it goes on: an observer. */
export function startCoapClient(t: Test, args: readonly string[]): Peer {
  return startPeer(t, CLIENT, args);
}

export interface Relay {
  readonly port: number;
  readonly passed: number;
  readonly lost: number;
  /** From now on, 0 to 1. */
  loss: number;
  /** From now on clients come from another address: what a NAT does that forgot them. */
  rebind(): void;
}

/** Datagrams to a server and back; each is lost, or comes twice, by chance of the seed. */
export async function lossyRelay(
  t: Test,
  target: number,
  { seed, loss, twice = 0 }: { readonly seed: number; readonly loss: number; readonly twice?: number },
): Promise<Relay> {
  const random = seeded(seed);
  const front = createSocket('udp4');
  let backs = new Map<number, Socket>();
  const all: Socket[] = [front];
  t.teardown(() => {
    for (const socket of all) socket.close();
  });
  const relay = {
    port: await bound(front, 0),
    passed: 0,
    lost: 0,
    loss,
    rebind() {
      backs = new Map();
    },
  };
  const pass = (send: () => void) => {
    if (random() < relay.loss) {
      relay.lost++;
      return;
    }
    relay.passed++;
    send();
    if (random() < twice) send();
  };
  front.on('message', (bytes, { port }) => {
    let back = backs.get(port);
    if (back === undefined) {
      back = createSocket('udp4');
      all.push(back);
      backs.set(port, back);
      back.on('error', () => {});
      back.on('message', (answer) => pass(() => front.send(answer, port, '127.0.0.1')));
    }
    const socket = back;
    pass(() => socket.send(bytes, target, '127.0.0.1'));
  });
  return relay;
}
