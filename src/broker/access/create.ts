/**
 * Access as the configuration lays it down.
 *
 *   certificate ─┐
 *   token ───────┼─▶ user ─▶ is it disabled, is the Client Identifier its own ─▶ Identity with the rules in force
 *   password ────┤
 *   SCRAM ───────┘       no user name and no password: anonymous, where the listener allows it
 *
 * A function that decides who may connect is asked before all of that, but for SCRAM: allow is as good as the right password,
 * deny as a wrong one. One that fails, or takes too long, lets nobody in.
 */
import { isIP } from 'node:net';
import type { Clock, Timer } from '../../core/clock.js';
import type { AccessConfig, AuthMethod } from '../../core/config.js';
import type { ConnectDecision, ConnectHook, ConnectRequest } from '../../core/function.js';
import type { Log } from '../../core/log.js';
import { SCRAM_SHA_256, sha256 } from '../../core/scram.js';
import type { TopicRights, Visitor } from '../../core/server-role.js';
import { networkOf, plainHost } from '../address.js';
import type { Peer } from '../peer.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Statistics } from '../statistics.js';
import type { ConfiguredAccess, Credentials, Exchange, Identity, Step } from './access.js';
import { Accounts } from './accounts.js';
import { certificateUser } from './certificate.js';
import { looksLikeToken, TokenVerifier } from './jwt.js';
import { Passwords } from './passwords.js';
import { PolicyPermissions } from './permissions.js';
import { fitsOne, Policy, type Rules } from './policy.js';
import { parseClientFirst, ScramServer } from './scram.js';
import { Throttle } from './throttle.js';

const wrong = new Refusal(ReasonCode.badUserNameOrPassword, 'the user or password is wrong');
const denied = new Refusal(ReasonCode.notAuthorized, 'the client may not connect');
const needed = new Refusal(ReasonCode.badUserNameOrPassword, 'anonymous clients are not allowed');
const tooOften = new Refusal(
  ReasonCode.serverBusy,
  'too many failed logins, or too many logins at once: wait a little',
);
const otherUser = new Refusal(
  ReasonCode.badUserNameOrPassword,
  'the user name is not that of the certificate or token',
);
const notOffered = new Refusal(ReasonCode.badAuthenticationMethod, 'this authentication method is not offered');
const disabled = new Refusal(ReasonCode.notAuthorized, 'the user is disabled');
const removed = new Refusal(ReasonCode.notAuthorized, 'the user was removed');
const notItsClient = new Refusal(ReasonCode.notAuthorized, 'the user may not use this Client Identifier');

/** Of a function, ms. */
const CONNECT_DEADLINE = 200;

const noAccess: AccessConfig = {
  users: [],
  rules: [],
  configuredRules: [],
  subscriptions: 'inside',
  jwt: undefined,
  certificate: undefined,
  usersFile: undefined,
};

export interface AccessOptions {
  readonly config: AccessConfig | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly statistics: Statistics;
  /** Functions that decide who may connect; undefined: none does. */
  readonly connect?: ConnectHook | undefined;
}

/** How somebody became known. */
interface Proof {
  readonly user: string | undefined;
  /** The user is one of ours: it must go on being one. */
  readonly isAccount: boolean;
  readonly tokenRoles?: readonly string[];
  readonly tokenRules?: AccessConfig['rules'] | undefined;
  readonly expiresAt?: number;
}

export function createAccess(options: AccessOptions): ConfiguredAccess {
  return new Gatekeeper(options);
}

class Gatekeeper implements ConfiguredAccess {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #statistics: Statistics;
  readonly #throttle: Throttle;
  readonly #connect: ConnectHook | undefined;
  readonly #passwords = new Passwords();
  /** Refusals that are told late, and what tells them at once. */
  readonly #held = new Map<Timer, () => void>();
  #config!: AccessConfig;
  #accounts!: Accounts;
  #tokens: TokenVerifier | undefined;
  #policy!: Policy;
  #shared!: Map<string, Rules>;
  #revision = 0;

