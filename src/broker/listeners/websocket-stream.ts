/**
 * The bytes of MQTT inside the binary messages of one WebSocket [MQTT-6.0.0-1, -2]: borders of messages mean nothing.
 * Back-pressure holds both ways: a message is handed on only when there is room, a write is done when the system has it.
 */
import { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';

/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;
const UNSUPPORTED_DATA = 1003;

export class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket;
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

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#webSocket.send(chunk, { binary: true }, callback);
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
