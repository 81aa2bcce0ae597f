import { createServer } from "node:tls";
import { peerCertificate } from "./peer-certificate.js";
const HANDSHAKE_TIMEOUT = 12e4;
class TlsHandshakes {
  #server;
  #isRequired;
  #securing = /* @__PURE__ */ new WeakMap();
  constructor(config, certificates) {
    this.#isRequired = config.clientCertificate === "required";
    const options = {
      ...certificates.contextOptions,
      requestCert: config.clientCertificate !== "none",
      rejectUnauthorized: this.#isRequired,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      SNICallback: (serverName, callback) => callback(null, certificates.contextFor(serverName)),
      ...config.alpn.length > 0 && { ALPNProtocols: [...config.alpn] }
    };
    this.#server = createServer(options);
    this.#server.on("secureConnection", (socket) => this.#secured(socket));
    this.#server.on("tlsClientError", (error, socket) => {
      const reason = `TLS: ${error.reason ?? (error.message || error.code)}`;
      const securing = this.#taken(socket);
      this.#end(socket, () => securing?.onFailed(reason));
    });
  }
  /** Begins the handshake; its time is limited by the caller. */
  secure(socket, securing) {
    this.#securing.set(socket, securing);
    this.#server.emit("connection", socket);
  }
  /** For handshakes from now on. Tickets of before are worth nothing any more: who resumes is checked anew. */
  replace(certificates) {
    this.#server.setSecureContext(certificates.contextOptions);
  }
  #secured(socket) {
    socket.on("error", () => {
    });
    const securing = this.#taken(socket);
    const certificate = peerCertificate(socket);
    const isRefused = certificate === void 0 ? this.#isRequired : !certificate.verified;
    if (securing === void 0 || isRefused) {
      const reason = `TLS: ${socket.authorizationError ?? "no client certificate"}`;
      this.#end(socket, () => securing?.onFailed(reason));
      return;
    }
    securing.onSecure(socket, certificate);
  }
  /** Not within its own events: OpenSSL is still at work then, and destroying the socket below it ends the process. */
  #end(socket, onEnded) {
    setImmediate(() => {
      socket.destroy();
      onEnded();
    });
  }
  #taken(socket) {
    const { _parent: parent } = socket;
    if (parent === void 0) return void 0;
    const securing = this.#securing.get(parent);
    this.#securing.delete(parent);
    return securing;
  }
}
export {
  TlsHandshakes
};
//# sourceMappingURL=tls.js.map
