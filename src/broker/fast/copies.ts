/** What became of the copies of frames, until it is counted for all of them together. */
import type { MessageRouter } from '../router.js';
import type { Statistics } from '../statistics.js';

export class Copies {
  /** Sent as they came; and of these the bytes. */
  sent = 0;
  bytes = 0;
  payloadBytes = 0;
  /** Sent, and nothing was dropped for it. */
  taken = 0;
  /** The receiver may not read them. */
  denied = 0;
  /** Dropped, or sent in place of others that were. */
  late = 0;

  sendAll(messages: number, bytes: number, payloadBytes: number): void {
    this.sent += messages;
    this.bytes += bytes;
    this.payloadBytes += payloadBytes;
  }

  /** Adds them to what is counted, and begins anew. */
  count(statistics: Statistics, router: MessageRouter): void {
    statistics.packetsSent += this.sent;
    statistics.publishSent += this.sent;
    statistics.bytesSent += this.bytes;
    statistics.publishBytesSent += this.payloadBytes;
    router.countCopies(this.taken, this.denied, this.late);
    this.sent = 0;
    this.bytes = 0;
    this.payloadBytes = 0;
    this.taken = 0;
    this.denied = 0;
    this.late = 0;
  }
}
