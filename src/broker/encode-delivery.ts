/** A message for one client → PUBLISH as its version has it, with a Topic Alias where that is worth it. */
import type { Clock } from '../core/clock.js';
import type { Mesh } from '../core/mesh.js';
import type { Message } from '../core/message.js';
import type { OutgoingTopicAliases } from '../core/mqtt/outgoing-topic-aliases.js';
import type { Channel } from './channel.js';
import { type EncodedPublish, encodePublish, type PublishEncoder } from './encode-publish.js';
import type { Delivery } from './inflight.js';

/** An alias costs a copy of the packet where receivers know the topic by different numbers, bytes. */
const MAX_ALIASED_PAYLOAD = 16 * 1024;
const NO_IDENTIFIERS: readonly number[] = [];

interface Context {
  readonly clock: Clock;
  readonly encoder: PublishEncoder;
  readonly mesh: Mesh | undefined;
}

/** @param mayAlias - the packet may set an alias: it will not be dropped */
export function encodeDelivery(
  context: Context,
  channel: Channel,
  delivery: Delivery,
  mayAlias: boolean,
): EncodedPublish {
  const aliases = mayAlias ? channel.outgoingAliases : undefined;
  return aliases !== undefined && delivery.message.payload.length <= MAX_ALIASED_PAYLOAD
    ? encodeAliased(context, channel, delivery, aliases)
    : encode(context, channel, delivery, 0);
}

function encodeAliased(
  context: Context,
  channel: Channel,
  delivery: Delivery,
  aliases: OutgoingTopicAliases,
): EncodedPublish {
  const { topic } = delivery.message;
  const alias = aliases.use(topic);
  const encoded = encode(context, channel, delivery, alias);
  if (encoded.bytes.length <= channel.maximumPacketSize) return encoded;
  if (alias > 0) aliases.forget(topic);
  return encode(context, channel, delivery, 0);
}

function encode(context: Context, channel: Channel, delivery: Delivery, alias: number): EncodedPublish {
  const { encoder, clock } = context;
  const { qos, retain, identifiers } = delivery;
  const message = shownTo(channel, delivery, context);
  const version = channel.protocolVersion;
  const now = message.expiresAt === Number.POSITIVE_INFINITY ? 0 : clock.now();
  const shown = version === 5 ? identifiers : NO_IDENTIFIERS;
  return encoder.encode(message, version, qos, retain, shown, now, alias);
}

/** Peers are shown stamps, others are not. */
function shownTo({ isPeer }: Channel, { message }: Delivery, { mesh }: Context): Message {
  return isPeer && mesh !== undefined ? mesh.copyFor(message) : message;
}

/** Once more: with DUP, and without an alias. */
export function encodeRepeated(context: Context, channel: Channel, delivery: Delivery): EncodedPublish {
  const { qos, retain, identifiers } = delivery;
  const flags = { qos, retain, dup: true, identifiers, now: context.clock.now(), alias: 0 };
  return encodePublish(shownTo(channel, delivery, context), channel.protocolVersion, flags);
}
