/** What the rules in force say of one connection. Compiled once; again when users or rules change. */
import type { Permissions } from './access.js';
import type { Policy, Rules, Subject } from './policy.js';

/** The rules as they are now. */
export interface PolicyInForce {
  readonly policy: Policy;
  /** Goes up with each change. */
  readonly revision: number;
  /** Nobody could prove who he is, and everybody may do everything. */
  readonly isOpen: boolean;
  /** As the users are now: roles change while their owner is connected. */
  rolesOf(user: string | undefined): readonly string[];
  /** Compiled rules that all connections of a user share. */
  readonly shared: Map<string, Rules>;
}

/** Whom a connection belongs to, but for the roles of the users, which may change. */
export interface Bearings extends Omit<Subject, 'roles'> {
  readonly tokenRoles: readonly string[];
}

/** Users whose connections share compiled rules. */
const SHARED_USERS = 1_000;

export class PolicyPermissions implements Permissions {
  readonly #inForce: PolicyInForce;
  readonly #bearings: Bearings;
  #revision = -1;
  #rules!: Rules;

  constructor(inForce: PolicyInForce, bearings: Bearings) {
    this.#inForce = inForce;
    this.#bearings = bearings;
  }

  get revision(): number {
    return this.#inForce.revision;
  }

  get isFree(): boolean {
    return this.#current().isFree;
  }

  /** A user with the role `peer`; where there are no users, anybody. */
  get mayPeer(): boolean {
    const { user, tokenRoles } = this.#bearings;
    if (user === undefined) return this.#inForce.isOpen;
    return tokenRoles.includes('peer') || this.#inForce.rolesOf(user).includes('peer');
  }

  mayPublish(topic: string): boolean {
    return this.#current().mayPublish(topic);
  }

  maySubscribe(filter: string): boolean {
    return this.#current().maySubscribe(filter);
  }

  mayReceive(topic: string): boolean {
    return this.#current().mayReceive(topic);
  }

  #current(): Rules {
    const { revision } = this.#inForce;
    if (this.#revision !== revision) {
      this.#rules = this.#compiled();
      this.#revision = revision;
    }
    return this.#rules;
  }

  #compiled(): Rules {
    const { policy, shared } = this.#inForce;
    const { tokenRoles, ...rest } = this.#bearings;
    const subject: Subject = { ...rest, roles: [...this.#inForce.rolesOf(rest.user), ...tokenRoles] };
    if (!policy.isSharedByClients || subject.tokenRules !== undefined) return policy.rulesFor(subject);
    const key = JSON.stringify([subject.user ?? null, subject.commonName ?? null, subject.roles, subject.isLocal]);
    const known = shared.get(key);
    if (known !== undefined) return known;
    const rules = policy.rulesFor(subject);
    if (shared.size < SHARED_USERS) shared.set(key, rules);
    return rules;
  }
}