  constructor({ config = noAccess, clock, log, statistics, connect }: AccessOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#statistics = statistics;
    this.#connect = connect;
    this.#throttle = new Throttle({ clock, log });
    this.replace(config);
  }

  replace(config: AccessConfig): void {
    this.#config = config;
    this.#accounts = new Accounts(config.users);
    this.#tokens = config.jwt === undefined ? undefined : new TokenVerifier(config.jwt, this.#clock);
    this.#policy = new Policy(config);
    this.#shared = new Map();
    this.#revision++;
  }

  get policy(): Policy {
    return this.#policy;
  }

  get shared(): Map<string, Rules> {
    return this.#shared;
  }

  get revision(): number {
    return this.#revision;
  }

  get isOpen(): boolean {
    const { users, usersFile, jwt, certificate, rules } = this.#config;
    const methods = users.length > 0 || [usersFile, jwt, certificate].some((one) => one !== undefined);
    return !methods && rules.length === 0;
  }

  rolesOf(user: string | undefined): readonly string[] {
    return user === undefined ? [] : (this.#accounts.get(user)?.config.roles ?? []);
  }

  authenticate(credentials: Credentials): Identity | Refusal | Promise<Identity | Refusal> {
    const connect = this.#connect;
    return connect?.wants(credentials.peer.listener.name)
      ? this.#ask(connect, credentials)
      : this.#authenticate(credentials);
  }

  async #ask(connect: ConnectHook, credentials: Credentials): Promise<Identity | Refusal> {
    const { peer, clientId, username } = credentials;
    const named = this.#certified(peer);
    if (named !== undefined && username !== undefined && username !== named) return this.#refuse(otherUser);
    const user = username ?? named;
    if (this.#throttle.isBlocked(peer.host, user ?? '')) return this.#turnedAway(peer);
    // A view of the packet will be something else after the wait.
    const kept = { ...credentials, password: credentials.password && Buffer.from(credentials.password) };
    const { decision, reason, isFailure } = await this.#decided(connect.decide(requestOf(kept)));
    if (decision === 'none') return this.#authenticate(kept);
    if (decision === 'allow') {
      this.#throttle.succeeded(peer.host, user ?? '');
      return this.#identity(credentials, { user, isAccount: false });
    }
    this.#log.debug({ clientId, address: peer.address, reason }, 'a function let a client not in');
    // That it failed is no fault of the client, and none of his guesses.
    return isFailure === true ? this.#refuse(denied) : this.#failed(peer, user ?? '', undefined, denied);
  }

  /** Nobody waits longer than {@link CONNECT_DEADLINE} for a function. */
  #decided(decision: Promise<ConnectDecision>): Promise<ConnectDecision> {
    const { promise, resolve } = Promise.withResolvers<ConnectDecision>();
    const reason = `no answer within ${CONNECT_DEADLINE} ms`;
    const timer = this.#clock.after(CONNECT_DEADLINE, () => resolve({ decision: 'deny', reason, isFailure: true }));
    void decision.then((answer) => {
      timer.cancel();
      resolve(answer);
    });
    return promise;
  }

