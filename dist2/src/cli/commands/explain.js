import { EXIT_OF_FAULT } from "../../core/exit.js";
import { cliErrors } from "../errors.js";
import { unknown } from "../names.js";
const WHO_ACTS = {
  config: "the person who wrote the configuration",
  caller: "the client that sent the request, or the person who typed the command",
  device: "a technician at the device and its wiring",
  peer: "the operator of the network or of the far side",
  limit: "the operator of this gateway: a limit was reached",
  bug: "the makers of hpmq: it is a defect"
};
function define(command, cli) {
  command.argument("[code]", "error code, such as GATEWAY_NOT_RUNNING; all of them when absent").withExamples(["explain GATEWAY_NOT_RUNNING", "who has to act, and how"], ["explain", "all codes"]).action(cli.action((code) => code === void 0 ? list(cli) : explain(cli, code)));
}
async function entries() {
  const { loadCatalogues } = await import("../../builtin.js");
  const catalogues = [cliErrors, ...await loadCatalogues()];
  return catalogues.flatMap((catalogue) => Object.entries(catalogue).map(([code, { fault, hint }]) => ({ code, fault, hint }))).sort((a, b) => a.code < b.code ? -1 : 1);
}
async function list(cli) {
  await cli.output.list(
    [
      { title: "CODE", value: (one) => one.code },
      { title: "FAULT", value: (one) => one.fault },
      { title: "HINT", value: (one) => one.hint }
    ],
    await entries(),
    "there are no error codes"
  );
  return void 0;
}
async function explain(cli, text) {
  const all = await entries();
  const code = text.toUpperCase().replaceAll("-", "_");
  const found = all.find((one) => one.code === code);
  if (found === void 0) {
    throw await unknown(
      "CLI_UNKNOWN_CODE",
      `there is no error code ${code}`,
      code,
      all.map((one) => one.code)
    );
  }
  if (cli.output.isJson) {
    cli.output.json({ ...found, whoActs: WHO_ACTS[found.fault], exitCode: EXIT_OF_FAULT[found.fault] });
    return void 0;
  }
  cli.output.line(`${found.code}  (fault: ${found.fault}, exit code ${EXIT_OF_FAULT[found.fault]})`);
  cli.output.line(`  who acts  ${WHO_ACTS[found.fault]}`);
  cli.output.line(`  to do     ${found.hint}`);
  return void 0;
}
export {
  define
};
//# sourceMappingURL=explain.js.map
