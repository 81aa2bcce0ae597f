function shownVerdict({ scenario, failures, figures }) {
  const facts = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  const head = `${scenario}: ${failures.length === 0 ? "ok" : "FAILED"}  ${facts.join(", ")}`;
  return failures.length === 0 ? head : `${head}
  ${failures.join("\n  ")}`;
}
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
function brokerYaml(limits) {
  const lines = Object.entries(limits).map(([name, value]) => `    ${name}: ${value}`);
  return [
    "gateway: { id: load }",
    "broker:",
    "  listeners: [{ type: tcp, port: 0 }]",
    ...lines.length === 0 ? [] : ["  limits:", ...lines],
    "log: { level: info }",
    ""
  ].join("\n");
}
export {
  brokerYaml,
  megabytes,
  milliseconds,
  shownVerdict
};
//# sourceMappingURL=scenario.js.map
