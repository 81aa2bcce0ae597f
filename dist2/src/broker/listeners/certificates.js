import { constants } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  authoritiesFault,
  keyPairFault,
  makeContext,
  parseCertificates,
  parseRevocationLists,
  revocationFault,
  validityOf
} from "../../core/certificates.js";
import { errorView } from "../../core/errors.js";
import { brokerError } from "../errors.js";
import { FileWatch } from "./file-watch.js";
const DAY = 864e5;
const NOTICE = 14 * DAY;
class Certificates {
  #options;
  #watch;
  #loaded;
  #bySni = /* @__PURE__ */ new Map();
  /** The files changed to something that cannot be used; what was read before is in use. */
  #rejected;
  /** Codes of the alarms that were logged. */
  #told = /* @__PURE__ */ new Set();
  /** @throws GatewayError BROKER_CERTIFICATE_INVALID. Dates alone do not keep it from starting: the clock of a box may be wrong. */
  constructor(options) {
    this.#options = options;
    this.#watch = new FileWatch(
      filesOf(options.config),
      options.clock,
      () => this.#reload(),
      () => this.#tellAlarms()
    );
    this.#loaded = load(options);
    this.#index();
    this.#tellAlarms();
    this.#watch.start();
  }
  /** Of the pair of the listener itself. */
  get contextOptions() {
    return this.#loaded.pairs[0].options;
  }
  /** The context for a Server Name Indication (RFC 6066 §3); undefined: that of the listener. */
  contextFor(serverName) {
    const name = serverName.toLowerCase();
    return this.#bySni.get(name) ?? this.#bySni.get(`*${name.slice(name.indexOf("."))}`);
  }
  alarms() {
    const now = this.#options.clock.now();
    const found = [];
    const add = (severity, since, error) => found.push({ severity, subject: `listener:${this.#options.name}`, since, error: errorView(error) });
    if (this.#rejected !== void 0) add("error", this.#rejected.since, this.#rejected.error);
    for (const { certificate, file } of this.#loaded.pairs) {
      const { notBefore, notAfter } = validityOf(certificate);
      const details = { file, serial: certificate.serialNumber };
      if (now > notAfter) {
        const text = `the certificate ${file} expired on ${day(notAfter)}`;
        add("error", notAfter, brokerError("BROKER_CERTIFICATE_EXPIRED", text, { details }));
      } else if (now < notBefore) {
        const text = `the certificate ${file} is valid from ${day(notBefore)} on`;
        add("error", now, brokerError("BROKER_CERTIFICATE_NOT_YET_VALID", text, { details }));
      } else if (notAfter - now < NOTICE) {
        const text = `the certificate ${file} expires on ${day(notAfter)}`;
        add("warn", notAfter - NOTICE, brokerError("BROKER_CERTIFICATE_EXPIRES", text, { details }));
      }
    }
    for (const { file, nextUpdate } of this.#loaded.lists) {
      if (now <= nextUpdate) continue;
      const text = `the revocation list ${file} is out of date since ${day(nextUpdate)}: no client certificate is accepted`;
      add("error", nextUpdate, brokerError("BROKER_REVOCATION_LIST_EXPIRED", text, { details: { file } }));
    }
    return found;
  }
  [Symbol.dispose]() {
    this.#watch[Symbol.dispose]();
  }
  #reload() {
    const { log, clock, onReplaced } = this.#options;
    try {
      const next = load(this.#options);
      this.#refuseWorse(next);
      this.#loaded = next;
    } catch (cause) {
      const error = cause;
      this.#rejected = { since: clock.now(), error };
      log.error(
        { listener: this.#options.name, error: error.message, hint: error.hint },
        "new certificate files are not used"
      );
      return;
    }
    this.#rejected = void 0;
    this.#index();
    onReplaced(this.contextOptions);
    for (const { certificate, file } of this.#loaded.pairs) {
      const { serialNumber: serial, validTo } = certificate;
      log.info({ listener: this.#options.name, file, serial, validTo }, "certificate files were read again");
    }
    this.#told.clear();
    this.#tellAlarms();
  }
  /** A pair out of its time does not replace one that is in its time. @throws GatewayError */
  #refuseWorse(next) {
    const now = this.#options.clock.now();
    for (const { certificate, file, serverName } of next.pairs) {
      const before = this.#loaded.pairs.find((one) => one.serverName === serverName);
      if (isInTime(certificate, now) || before === void 0 || !isInTime(before.certificate, now)) continue;
      const { notBefore, notAfter } = validityOf(certificate);
      const text = now > notAfter ? `expired on ${day(notAfter)}` : `is valid from ${day(notBefore)} on`;
      throw invalid(`the new certificate in ${file} ${text}`, "put a certificate there that is valid today");
    }
  }
  #index() {
    this.#bySni = /* @__PURE__ */ new Map();
    for (const { serverName, context } of this.#loaded.pairs)
      if (serverName !== void 0) this.#bySni.set(serverName, context);
  }
  /** Each once, when it comes up; the rejected files were told with their reason. */
  #tellAlarms() {
    for (const { severity, error } of this.alarms()) {
      const key = `${error.code} ${error.message}`;
      if (error.code === "BROKER_CERTIFICATE_INVALID" || this.#told.has(key)) continue;
      this.#told.add(key);
      this.#options.log[severity]({ listener: this.#options.name, code: error.code, hint: error.hint }, error.message);
    }
  }
}
function filesOf({ cert, key, sni, clientCa, crl }) {
  const sources = [{ cert, key }, ...Object.values(sni)].flatMap((pair) => [pair.cert, pair.key]);
  return [...sources, clientCa, ...crl].filter((one) => typeof one === "string");
}
function load({ config }) {
  const { clientCa, crl, clientCertificate, minVersion, ciphers } = config;
  const ca = clientCa === void 0 ? void 0 : readPem(clientCa);
  if (ca !== void 0) check(authoritiesFault(ca), { clientCa });
  const lists = crl.map((file) => ({ file, pem: readPem(file) }));
  for (const { file, pem } of lists) check(revocationFault(pem), { crl: file });
  const shared = {
    minVersion,
    ...ciphers !== void 0 && { ciphers, honorCipherOrder: true },
    // Without an authority of its own the server would trust those of the runtime.
    ...clientCertificate !== "none" && { ca: ca ?? [] },
    ...lists.length > 0 && { crl: lists.map(({ pem }) => pem) },
    // TLS 1.2 renegotiation: never (RFC 5246 allows to refuse with no_renegotiation); TLS 1.3 has none.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION
  };
  const pairs = Object.entries(config.sni).map(([serverName, pair]) => loadPair(serverName, pair, shared));
  return {
    pairs: [loadPair(void 0, config, shared), ...pairs],
    lists: lists.flatMap(({ file, pem }) => parseRevocationLists(pem).map(({ nextUpdate }) => ({ file, nextUpdate })))
  };
}
function loadPair(serverName, pair, shared) {
  const cert = readPem(pair.cert);
  const key = typeof pair.key === "string" ? readPem(pair.key) : pair.key;
  const files = { cert: pair.cert, key: typeof pair.key === "string" ? pair.key : "the key" };
  check(keyPairFault(cert, key), files);
  const options = { ...shared, cert, key };
  const context = makeContext(options);
  if ("part" in context) throw check(context, files);
  return { serverName, file: pair.cert, certificate: parseCertificates(cert)[0], options, context };
}
function readPem(file) {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw invalid(
      `cannot read ${file}: ${cause.message}`,
      "check the path and who may read the file",
      cause
    );
  }
}
function check(fault, files) {
  if (fault === void 0) return void 0;
  throw invalid(`${files[fault.part] ?? fault.part} ${fault.message}`, fault.hint);
}
function invalid(message, hint, cause) {
  return brokerError("BROKER_CERTIFICATE_INVALID", message, cause === void 0 ? { hint } : { hint, cause });
}
function isInTime(certificate, now) {
  const { notBefore, notAfter } = validityOf(certificate);
  return notBefore <= now && now <= notAfter;
}
function day(time) {
  return new Date(time).toISOString().slice(0, 10);
}
export {
  Certificates
};
//# sourceMappingURL=certificates.js.map
