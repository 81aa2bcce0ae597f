/** Reason Codes of MQTT 5.0 §2.4, and the few answers MQTT 3.1.1 has in their place. */

export const ReasonCode = {
  success: 0x00,
  disconnectWithWillMessage: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reAuthenticate: 0x19,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  connectionRateExceeded: 0x9f,
} as const;

export type ReasonCode = (typeof ReasonCode)[keyof typeof ReasonCode];

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

/** Something the peer may not do: the answer it gets, and why. A value, not an exception: peers misbehave every day. */
export class Refusal {
  readonly reasonCode: ReasonCode;
  /** For the log and the Reason String; constant text, no content of the packet. */
  readonly reason: string;

  constructor(reasonCode: ReasonCode, reason: string) {
    this.reasonCode = reasonCode;
    this.reason = reason;
  }
}
