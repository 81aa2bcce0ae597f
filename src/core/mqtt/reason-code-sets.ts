/** Which Reason Codes a packet may have (MQTT 5.0 §2.4 and the table of each packet). */
import { ReasonCode } from './reason-codes.js';

const publishAnswers: ReadonlySet<number> = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const releaseAnswers: ReadonlySet<number> = new Set([0x00, 0x92]);

/** What a client may send. */
export const allowedReasonCodes = {
  puback: publishAnswers,
  pubrec: publishAnswers,
  pubrel: releaseAnswers,
  pubcomp: releaseAnswers,
  disconnect: new Set([
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
  ]) as ReadonlySet<number>,
  /** Success is for the server to say. */
  auth: new Set([0x18, 0x19]) as ReadonlySet<number>,
} as const;

/** §3.2.2.2, table 3-1; success aside. */
const refusals: ReadonlySet<number> = new Set([
  0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c,
  0x9d, 0x9f,
]);
/** §3.14.2.1, table 3-10, as far as a server sends them. */
const partings: ReadonlySet<number> = new Set([
  0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
  0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
]);

/** The code itself, or the nearest that CONNACK may have [MQTT-3.2.2-8]. */
export function connackReasonCode(reasonCode: ReasonCode): ReasonCode {
  if (refusals.has(reasonCode)) return reasonCode;
  return reasonCode === ReasonCode.serverShuttingDown ? ReasonCode.serverUnavailable : ReasonCode.unspecifiedError;
}

/** The code itself, or the nearest that DISCONNECT of a server may have [MQTT-3.14.2-1]. */
export function disconnectReasonCode(reasonCode: ReasonCode): ReasonCode {
  if (partings.has(reasonCode)) return reasonCode;
  switch (reasonCode) {
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.badAuthenticationMethod:
    case ReasonCode.clientIdentifierNotValid:
      return ReasonCode.notAuthorized;
    case ReasonCode.serverUnavailable:
      return ReasonCode.serverBusy;
    default:
      return ReasonCode.unspecifiedError;
  }
}
