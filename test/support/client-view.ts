/** A client as the gateway shows it, with what a test wants to be different. */
import type { ClientView, MessageView } from '../../src/api/contract.js';

export function clientView(now: number, more: Partial<ClientView> & { readonly clientId: string }): ClientView {
  const connected = more.connected ?? true;
  return {
    protocol: '5.0',
    connected,
    address: '10.0.0.12:51022',
    since: now - 3_600_000,
    keepAlive: 60_000,
    subscriptions: 4,
    inflight: 0,
    queued: 0,
    received: 12,
    sent: 401_222,
    dropped: 0,
    user: null,
    listener: 'tcp:127.0.0.1:1883',
    transport: 'tcp',
    lastPacketAt: now - 5_000,
    sessionExpiry: connected ? 0 : 3_600_000,
    expiresAt: connected ? null : now + 1_800_000,
    inflightIn: 0,
    queuedBytes: 0,
    in: { messages: [10, 2, 0], bytes: [1_000, 200, 0] },
    out: { messages: [400_000, 1_222, 0], bytes: [40_000_000, 122_200, 0] },
    droppedBy: {},
    expired: 0,
    refused: 0,
    ...more,
  };
}

export function message(at: number, topic: string, text: string, retain: boolean): MessageView {
  return { topic, text, bytes: Buffer.byteLength(text), qos: 1, retain, origin: 'device', at };
}
