import type { ListenerLimits } from '../../core/config.js';
import type { Session } from '../session.js';
import type { Permit, Route } from './route.js';

/** The connection as it is seen from here; and what is remembered of it. */
export interface FastClient {
  readonly session: Session;
  readonly isVersion5: boolean;
  readonly maximumPacketSize: number;
  readonly limits: ListenerLimits;
  /** Acknowledgements wait for the disk or for a function. */
  readonly isBehind: boolean;
  readonly isOver: boolean;
  /** Whom verdicts on publishing are about; another once its identity or the rules have changed. */
  permit: Permit | undefined;
  /** {@link permit} is as of these. */
  identity: number;
  revision: number;
  /** Of the last PUBLISH. */
  route: Route | undefined;
  /** Writes a packet of four bytes. */
  answer(first: number, high: number, low: number): void;
  /** Writes PINGRESP. */
  pong(): void;
}
