/** Tries an endpoint beside the connection in use, as another client, and gives it a message to acknowledge. */
import type { Clock } from '../core/clock.js';
import type { LinkConfig } from '../core/config.js';
import { type GatewayError, toGatewayError } from '../core/errors.js';
import { type DialTls, dial } from './dial.js';
import { type Endpoint, placeOf, urlOf } from './endpoint.js';
import { FarMemories } from './far-memory.js';
import type { FarSide } from './far-side.js';

const ACK_TIMEOUT = 10_000;

export interface ProbeOptions {
  readonly config: LinkConfig;
  readonly endpoint: Endpoint;
  /** May throw. */
  readonly tls: () => DialTls | undefined;
  /** Of the link itself; that session must not be taken over. */
  readonly clientId: string;
  /** undefined: that it takes the connection is enough. */
  readonly heartbeatTopic: string | undefined;
  readonly clock: Clock;
}

/** @returns how long a message took to be acknowledged, ms; undefined: it does not work */
export async function probe(options: ProbeOptions, signal: AbortSignal): Promise<number | undefined> {
  const { endpoint, tls, clock, heartbeatTopic } = options;
  let far: FarSide | undefined;
  let dialledMs: number | undefined;
  try {
    const before = clock.monotonic();
    const { socket } = await dial(endpoint, tls(), clock, signal);
    dialledMs = clock.monotonic() - before;
    let acknowledged: () => void = () => {};
    const acknowledgement = new Promise<void>((resolve) => {
      acknowledged = resolve;
    });
    const events = {
      onMessage: async () => {},
      onAcknowledged: () => acknowledged(),
      onDrain: () => {},
    };
    const { openMqtt } = await import('./kinds/mqtt.js');
    const clientId = `${options.clientId}-probe`;
    const config = { ...options.config, url: urlOf(endpoint), sessionExpiry: 0 };
    const memory = new FarMemories(undefined, new Set()).of('', '');
    const opened = async () => ({ socket, far: placeOf(endpoint) });
    far = await openMqtt({ config, clientId, will: undefined, clock, events, memory, dial: opened }, signal);
    if (heartbeatTopic === undefined) return dialledMs;
    const sentAt = clock.monotonic();
    const payload = Buffer.from('probe');
    far.publish({ topic: heartbeatTopic, payload, qos: 1, retain: false, packetId: 1, dup: false, ...NOTHING });
    const timeout = new AbortController();
    const late = clock.sleep(ACK_TIMEOUT, timeout.signal).then(
      () => undefined,
      () => undefined,
    );
    const rtt = await Promise.race([
      acknowledgement.then(() => clock.monotonic() - sentAt),
      far.closed.then(() => undefined),
      late,
    ]);
    timeout.abort();
    return rtt;
  } catch (cause) {
    if (signal.aborted) throw cause;
    return isIdentityRefused(toGatewayError(cause)) ? dialledMs : undefined;
  } finally {
    far?.close(false);
    await far?.closed;
  }
}

const NOTHING = { properties: undefined, expirySeconds: undefined } as const;

/** It answered; that it wants to know nothing of the client of a probe does not mean that it is out of order. */
function isIdentityRefused({ code }: GatewayError): boolean {
  return code === 'LINK_AUTH' || code === 'LINK_REFUSED';
}
