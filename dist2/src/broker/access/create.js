import { isIP } from "node:net";
import { SCRAM_SHA_256 } from "../../core/scram.js";
import { ReasonCode, Refusal } from "../reason-codes.js";
import { Accounts } from "./accounts.js";
import { certificateUser } from "./certificate.js";
import { looksLikeToken, TokenVerifier } from "./jwt.js";
import { Passwords } from "./passwords.js";
import { PolicyPermissions } from "./permissions.js";
import { fitsOne, Policy } from "./policy.js";
import { parseClientFirst, ScramServer } from "./scram.js";
import { networkOf, Throttle } from "./throttle.js";
const wrong = new Refusal(ReasonCode.badUserNameOrPassword, "the user or password is wrong");
const needed = new Refusal(ReasonCode.badUserNameOrPassword, "anonymous clients are not allowed");
const tooOften = new Refusal(
  ReasonCode.serverBusy,
  "too many failed logins, or too many logins at once: wait a little"
);
const otherUser = new Refusal(
  ReasonCode.badUserNameOrPassword,
  "the user name is not that of the certificate or token"
);
const notOffered = new Refusal(ReasonCode.badAuthenticationMethod, "this authentication method is not offered");
const disabled = new Refusal(ReasonCode.notAuthorized, "the user is disabled");
const removed = new Refusal(ReasonCode.notAuthorized, "the user was removed");
const notItsClient = new Refusal(ReasonCode.notAuthorized, "the user may not use this Client Identifier");
const noAccess = {
  users: [],
  rules: [],
  configuredRules: [],
  subscriptions: "inside",
  jwt: void 0,
  certificate: void 0,
  usersFile: void 0
};
function createAccess(options) {
  return new Gatekeeper(options);
}
class Gatekeeper {
  #clock;
  #log;
  #statistics;
  #throttle;
  #passwords = new Passwords();
  /** Refusals that are told late, and what tells them at once. */
  #held = /* @__PURE__ */ new Map();
  #config;
  #accounts;
  #tokens;
  #policy;
  #shared;
  #revision = 0;
  constructor({ config = noAccess, clock, log, statistics }) {
    this.#clock = clock;
    this.#log = log;
    this.#statistics = statistics;
    this.#throttle = new Throttle({ clock, log });
    this.replace(config);
  }
  replace(config) {
    this.#config = config;
    this.#accounts = new Accounts(config.users);
    this.#tokens = config.jwt === void 0 ? void 0 : new TokenVerifier(config.jwt, this.#clock);
    this.#policy = new Policy(config);
    this.#shared = /* @__PURE__ */ new Map();
    this.#revision++;
  }
  get policy() {
    return this.#policy;
  }
  get shared() {
    return this.#shared;
  }
  get revision() {
    return this.#revision;
  }
  rolesOf(user) {
    return user === void 0 ? [] : this.#accounts.get(user)?.config.roles ?? [];
  }
  authenticate(credentials) {
    const { peer, username, password } = credentials;
    const { certificate } = this.#config;
    const named = certificate === void 0 || !offers(peer, "certificate") ? void 0 : certificateUser(peer.certificate, certificate);
    if (named !== void 0 && username !== void 0 && username !== named) return this.#refuse(otherUser);
    const hasTokens = this.#tokens !== void 0 && offers(peer, "jwt");
    const hasPasswords = this.#accounts.hasPasswords && offers(peer, "password");
    if (password === void 0 || !(hasTokens || hasPasswords)) {
      if (named !== void 0) return this.#identity(credentials, { user: named, isAccount: false });
      const isNobody = username === void 0 && password === void 0;
      if (peer.listener.auth.anonymous && (isNobody || !(hasTokens || hasPasswords))) {
        return this.#identity(credentials, { user: void 0, isAccount: false });
      }
      return this.#refuse(isNobody ? needed : wrong);
    }
    const user = username ?? named;
    if (this.#throttle.isBlocked(peer.host, user ?? "")) return this.#turnedAway();
    if (hasTokens && looksLikeToken(password)) return this.#token(this.#tokens, credentials, user, password);
    if (!hasPasswords || user === void 0) return this.#failed(peer, user ?? "");
    if (this.#passwords.isKnown(this.#accounts, user, password)) return this.#known(credentials, user);
    return this.#password(credentials, user, password);
  }
  exchange(method, credentials) {
    const { peer } = credentials;
    if (method !== SCRAM_SHA_256 || !this.#accounts.hasScram || !offers(peer, "scram")) return notOffered;
    let scram;
    return {
      step: (data) => {
        if (scram === void 0) {
          const first = parseClientFirst(data);
          if (first instanceof Refusal) return first;
          const { user: user2 } = first;
          if (this.#throttle.isBlocked(peer.host, user2)) return this.#turnedAway();
          const real = this.#accounts.get(user2)?.scram;
          const server2 = new ScramServer(first, real ?? this.#accounts.scramDecoy(user2));
          scram = { server: server2, user: user2, isReal: real !== void 0 };
          return { result: "continue", data: server2.serverFirst };
        }
        const { server, user, isReal } = scram;
        const final = server.finish(data);
        if (final instanceof Refusal || !isReal) {
          return final instanceof Refusal && final.reasonCode === ReasonCode.protocolError ? final : this.#failed(peer, user);
        }
        const identity = this.#known(credentials, user);
        return identity instanceof Refusal ? identity : { result: "success", identity, data: final };
      }
    };
  }
  [Symbol.dispose]() {
    for (const tell of [...this.#held.values()]) tell();
    this.#throttle[Symbol.dispose]();
  }
  async #password(credentials, user, password) {
    const { host } = credentials.peer;
    const isRight = await this.#passwords.check(
      this.#accounts,
      user,
      password,
      networkOf(host),
      () => this.#throttle.isBlocked(host, user)
    );
    if (isRight === void 0) return this.#turnedAway();
    return isRight ? this.#known(credentials, user) : this.#failed(credentials.peer, user);
  }
  async #token(tokens, credentials, user, token) {
    const bearer = await tokens.verify(Buffer.from(token));
    const { peer, clientId } = credentials;
    if (typeof bearer === "string") {
      this.#log.debug({ clientId, address: peer.address, reason: bearer }, "token refused");
      return this.#failed(peer, user ?? "");
    }
    if (user !== void 0 && user !== bearer.user) return this.#refuse(otherUser);
    const { roles, rules, expiresAt } = bearer;
    const proof = { isAccount: false, tokenRoles: roles, tokenRules: rules, expiresAt };
    return this.#identity(credentials, { user: bearer.user, ...proof });
  }
  /** The password was right, or the proof of SCRAM. */
  #known(credentials, user) {
    this.#throttle.succeeded(credentials.peer.host, user);
    return this.#identity(credentials, { user, isAccount: true });
  }
  #identity(credentials, proof) {
    const { peer, clientId } = credentials;
    const { user, isAccount, tokenRoles = [], tokenRules, expiresAt = Number.POSITIVE_INFINITY } = proof;
    const standing = () => {
      const account = user === void 0 ? void 0 : this.#accounts.get(user)?.config;
      if (account === void 0) return isAccount ? removed : void 0;
      if (account.disabled) return disabled;
      return account.clientIds === void 0 || fitsOne(account.clientIds, clientId) ? void 0 : notItsClient;
    };
    const refusal = standing();
    if (refusal !== void 0) return this.#refuse(refusal);
    const { certificate } = peer;
    const commonName = certificate?.verified === true ? certificate.commonName : void 0;
    const bearings = { user, clientId, commonName, tokenRoles, tokenRules, isLocal: isLocal(peer.host) };
    return { user, permissions: new PolicyPermissions(this, bearings), expiresAt, standing };
  }
  /** Wrong: counted, and told late where that happens often. */
  #failed(peer, user) {
    this.#statistics.loginsFailed++;
    const delay = this.#throttle.failed(peer.host, user);
    if (delay === 0) return wrong;
    return new Promise((resolve) => {
      const tell = () => {
        timer.cancel();
        if (!this.#held.delete(timer)) return;
        this.#throttle.released(peer.host);
        resolve(wrong);
      };
      const timer = this.#clock.after(delay, tell);
      this.#held.set(timer, tell);
    });
  }
  #refuse(refusal) {
    this.#statistics.loginsFailed++;
    return refusal;
  }
  #turnedAway() {
    this.#statistics.loginsTurnedAway++;
    return tooOften;
  }
}
function offers({ listener }, method) {
  return listener.auth.methods?.includes(method) ?? true;
}
function isLocal(host) {
  const network = networkOf(host);
  return isIP(network) === 0 ? host === "::1" || !network.includes(":") : network.startsWith("127.");
}
export {
  createAccess
};
//# sourceMappingURL=create.js.map
