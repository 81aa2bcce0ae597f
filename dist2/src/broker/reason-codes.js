const ReasonCode = {
  success: 0,
  disconnectWithWillMessage: 4,
  noSubscriptionExisted: 17,
  continueAuthentication: 24,
  reAuthenticate: 25,
  unspecifiedError: 128,
  malformedPacket: 129,
  protocolError: 130,
  implementationSpecificError: 131,
  unsupportedProtocolVersion: 132,
  clientIdentifierNotValid: 133,
  badUserNameOrPassword: 134,
  notAuthorized: 135,
  serverUnavailable: 136,
  serverBusy: 137,
  serverShuttingDown: 139,
  badAuthenticationMethod: 140,
  keepAliveTimeout: 141,
  sessionTakenOver: 142,
  topicFilterInvalid: 143,
  topicNameInvalid: 144,
  packetIdentifierNotFound: 146,
  receiveMaximumExceeded: 147,
  topicAliasInvalid: 148,
  packetTooLarge: 149,
  messageRateTooHigh: 150,
  quotaExceeded: 151,
  payloadFormatInvalid: 153,
  useAnotherServer: 156,
  serverMoved: 157,
  connectionRateExceeded: 159
};
function isFailure(reasonCode) {
  return reasonCode >= 128;
}
class Refusal {
  reasonCode;
  /** For the log and the Reason String; constant text, no content of the packet. */
  reason;
  constructor(reasonCode, reason) {
    this.reasonCode = reasonCode;
    this.reason = reason;
  }
}
function connectReturnCode(reasonCode) {
  switch (reasonCode) {
    case ReasonCode.success:
      return 0;
    case ReasonCode.unsupportedProtocolVersion:
      return 1;
    case ReasonCode.clientIdentifierNotValid:
      return 2;
    case ReasonCode.serverUnavailable:
    case ReasonCode.serverBusy:
    case ReasonCode.serverShuttingDown:
    case ReasonCode.quotaExceeded:
    case ReasonCode.connectionRateExceeded:
    case ReasonCode.useAnotherServer:
    case ReasonCode.serverMoved:
      return 3;
    case ReasonCode.badUserNameOrPassword:
      return 4;
    case ReasonCode.notAuthorized:
    case ReasonCode.topicNameInvalid:
      return 5;
    default:
      return void 0;
  }
}
export {
  ReasonCode,
  Refusal,
  connectReturnCode,
  isFailure
};
//# sourceMappingURL=reason-codes.js.map
