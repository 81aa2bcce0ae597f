/** What functions publish by themselves: through the functions of the path, then to everybody. */
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { createMessage, type Message } from '../core/message.js';
import type { Router } from '../core/router.js';
import { type Chain, extend, setChain } from './chain.js';
import type { MessageRecord } from './frame-reader.js';
import type { Pipeline } from './pipeline.js';
import type { Slot } from './slot.js';

export interface PublisherOptions {
  readonly router: () => Router;
  readonly path: () => Pipeline;
  readonly clock: Clock;
  readonly log: Log;
}

export class Publisher {
  readonly #o: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#o = options;
  }

  /** @param chain - of the call; undefined: nothing caused it but time */
  publish(slot: Slot, records: readonly MessageRecord[], chain: Chain | undefined): void {
    slot.stats.messagesOut += records.length;
    const own = chain ?? extend(undefined, slot.name);
    const path = this.#o.path();
    for (const record of records) {
      const message = this.#message(slot, record, own);
      const made = path.wants(message.topic) ? path.apply(message) : [message];
      if (made instanceof Promise) void made.then((messages) => this.#send(messages));
      else this.#send(made);
    }
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      // Nobody waits for it; what could not be kept is counted by the broker.
      void this.#o
        .router()
        .publish(message)
        ?.catch((error: unknown) => {
          this.#o.log.debug({ error, topic: message.topic }, 'a message of a function was not kept');
        });
    }
  }

  #message(slot: Slot, record: MessageRecord, chain: Chain): Message {
    const now = this.#o.clock.now();
    const message = createMessage({
      topic: record.topic,
      payload: record.payload,
      qos: record.qos,
      retain: record.retain,
      properties: record.properties,
      origin: `function:${slot.name}`,
      receivedAt: now,
      expiresAt: record.expiry === undefined ? Number.POSITIVE_INFINITY : now + record.expiry * 1_000,
    });
    setChain(message, chain);
    return message;
  }
}
