/** What one session counts: plain fields, incremented per message. */
import type { QoS } from '../core/message.js';
import type { TrafficView } from '../core/views.js';

/** Application messages in one direction, by QoS. */
export class Traffic {
  readonly #messages: [number, number, number] = [0, 0, 0];
  readonly #bytes: [number, number, number] = [0, 0, 0];

  /** @param bytes - of the payload */
  count(qos: QoS, bytes: number): void {
    this.#messages[qos]++;
    this.#bytes[qos] += bytes;
  }

  /** QoS 0 messages that were not sent after all; what their payloads had is not known any more. */
  takeBack(messages: number): void {
    this.#messages[0] -= messages;
  }

  get total(): number {
    const [none, one, two] = this.#messages;
    return none + one + two;
  }

  view(): TrafficView {
    return { messages: [...this.#messages], bytes: [...this.#bytes] };
  }
}