  #authenticate(credentials: Credentials): Identity | Refusal | Promise<Identity | Refusal> {
    const { peer, username, password } = credentials;
    const named = this.#certified(peer);
    if (named !== undefined && username !== undefined && username !== named) return this.#refuse(otherUser);
    const hasTokens = this.#tokens !== undefined && offers(peer, 'jwt');
    const hasPasswords = this.#accounts.hasPasswords && offers(peer, 'password');
    if (password === undefined || !(hasTokens || hasPasswords)) {
      if (named !== undefined) return this.#identity(credentials, { user: named, isAccount: false });
      const isNobody = username === undefined && password === undefined;
      // Where nobody has a password, many devices send one all the same.
      if (peer.listener.auth.anonymous && (isNobody || !(hasTokens || hasPasswords))) {
        return this.#identity(credentials, { user: undefined, isAccount: false });
      }
      return this.#refuse(isNobody ? needed : wrong);
    }
    const user = username ?? named;
    if (hasTokens && looksLikeToken(password)) return this.#token(this.#tokens!, credentials, user, password);
    if (this.#throttle.isBlocked(peer.host, user ?? '')) return this.#turnedAway(peer);
    if (!hasPasswords || user === undefined) return this.#failed(peer, user ?? '');
    if (this.#passwords.isKnown(this.#accounts, user, password)) return this.#known(credentials, user);
    return this.#password(credentials, user, password);
  }

  exchange(method: string, credentials: Credentials): Exchange | Refusal {
    const { peer } = credentials;
    if (method !== SCRAM_SHA_256 || !this.#accounts.hasScram || !offers(peer, 'scram')) return notOffered;
    const named = this.#certified(peer);
    let scram: { readonly server: ScramServer; readonly user: string; readonly secret: string | undefined } | undefined;
    return {
      step: async (data): Promise<Step> => {
        if (scram === undefined) {
          const first = await parseClientFirst(data);
          if (first instanceof Refusal) return first;
          const { user } = first;
          if (named !== undefined && named !== user) return this.#refuse(otherUser);
          if (this.#throttle.isBlocked(peer.host, user)) return this.#turnedAway(peer);
          // It may have been taken from everybody meanwhile.
          if (!this.#accounts.hasScram) return notOffered;
          const account = this.#accounts.get(user);
          const server = new ScramServer(first, account?.scram ?? this.#accounts.scramDecoy(user));
          scram = { server, user, secret: account?.config.scram };
          return { result: 'continue', data: server.serverFirst };
        }
        const { server, user, secret } = scram;
        // Exchanges may have been begun in advance.
        if (this.#throttle.isBlocked(peer.host, user)) return this.#turnedAway(peer);
        const final = server.finish(data);
        const isInForce = secret !== undefined && this.#accounts.get(user)?.config.scram === secret;
        if (final instanceof Refusal || !isInForce) {
          return final instanceof Refusal && final.reasonCode === ReasonCode.protocolError
            ? final
            : this.#failed(peer, user);
        }
        const identity = this.#known(credentials, user);
        return identity instanceof Refusal ? identity : { result: 'success', identity, data: final };
      },
    };
  }

  rightsOf({ user, clientId, host }: Visitor): TopicRights {
    const bearings = { user, clientId, commonName: undefined, tokenRoles: [], tokenRules: undefined };
    const permissions = new PolicyPermissions(this, { ...bearings, isLocal: isLocal(host) });
    const stands = () => user === undefined || this.#accounts.get(user)?.config.disabled === false;
    return {
      mayPublish: (topic) => stands() && permissions.mayPublish(topic),
      maySubscribe: (filter) => stands() && permissions.maySubscribe(filter),
      mayReceive: (topic) => stands() && permissions.mayReceive(topic),
    };
  }

  [Symbol.dispose](): void {
    for (const tell of [...this.#held.values()]) tell();
    this.#passwords[Symbol.dispose]();
    this.#throttle[Symbol.dispose]();
  }

  async #password(credentials: Credentials, user: string, password: Buffer): Promise<Identity | Refusal> {
    const { host } = credentials.peer;
    const secret = this.#accounts.get(user)?.config.password;
    const isRight = await this.#passwords.check(this.#accounts, user, password, networkOf(host), () =>
      this.#throttle.isBlocked(host, user),
    );
    if (isRight === undefined) return this.#turnedAway(credentials.peer);
    // Another one may have taken its place meanwhile.
    if (isRight && this.#accounts.get(user)?.config.password !== secret) return this.#refuse(wrong);
    return isRight ? this.#known(credentials, user) : this.#failed(credentials.peer, user);
  }

  async #token(
    tokens: TokenVerifier,
    credentials: Credentials,
    user: string | undefined,
    token: Buffer,
  ): Promise<Identity | Refusal> {
    const { peer, clientId } = credentials;
    const digest = sha256(token).toString('base64');
    if (this.#throttle.isBlocked(peer.host, user ?? '', digest)) return this.#turnedAway(peer);
    const bearer = await tokens.verify(Buffer.from(token));
    if (typeof bearer === 'string') {
      this.#log.debug({ clientId, address: peer.address, reason: bearer }, 'token refused');
      return this.#failed(peer, user ?? '', digest);
    }
    if (user !== undefined && user !== bearer.user) return this.#refuse(otherUser);
    this.#throttle.succeeded(peer.host, user ?? '', digest);
    const { roles, rules, expiresAt } = bearer;
    const proof = { isAccount: false, tokenRoles: roles, tokenRules: rules, expiresAt };
    return this.#identity(credentials, { user: bearer.user, ...proof });
  }

  /** The user that a certificate names, where certificates name users. */
  #certified(peer: Peer): string | undefined {
    const { certificate } = this.#config;
    if (certificate === undefined || !offers(peer, 'certificate')) return undefined;
    return certificateUser(peer.certificate, certificate);
  }

  /** The password was right, or the proof of SCRAM. */
  #known(credentials: Credentials, user: string): Identity | Refusal {
    this.#throttle.succeeded(credentials.peer.host, user);
    return this.#identity(credentials, { user, isAccount: true });
  }

  #identity(credentials: Credentials, proof: Proof): Identity | Refusal {
    const { peer, clientId } = credentials;
    const { user, isAccount, tokenRoles = [], tokenRules, expiresAt = Number.POSITIVE_INFINITY } = proof;
    const standing = (): Refusal | undefined => {
      const account = user === undefined ? undefined : this.#accounts.get(user)?.config;
      if (account === undefined) return isAccount ? removed : undefined;
      if (account.disabled) return disabled;
      return account.clientIds === undefined || fitsOne(account.clientIds, clientId) ? undefined : notItsClient;
    };
    const refusal = standing();
    if (refusal !== undefined) return this.#refuse(refusal);
    const { certificate } = peer;
    const commonName = certificate?.verified === true ? certificate.commonName : undefined;
    const bearings = { user, clientId, commonName, tokenRoles, tokenRules, isLocal: isLocal(peer.host) };
    return { user, permissions: new PolicyPermissions(this, bearings), expiresAt, standing };
  }

  /** Wrong: counted, and told late where that happens often. */
  #failed(peer: Peer, user: string, token?: string, refusal = wrong): Refusal | Promise<Refusal> {
    this.#statistics.loginsFailed++;
    const delay = this.#throttle.failed(peer.host, user, token);
    return delay === 0 ? refusal : this.#later(delay, refusal, () => this.#throttle.released(peer.host));
  }

  #later(delay: number, refusal: Refusal, onTold?: () => void): Promise<Refusal> {
    return new Promise((resolve) => {
      const tell = () => {
        timer.cancel();
        if (!this.#held.delete(timer)) return;
        onTold?.();
        resolve(refusal);
      };
      const timer = this.#clock.after(delay, tell);
      this.#held.set(timer, tell);
    });
  }

  #refuse(refusal: Refusal): Refusal {
    this.#statistics.loginsFailed++;
    return refusal;
  }

  /** Not looked at: counted, and told at a pace that others do not feel. */
  #turnedAway(peer: Peer): Refusal | Promise<Refusal> {
    this.#statistics.loginsTurnedAway++;
    const delay = this.#throttle.pace(peer.host);
    return delay === 0 ? tooOften : this.#later(delay, tooOften);
  }
}

function offers({ listener }: Peer, method: AuthMethod): boolean {
  return listener.auth.methods?.includes(method) ?? true;
}

/** On this machine: a loopback address, or a socket that has none. */
function isLocal(host: string): boolean {
  const plain = plainHost(host);
  return isIP(plain) === 0 || plain === '::1' || plain.startsWith('127.');
}

function requestOf({ peer, clientId, protocolVersion, username, password }: Credentials): ConnectRequest {
  const { certificate, host, listener } = peer;
  const address = plainHost(host);
  return {
    clientId,
    userName: username,
    password,
    listener: listener.name,
    address: isIP(address) === 0 ? '' : address,
    protocolVersion,
    certificateName: certificate?.verified === true ? certificate.commonName : undefined,
  };
}
