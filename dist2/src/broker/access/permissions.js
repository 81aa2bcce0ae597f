const SHARED_USERS = 1e3;
class PolicyPermissions {
  #inForce;
  #bearings;
  #revision = -1;
  #rules;
  constructor(inForce, bearings) {
    this.#inForce = inForce;
    this.#bearings = bearings;
  }
  get revision() {
    return this.#inForce.revision;
  }
  get isFree() {
    return this.#current().isFree;
  }
  mayPublish(topic) {
    return this.#current().mayPublish(topic);
  }
  maySubscribe(filter) {
    return this.#current().maySubscribe(filter);
  }
  mayReceive(topic) {
    return this.#current().mayReceive(topic);
  }
  #current() {
    const { revision } = this.#inForce;
    if (this.#revision !== revision) {
      this.#rules = this.#compiled();
      this.#revision = revision;
    }
    return this.#rules;
  }
  #compiled() {
    const { policy, shared } = this.#inForce;
    const { tokenRoles, ...rest } = this.#bearings;
    const subject = { ...rest, roles: [...this.#inForce.rolesOf(rest.user), ...tokenRoles] };
    if (!policy.isSharedByClients || subject.tokenRules !== void 0) return policy.rulesFor(subject);
    const key = JSON.stringify([subject.user ?? null, subject.commonName ?? null, subject.roles, subject.isLocal]);
    const known = shared.get(key);
    if (known !== void 0) return known;
    const rules = policy.rulesFor(subject);
    if (shared.size < SHARED_USERS) shared.set(key, rules);
    return rules;
  }
}
export {
  PolicyPermissions
};
//# sourceMappingURL=permissions.js.map
