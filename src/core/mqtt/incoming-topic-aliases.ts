/** Topic Aliases of a peer towards us (MQTT 5.0 §3.3.2.3.4). They live as long as the connection. */
import { ReasonCode, Refusal } from './reason-codes.js';

const OUT_OF_RANGE = new Refusal(
  ReasonCode.topicAliasInvalid,
  'the Topic Alias is not within 1 and Topic Alias Maximum',
);
/** §3.3.4: not a fault of the alias, but of the PUBLISH that has no Topic Name. */
const UNKNOWN = new Refusal(ReasonCode.protocolError, 'neither a Topic Name nor a Topic Alias that was set');

export class IncomingTopicAliases {
  readonly #maximum: number;
  #topics: string[] | undefined;

  /** @param maximum - announced as Topic Alias Maximum; bounds what a connection makes us remember */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /**
   * @param topic - empty: the alias stands for what was set before
   * @returns the Topic Name
   */
  resolve(alias: number, topic: string): string | Refusal {
    if (alias < 1 || alias > this.#maximum) return OUT_OF_RANGE;
    if (topic === '') return this.#topics?.[alias] ?? UNKNOWN;
    this.#topics ??= [];
    this.#topics[alias] = topic;
    return topic;
  }
}
