/** Session Expiry Interval (MQTT 5.0 §3.1.2.11.2). */

const NEVER = 0xffff_ffff;

/** @param seconds - as on the wire; all ones: never. @returns ms */
export function expiryMs(seconds: number): number {
  return seconds === NEVER ? Number.POSITIVE_INFINITY : seconds * 1_000;
}
