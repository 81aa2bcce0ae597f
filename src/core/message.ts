/** One MQTT application message (MQTT 5.0 §3.3). Never mutated after publish; one object is shared by all receivers. */

export type QoS = 0 | 1 | 2;

/** Who put a message here: `client:<client id>`, `device:<name>`, `link:<name>`, `function:<name>`, `gateway:<id>`. */
export type OriginKind = 'client' | 'device' | 'link' | 'function' | 'gateway';
export type Origin = `${OriginKind}:${string}`;

/** The PUBLISH properties that travel with a message (MQTT 5.0 §3.3.2.3); Topic Alias and Subscription Identifier are per connection. */
export interface PublishProperties {
  readonly payloadFormatIndicator?: boolean;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  /** Order matters (§3.3.2.3.7), so pairs, not an object. */
  readonly userProperties?: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string;
}

/** Where a message entered a mesh of gateways, its number there, and whom it has passed: see stamp.ts. */
export interface Stamp {
  /** Id of the gateway where the message entered. */
  readonly gateway: string;
  /** The start of that gateway, and behind `~` what the message was renamed by. */
  readonly epoch: string;
  /** From 1, one more with each message of the start. */
  readonly sequence: number;
  /** Ids of the gateways passed, the first first, without the one that it is in; empty where it entered. */
  readonly hops: readonly string[];
  /** Unix ms; more than that of the retained message it replaced. */
  readonly at: number;
  /** Sent because two gateways met, not because it was published. */
  readonly isSync: boolean;
}

export interface Message {
  /** Topic Name, no wildcards (§4.7). */
  readonly topic: string;
  /** Owned bytes, never a view of a socket chunk. */
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  /** `undefined` when there are none, so that 3.1.1 traffic allocates nothing. */
  readonly properties: PublishProperties | undefined;
  readonly origin: Origin;
  /** Unix ms. */
  readonly receivedAt: number;
  /** Unix ms; Infinity without a Message Expiry Interval (§3.3.2.3.3). */
  readonly expiresAt: number;
  /** Of a message that has been in a mesh of gateways; given once, by core/mesh.ts, and never changed after. */
  stamp: Stamp | undefined;
}

export interface MessageInit {
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly origin: Origin;
  readonly receivedAt: number;
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: PublishProperties | undefined;
  readonly expiresAt?: number;
  readonly stamp?: Stamp | undefined;
}

/** Makes a message with all fields set, always in the same order (one hidden class on the hot path). */
export function createMessage(init: MessageInit): Message {
  return {
    topic: init.topic,
    payload: typeof init.payload === 'string' ? Buffer.from(init.payload) : init.payload,
    qos: init.qos ?? 0,
    retain: init.retain ?? false,
    properties: init.properties,
    origin: init.origin,
    receivedAt: init.receivedAt,
    expiresAt: init.expiresAt ?? Number.POSITIVE_INFINITY,
    stamp: init.stamp,
  };
}
