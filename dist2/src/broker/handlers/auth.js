import { ReasonCode, Refusal } from "../reason-codes.js";
import { encodeAuth } from "../wire/encode.js";
class EnhancedAuthentication {
  method;
  #client;
  /** What it takes to prove oneself anew. */
  #credentials;
  /** Until CONNACK. */
  #onConnected;
  #exchange;
  /** @param onConnected - the client of a CONNECT is who it says */
  constructor(client, method, credentials, onConnected) {
    this.method = method;
    this.#client = client;
    this.#credentials = { ...credentials, username: void 0, password: void 0 };
    this.#onConnected = onConnected;
  }
  start(exchange, data) {
    this.#exchange = exchange;
    return this.#step(exchange, data);
  }
  continue(data) {
    if (this.#exchange !== void 0) return this.#step(this.#exchange, data);
    return new Refusal(ReasonCode.protocolError, "AUTH to continue, but no authentication is under way");
  }
  restart(data) {
    if (this.#exchange !== void 0 || this.#client.session === void 0) {
      return new Refusal(ReasonCode.protocolError, "AUTH to authenticate anew while authentication is under way");
    }
    const exchange = this.#client.broker.access.exchange(this.method, this.#credentials);
    return exchange instanceof Refusal ? failed(exchange) : this.start(exchange, data);
  }
  #step(exchange, data) {
    const step = exchange.step(data);
    return step instanceof Promise ? step.then((known) => this.#settle(known)) : this.#settle(step);
  }
  #settle(step) {
    const client = this.#client;
    if (client.isOver) return void 0;
    const { session } = client;
    if (step instanceof Refusal) return session === void 0 ? step : failed(step);
    if (step.result === "continue") return this.#answer(ReasonCode.continueAuthentication, step.data);
    this.#exchange = void 0;
    if (session === void 0) {
      const onConnected = this.#onConnected;
      this.#onConnected = void 0;
      return onConnected?.(step);
    }
    if (step.identity.user !== session.user) {
      return new Refusal(ReasonCode.notAuthorized, "authentication anew as somebody else");
    }
    session.identify(step.identity);
    return this.#answer(ReasonCode.success, step.data);
  }
  #answer(reasonCode, data) {
    const answer = encodeAuth(reasonCode, {
      authenticationMethod: this.method,
      ...data !== void 0 && { authenticationData: data }
    });
    if (answer.length > this.#client.maximumPacketSize) {
      return new Refusal(ReasonCode.packetTooLarge, "AUTH exceeds the Maximum Packet Size of the client");
    }
    this.#client.send(answer);
    return void 0;
  }
}
function failed({ reasonCode, reason }) {
  const isKept = reasonCode === ReasonCode.protocolError || reasonCode === ReasonCode.malformedPacket;
  return new Refusal(isKept ? reasonCode : ReasonCode.notAuthorized, reason);
}
function handleAuth(client, packet) {
  const { authentication } = client;
  if (authentication === void 0) {
    return new Refusal(ReasonCode.protocolError, "AUTH without an Authentication Method in CONNECT");
  }
  if (packet.authenticationMethod !== authentication.method) {
    return new Refusal(ReasonCode.protocolError, "AUTH with another Authentication Method than CONNECT");
  }
  const { reasonCode, authenticationData } = packet;
  return reasonCode === ReasonCode.reAuthenticate ? authentication.restart(authenticationData) : authentication.continue(authenticationData);
}
export {
  EnhancedAuthentication,
  handleAuth
};
//# sourceMappingURL=auth.js.map
