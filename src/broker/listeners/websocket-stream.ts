/**
 * The bytes of MQTT inside the binary messages of one WebSocket [MQTT-6.0.0-1, -2]: borders of messages mean nothing.
 * Back-pressure holds both ways: a message is handed on only when there is room, a write is done when the system has it.
 */
import { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';

/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;
const UNSUPPORTED_DATA = 1003;
const BINARY = { binary: true };

export class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket;
  /** Of the packet that is being written, bytes. */
  #left = 0;
  #failure: Error | undefined;
  #isRefused = false;

  constructor(webSocket: WebSocket) {
    super({ allowHalfOpen: true });
    this.#webSocket = webSocket;
    // One Buffer per message is the default of ws (`nodebuffer`).
    webSocket.on('message', (data: RawData, isBinary: boolean) => this.#received(data as Buffer, isBinary));
    // Malformed frames and too large messages; ws closes with the fitting code, and 'close' follows.
    webSocket.on('error', (error) => {
      this.#failure = error;
    });
    webSocket.on('close', () => this.#closed());
  }

  override _read(): void {
    this.#webSocket.resume();
  }

  /** One message for each packet, or part of a packet: Eclipse Paho for C 1.3 leaves what follows a packet in a message unread. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    let start = 0;
    for (;;) {
      if (this.#left === 0) this.#left = packetLength(chunk, start);
      const end = Math.min(chunk.length, start + this.#left);
      this.#left -= end - start;
      if (end === chunk.length) break;
      this.#webSocket.send(chunk.subarray(start, end), BINARY);
      start = end;
    }
    this.#webSocket.send(start === 0 ? chunk : chunk.subarray(start), BINARY, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#webSocket.close(NORMAL_CLOSURE);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) {
      callback(error);
      return;
    }
    webSocket.once('close', () => callback(error));
    webSocket.terminate();
  }

  #received(data: Buffer, isBinary: boolean): void {
    if (this.#isRefused || this.destroyed) return;
    if (!isBinary) {
      this.#isRefused = true;
      this.#failure = new Error('a text frame [MQTT-6.0.0-1]');
      this.#webSocket.close(UNSUPPORTED_DATA, 'MQTT is sent in binary frames');
      return;
    }
    if (!this.push(data)) this.#webSocket.pause();
  }

  /** With a failure: the connection is lost. Without: the client said goodbye. */
  #closed(): void {
    if (this.#failure !== undefined) this.destroy(this.#failure);
    else this.push(null);
  }
}

/** Of the packet that starts there; its fixed header is never cut, as the broker writes whole packets or blocks of a large one. */
function packetLength(bytes: Buffer, start: number): number {
  let length = 0;
  for (let at = start + 1, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) << shift;
    if (byte < 0x80) return at + 1 - start + length;
  }
}
