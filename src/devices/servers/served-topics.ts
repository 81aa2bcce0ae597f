/** The topics of the gateway as somebody may use them who comes by another protocol than MQTT. */
import type { Clock } from '../../core/clock.js';
import { toGatewayError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { createMessage, type Message, type Origin } from '../../core/message.js';
import { type Router, subscriptionTo } from '../../core/router.js';
import type { ServedMessage, ServedTopics, TopicRights, Visitor } from '../../core/server-role.js';
import { topicNameFault } from '../../core/topic.js';

export interface ServedTopicsOptions {
  readonly router: Router;
  readonly rights: (visitor: Visitor) => TopicRights;
  readonly clock: Clock;
  readonly log: Log;
}

let watchers = 0;

/** @param server - its name, for the origin of what is published */
export function servedTopics(server: string, visitor: Visitor, o: ServedTopicsOptions): ServedTopics {
  const { router, clock, log } = o;
  const rights = o.rights(visitor);
  const origin: Origin = `client:${visitor.clientId}`;
  return {
    mayPublish: (topic) => rights.mayPublish(topic),
    mayReceive: (topic) => rights.mayReceive(topic),
    async publish(topic, payload, { retain, qos, contentType, expiresAfter }) {
      if (topicNameFault(topic) !== undefined || topic.startsWith('$')) return 'invalid';
      if (!rights.mayPublish(topic)) return 'forbidden';
      const receivedAt = clock.now();
      const message = createMessage({
        topic,
        payload: Buffer.from(payload),
        qos,
        retain,
        origin,
        receivedAt,
        properties: contentType === undefined ? undefined : { contentType },
        ...(expiresAfter === undefined ? {} : { expiresAt: receivedAt + expiresAfter }),
      });
      try {
        await router.publish(message);
        return 'published';
      } catch (error) {
        log.debug({ server, code: toGatewayError(error).code }, 'a message was not taken');
        return 'failed';
      }
    },
    last(topic) {
      if (topicNameFault(topic) !== undefined) return undefined;
      if (!rights.mayReceive(topic)) return 'forbidden';
      for (const message of router.retained(topic)) return servedMessage(message);
      return undefined;
    },
    *retained(filter) {
      for (const message of router.retained(filter)) {
        if (rights.mayReceive(message.topic)) yield servedMessage(message);
      }
    },
    watch(topic, onMessage) {
      if (topicNameFault(topic) !== undefined || !rights.maySubscribe(topic)) return undefined;
      const attachment = router.attach({
        id: `${server} ${visitor.clientId} ${++watchers}`,
        kind: 'device',
        origin: `client:${visitor.clientId} (watching)`,
        durable: false,
        mayReceive: (one) => rights.mayReceive(one),
        deliver(message) {
          onMessage(servedMessage(message));
          return true;
        },
      });
      // What is retained is asked for by last().
      for (const _ of attachment.subscribe(subscriptionTo(topic, { retainHandling: 2 })));
      return attachment;
    },
  };
}

function servedMessage({ topic, payload, properties, expiresAt }: Message): ServedMessage {
  return { topic, payload, contentType: properties?.contentType, expiresAt };
}
