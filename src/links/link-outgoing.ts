/** The outgoing half of a link with all that it needs: where its messages wait, what it loses, how its backlog leaves. */
import type { Clock } from '../core/clock.js';
import type { LinkConfig } from '../core/config.js';
import { errorView } from '../core/errors.js';
import type { Transform } from '../core/function.js';
import type { Log } from '../core/log.js';
import { createMessage, type Message } from '../core/message.js';
import type { AlarmView, LinkView } from '../core/views.js';
import { OutDoor } from './door.js';
import { linkError } from './errors.js';
import { keepLink, type LinkStore } from './keep.js';
import { Drain } from './outbox/drain.js';
import { Losses } from './outbox/losses.js';
import { reasonOf } from './outbox/refusals.js';
import type { SenderOptions } from './outbox/sender-options.js';
import { Sender } from './sender.js';
import type { LinkStatus } from './status.js';

export interface LinkOutgoingOptions
  extends Pick<
    SenderOptions,
    'rules' | 'origin' | 'router' | 'clock' | 'replies' | 'loops' | 'figures' | 'onCaughtUp'
  > {
  readonly config: LinkConfig;
  readonly gatewayId: string;
  readonly log: Log;
  readonly status: LinkStatus;
  readonly keep?: LinkStore | undefined;
  /** Functions in the way out. */
  readonly transform?: Transform | undefined;
}

export class LinkOutgoing {
  readonly sender: Sender;
  readonly isDurable: boolean;
  readonly #door: OutDoor | undefined;
  readonly #losses: Losses;
  readonly #drain: Drain;
  readonly #status: LinkStatus;
  /** There was to be a store, and it takes nothing. */
  readonly #isInMemory: boolean;
  readonly #clock: Clock;
  #fullSince: number | undefined;

  constructor(options: LinkOutgoingOptions) {
    const { config, gatewayId, keep, router, clock, log, status } = options;
    const { name, protocolVersion } = config;
    const kept = keepLink(name, config.outbox, keep);
    const { table } = kept;
    this.isDurable = kept.isDurable;
    this.#isInMemory = keep !== undefined && !kept.isDurable;
    this.#status = status;
    this.#clock = clock;
    this.#losses = new Losses(
      name,
      keep === undefined || table === undefined ? undefined : { store: keep.store, table },
    );
    this.#drain = new Drain(name, kept.config.drain, clock, table);
    const { deadLetter } = kept.config;
    const { transform } = options;
    if (transform !== undefined) {
      const full = () => {
        const { books } = this.sender;
        books.received++;
        books.drop('functions');
      };
      this.#door = new OutDoor(transform, (output, message) => this.sender.accept(output, message), full);
    }
    this.sender = new Sender({
      ...options,
      ...kept,
      door: this.#door,
      protocolVersion,
      losses: this.#losses,
      lossTopic: `hpmq/${gatewayId}/$loss/${name}`,
      drain: this.#drain,
      onRefused: (error) => status.refused(error),
      onLossUntold: (record) => {
        const text = `the far side does not take the report of ${record.count} lost messages (${record.reason})`;
        log.warn({ code: 'LINK_LOSS_UNTOLD', ...record }, 'a loss is not reported: the far side refuses it');
        status.refused(
          linkError('LINK_LOSS_UNTOLD', text, { details: { ...record, topics: record.topics.join(' ') } }),
        );
      },
      onDeadLetter: ({ topic, payload, qos, receivedAt, properties = {} }, error) => {
        // What is refused although it comes from here would come round for ever.
        if (deadLetter === undefined || topic.startsWith(`${deadLetter}/`)) return;
        const { userProperties = [] } = properties;
        const reasons = [['link', name] as const, ['reason', reasonOf(error)] as const];
        const message = createMessage({
          topic: `${deadLetter}/${topic}`,
          payload,
          qos,
          origin: options.origin,
          receivedAt,
          properties: { ...properties, userProperties: [...userProperties, ...reasons] },
        });
        Promise.resolve(router.publish(message)).catch((failure: unknown) =>
          log.warn({ err: failure }, 'a message that was refused could not be set aside'),
        );
      },
    });
  }

  /** @see Sink.deliver */
  accept(message: Message): boolean | Promise<boolean> {
    return this.#door === undefined ? this.sender.accept(message) : this.#door.accept(message);
  }

  /** Functions have nothing more, and the far side has what there was. */
  async settled(): Promise<void> {
    await this.#door?.settled();
    await this.sender.settled();
  }

  /** Finds what was left by an earlier run. */
  async begin(): Promise<void> {
    await this.sender.begin();
  }

  get dropped(): number {
    const { books } = this.sender;
    return books.dropped + books.expired;
  }

  pauseDrain(isPaused: boolean): void {
    this.#drain.isPaused = isPaused;
    if (!isPaused) this.sender.drain();
  }

  view(): Pick<LinkView, 'queued' | 'queuedBytes' | 'oldestMs' | 'durable' | 'drain' | 'books' | 'losses'> {
    const { queued, oldestMs, outbox, books } = this.sender;
    const by = this.#losses.totals();
    return {
      queued,
      queuedBytes: outbox.bytes,
      oldestMs,
      durable: this.isDurable,
      drain: this.#drain.view(outbox.messages, this.#status.state === 'up' || this.#status.state === 'degraded'),
      books: books.view(queued),
      losses: {
        total: Object.values(by).reduce((sum, one) => sum + one, 0),
        by,
        unreported: this.#losses.unreported,
      },
    };
  }

  alarms(subject: string): readonly AlarmView[] {
    const alarms: AlarmView[] = [];
    const { fault } = this.sender.outbox;
    if (fault === undefined) this.#fullSince = undefined;
    else {
      this.#fullSince ??= this.#clock.now();
      alarms.push({ severity: 'warn', subject, since: this.#fullSince, error: errorView(fault) });
    }
    if (this.#isInMemory) {
      const error = errorView(linkError('LINK_NOT_DURABLE', 'the store took nothing when the gateway started'));
      alarms.push({ severity: 'warn', subject, since: this.#status.since, error });
    }
    return alarms;
  }

  /** What is on disk stays there. */
  close(): void {
    this.#door?.close();
    this.sender.close();
  }
}
