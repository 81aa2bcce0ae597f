/** What a connection to an MQTT broker is opened with. */
import type { Clock } from '../../core/clock.js';
import type { LinkConfig } from '../../core/config.js';
import type { QoS } from '../../core/message.js';
import type { FarMemory } from '../far-memory.js';
import type { FarSideEvents } from '../far-side.js';

export interface Will {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
}

export type ConnectionConfig = Pick<
  LinkConfig,
  'url' | 'protocolVersion' | 'username' | 'password' | 'keepAlive' | 'sessionExpiry' | 'bridge' | 'tls'
>;

export interface MqttOptions {
  readonly config: ConnectionConfig;
  /** Empty: the far side gives one (5.0). */
  readonly clientId: string;
  /** Always retained. */
  readonly will: Will | undefined;
  readonly clock: Clock;
  readonly events: FarSideEvents;
  /** What is known of the session at this far side. */
  readonly memory: FarMemory;
  /** Of CONNECT. */
  readonly userProperties?: readonly (readonly [name: string, value: string])[];
  /** Address of this machine to connect from. */
  readonly localAddress?: string;
}
