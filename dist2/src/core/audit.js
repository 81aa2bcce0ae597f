const MAX_TARGET = 200;
function createAudit(log) {
  return ({ who, action, target, outcome }) => {
    const short = target.length > MAX_TARGET ? `${target.slice(0, MAX_TARGET - 1)}\u2026` : target;
    log.info({ audit: true, who, action, target: short, outcome }, "audit");
  };
}
function auditOutcome(error) {
  const { code, name } = error ?? {};
  return typeof code === "string" ? code : typeof name === "string" ? name : "failed";
}
export {
  auditOutcome,
  createAudit
};
//# sourceMappingURL=audit.js.map
