import { ReasonCode, Refusal } from "../reason-codes.js";
import { PINGRESP } from "../wire/encode.js";
import { handleAuth } from "./auth.js";
import { handleConnect } from "./connect.js";
import { handleDisconnect } from "./disconnect.js";
import { handlePuback } from "./puback.js";
import { handlePubcomp } from "./pubcomp.js";
import { handlePublish } from "./publish.js";
import { handlePubrec } from "./pubrec.js";
import { handlePubrel } from "./pubrel.js";
import { handleSubscribe } from "./subscribe.js";
import { handleUnsubscribe } from "./unsubscribe.js";
function dispatch(client, packet) {
  const { session } = client;
  if (session === void 0) return beforeSession(client, packet);
  switch (packet.type) {
    case "publish":
      return handlePublish(client, session, packet);
    case "puback":
      return handlePuback(session, packet);
    case "pubrec":
      return handlePubrec(client, session, packet);
    case "pubrel":
      return handlePubrel(client, session, packet);
    case "pubcomp":
      return handlePubcomp(session, packet);
    case "subscribe":
      return handleSubscribe(client, session, packet);
    case "unsubscribe":
      return handleUnsubscribe(client, session, packet);
    case "pingreq":
      client.send(PINGRESP);
      return void 0;
    case "disconnect":
      return handleDisconnect(client, session, packet);
    case "auth":
      return handleAuth(client, packet);
    case "connect":
      return new Refusal(ReasonCode.protocolError, "a second CONNECT");
  }
}
function beforeSession(client, packet) {
  switch (packet.type) {
    case "connect":
      return handleConnect(client, packet);
    case "auth":
      return handleAuth(client, packet);
    case "disconnect":
      client.leave(ReasonCode.success);
      return void 0;
    default:
      return new Refusal(ReasonCode.protocolError, "a packet before the authentication is complete");
  }
}
export {
  dispatch
};
//# sourceMappingURL=dispatch.js.map
