/**
 * The generator's side of one connection: raw frames, made once, written and counted without a codec, so that the
 * broker is what is measured. MQTT 3.1.1.
 */
import { connect, type Socket } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';

const READ_BYTES = 256 * 1_024;

export interface BenchClient {
  write(bytes: Buffer): void;
  /** Replaces the receiver of what the broker sends; the buffer is used again after the call. */
  onBytes(receive: (bytes: Buffer) => void): void;
  close(): void;
}

export function frame(packet: Packet): Buffer {
  return generate(packet, { protocolVersion: 4 });
}

export function publishFrame(topic: string, payloadBytes: number, qos: 0 | 1, messageId: number): Buffer {
  const payload = Buffer.alloc(payloadBytes, 0x78);
  return frame({ cmd: 'publish', topic, payload, qos, messageId, dup: false, retain: false });
}

/** Connects, and subscribes if there is a filter; resolves when the broker has agreed. */
export async function openClient(
  port: number,
  clientId: string,
  subscription?: { readonly filter: string; readonly qos: 0 | 1 },
): Promise<BenchClient> {
  let receive: (bytes: Buffer) => void = () => {};
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const onread = {
    buffer,
    callback: (length: number) => {
      receive(buffer.subarray(0, length));
      return true;
    },
  };
  const socket: Socket = connect({ port, host: '127.0.0.1', onread });
  socket.setNoDelay(true);
  const failed = new Promise<never>((_, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the broker closed the connection of ${clientId}`)));
  });
  failed.catch(() => {});
  /** Writes a frame and waits for the answer, which comes alone. */
  const ask = (packet: Packet, expected: Buffer): Promise<void> => {
    const answer = new Promise<void>((resolve, reject) => {
      let got = Buffer.alloc(0);
      receive = (bytes) => {
        got = Buffer.concat([got, bytes]);
        if (got.length < expected.length) return;
        if (got.equals(expected)) resolve();
        else reject(new Error(`${packet.cmd} was answered by ${got.toString('hex')}`));
      };
    });
    socket.write(frame(packet));
    return Promise.race([answer, failed]);
  };
  const protocol = { protocolId: 'MQTT', protocolVersion: 4 } as const;
  await ask({ cmd: 'connect', clientId, clean: true, keepalive: 0, ...protocol }, Buffer.from([0x20, 2, 0, 0]));
  if (subscription !== undefined) {
    const { filter, qos } = subscription;
    const subscribe: Packet = { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos }] };
    await ask(subscribe, Buffer.from([0x90, 3, 0, 1, qos]));
  }
  return {
    write: (bytes) => void socket.write(bytes),
    onBytes: (next) => {
      receive = next;
    },
    close: () => socket.destroy(),
  };
}
