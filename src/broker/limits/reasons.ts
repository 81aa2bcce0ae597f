/** Why the broker turned something away: closed lists, a plain counter for each. Figures publish them by name. */

/** A connection that was not let in. */
export const refusalReasons = [
  'connections',
  'connectionsPerAddress',
  'connectionsPerUser',
  'pendingConnections',
  'connectRate',
  'connectRatePerAddress',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** A connection that the broker ended. */
export const endReasons = [
  /** Malformed, or against the protocol. */
  'protocol',
  'connectTimeout',
  'keepAlive',
  /** It takes nothing any more. */
  'stalled',
  /** It takes less than is sent to it, and the policy is to disconnect. */
  'slowConsumer',
  'messageRate',
  'incompletePacket',
  /** Its session held most when the memory for waiting messages was used up. */
  'memory',
] as const;
export type EndReason = (typeof endReasons)[number];

/** Why a client was not read for a while; nothing is lost by it. */
export const throttleReasons = ['messageRate', 'byteRate'] as const;
export type ThrottleReason = (typeof throttleReasons)[number];

export type Counts<Reason extends string> = Record<Reason, number>;

export function zeroCounts<Reason extends string>(reasons: readonly Reason[]): Counts<Reason> {
  return Object.fromEntries(reasons.map((reason) => [reason, 0])) as Counts<Reason>;
}
