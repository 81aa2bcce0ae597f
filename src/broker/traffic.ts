/** What one session counts: plain fields, incremented per message. */
import type { QoS } from '../core/message.js';
import type { TrafficView } from '../core/views.js';

/** Application messages in one direction, by QoS. */
export class Traffic {
  #messages0 = 0;
  #messages1 = 0;
  #messages2 = 0;
  #bytes0 = 0;
  #bytes1 = 0;
  #bytes2 = 0;

  /** @param bytes - of the payload */
  count(qos: QoS, bytes: number): void {
    this.countAll(qos, 1, bytes);
  }

  /** Several at once. */
  countAll(qos: QoS, messages: number, bytes: number): void {
    if (qos === 0) {
      this.#messages0 += messages;
      this.#bytes0 += bytes;
    } else if (qos === 1) {
      this.#messages1 += messages;
      this.#bytes1 += bytes;
    } else {
      this.#messages2 += messages;
      this.#bytes2 += bytes;
    }
  }

  /** QoS 0 messages that were not sent after all; what their payloads had is not known any more. */
  takeBack(messages: number): void {
    this.#messages0 -= messages;
  }

  get total(): number {
    return this.#messages0 + this.#messages1 + this.#messages2;
  }

  view(): TrafficView {
    return {
      messages: [this.#messages0, this.#messages1, this.#messages2],
      bytes: [this.#bytes0, this.#bytes1, this.#bytes2],
    };
  }
}
