/** Packets, messages, connections and sessions of the broker. */
import { type Definitions, each } from './definitions.js';

export function defineMqtt({ counter, gauge }: Definitions): void {
  counter('mqtt_packets_received_total', 'MQTT control packets from clients', ({ figures }, set) =>
    set(figures.statistics.packetsReceived),
  );
  counter('mqtt_packets_sent_total', 'MQTT control packets to clients', ({ figures }, set) =>
    set(figures.statistics.packetsSent),
  );
  counter('mqtt_bytes_received_total', 'Bytes from clients', ({ figures }, set) =>
    set(figures.statistics.bytesReceived),
  );
  counter('mqtt_bytes_sent_total', 'Bytes to clients', ({ figures }, set) => set(figures.statistics.bytesSent));
  counter('mqtt_messages_received_total', 'PUBLISH packets from clients', ({ figures }, set) =>
    set(figures.statistics.publishReceived),
  );
  counter('mqtt_messages_sent_total', 'PUBLISH packets to clients', ({ figures }, set) =>
    set(figures.statistics.publishSent),
  );
  counter('mqtt_payload_bytes_received_total', 'Bytes of payloads from clients', ({ figures }, set) =>
    set(figures.statistics.publishBytesReceived),
  );
  counter('mqtt_payload_bytes_sent_total', 'Bytes of payloads to clients', ({ figures }, set) =>
    set(figures.statistics.publishBytesSent),
  );
  counter('mqtt_messages_refused_total', 'PUBLISH packets to a topic that the client may not use', ({ figures }, set) =>
    set(figures.statistics.publishRefused),
  );
  counter(
    'mqtt_messages_expired_total',
    'Messages whose Message Expiry Interval ended in a queue',
    ({ figures }, set) => set(figures.statistics.publishExpired),
  );
  counter(
    'mqtt_dropped_total',
    'Copies for a client that it will not get',
    ({ figures }, set) => each({ ...figures.statistics.ledger.drops }, set),
    'reason',
  );

  gauge(
    'mqtt_connections',
    'Open network connections',
    ({ figures }, set) => {
      for (const { name, connections } of figures.listeners) set(connections, name);
    },
    'listener',
  );
  counter('mqtt_connections_opened_total', 'Network connections that were accepted by a listener', ({ figures }, set) =>
    set(figures.statistics.connectionsOpened),
  );
  counter(
    'mqtt_connect_refused_total',
    'Connections refused before CONNACK said yes',
    ({ figures }, set) => each(figures.connectRefused, set),
    'reason',
  );
  counter(
    'mqtt_disconnected_total',
    'Connections of accepted clients that the broker ended',
    ({ figures }, set) => each(figures.disconnected, set),
    'reason',
  );
  counter(
    'mqtt_limit_refused_total',
    'Connections refused because of a limit',
    ({ figures }, set) => each(figures.statistics.refusedBy, set),
    'limit',
  );
  counter(
    'mqtt_ended_total',
    'Connections ended for a fault of the peer or a limit',
    ({ figures }, set) => each(figures.statistics.endedBy, set),
    'reason',
  );
  counter(
    'mqtt_throttled_total',
    'How often a client was not read for a while',
    ({ figures }, set) => each(figures.statistics.throttledBy, set),
    'limit',
  );
  counter(
    'mqtt_handshakes_failed_total',
    'Connections that ended before MQTT: PROXY header, TLS, WebSocket',
    ({ figures }, set) => set(figures.statistics.handshakesFailed),
  );
  counter('mqtt_logins_failed_total', 'CONNECT with credentials that were not accepted', ({ figures }, set) =>
    set(figures.statistics.loginsFailed),
  );
  counter('mqtt_logins_turned_away_total', 'CONNECT not looked at: too many failures before', ({ figures }, set) =>
    set(figures.statistics.loginsTurnedAway),
  );
  counter(
    'mqtt_subscriptions_refused_total',
    'Subscriptions that a client asked for and did not get',
    ({ figures }, set) => set(figures.statistics.subscriptionsRefused),
  );
  gauge(
    'mqtt_pending_bytes',
    'What waits in memory for clients',
    ({ figures }, set) => each({ ...figures.memory }, set),
    'of',
  );
  gauge(
    'mqtt_sessions',
    'Sessions of clients',
    ({ figures }, set) => {
      set(figures.clients.connected, 'connected');
      set(figures.clients.total - figures.clients.connected, 'away');
    },
    'state',
  );
  counter(
    'mqtt_sessions_expired_total',
    'Sessions that ended because their Session Expiry Interval was over',
    ({ figures }, set) => set(figures.statistics.sessionsExpired),
  );
  gauge('mqtt_subscriptions', 'Subscriptions, those of the gateway itself included', ({ figures }, set) =>
    set(figures.router.subscriptions),
  );
  gauge('mqtt_shared_subscriptions', 'Shared subscriptions', ({ figures }, set) => set(figures.sharedSubscriptions));
  gauge('mqtt_retained_messages', 'Retained messages', ({ figures }, set) => set(figures.router.retained));
  gauge('mqtt_stored_messages', 'Messages retained, queued and in flight', ({ figures }, set) =>
    set(figures.stored.messages),
  );
  gauge('mqtt_stored_bytes', 'Roughly what the stored messages hold', ({ figures }, set) => set(figures.stored.bytes));
  gauge('mqtt_unsent_bytes', 'Written by the broker and not yet taken by the network', ({ figures }, set) =>
    set(figures.waiting.bytes),
  );
}
