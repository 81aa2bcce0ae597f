/** Transmission parameters (RFC 7252 §4.8) and the times that follow from them. All in ms. */

export interface TransmissionParameters {
  /** ACK_TIMEOUT */
  readonly ackTimeout: number;
  /** ACK_RANDOM_FACTOR */
  readonly ackRandomFactor: number;
  /** MAX_RETRANSMIT */
  readonly maxRetransmit: number;
  /** NSTART: exchanges with one device that are neither acknowledged nor answered. */
  readonly nstart: number;
  /** PROBING_RATE, bytes per second, towards a device that does not answer Non-confirmable requests. */
  readonly probingRate: number;
  /** MAX_LATENCY */
  readonly maxLatency: number;
}

export const DEFAULT_TRANSMISSION: TransmissionParameters = {
  ackTimeout: 2_000,
  ackRandomFactor: 1.5,
  maxRetransmit: 4,
  nstart: 1,
  probingRate: 1,
  maxLatency: 100_000,
};

/** §4.8.2: from the first transmission of a Confirmable message to its last. */
export function maxTransmitSpan(t: TransmissionParameters): number {
  return t.ackTimeout * (2 ** t.maxRetransmit - 1) * t.ackRandomFactor;
}

/** §4.8.2: from the first transmission to when the sender gives up. */
export function maxTransmitWait(t: TransmissionParameters): number {
  return t.ackTimeout * (2 ** (t.maxRetransmit + 1) - 1) * t.ackRandomFactor;
}

/** §4.8.2: from the first transmission until its Message ID may be used for something else. */
export function exchangeLifetime(t: TransmissionParameters): number {
  return maxTransmitSpan(t) + 2 * t.maxLatency + t.ackTimeout;
}
