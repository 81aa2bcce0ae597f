/** Reason Codes in figures, and the few answers MQTT 3.1.1 has in their place. */
import { ReasonCode } from '../core/mqtt/reason-codes.js';

export { ReasonCode, Refusal } from '../core/mqtt/reason-codes.js';

const names = new Map(
  Object.entries(ReasonCode).map(([name, code]) => [
    code,
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  ]),
);

/** `session_taken_over`, for figures. */
export function reasonName(reasonCode: ReasonCode): string {
  return names.get(reasonCode) ?? 'unspecified_error';
}

/** §2.4: 0x80 and above is a failure. */
export function isFailure(reasonCode: number): boolean {
  return reasonCode >= 0x80;
}

/** MQTT 3.1.1 §3.2.2.3: the Connect Return Code that says the same; undefined: the connection is closed without an answer. */
export function connectReturnCode(reasonCode: ReasonCode): number | undefined {
  switch (reasonCode) {
    case ReasonCode.success:
      return 0x00;
    case ReasonCode.unsupportedProtocolVersion:
      return 0x01;
    case ReasonCode.clientIdentifierNotValid:
      return 0x02;
    case ReasonCode.serverUnavailable:
    case ReasonCode.serverBusy:
    case ReasonCode.serverShuttingDown:
    case ReasonCode.quotaExceeded:
    case ReasonCode.connectionRateExceeded:
    case ReasonCode.useAnotherServer:
    case ReasonCode.serverMoved:
      return 0x03;
    case ReasonCode.badUserNameOrPassword:
      return 0x04;
    case ReasonCode.notAuthorized:
    case ReasonCode.topicNameInvalid:
      return 0x05;
    default:
      return undefined;
  }
}
