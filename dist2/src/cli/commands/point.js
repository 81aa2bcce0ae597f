import { createInterface } from "node:readline/promises";
import { GatewayError } from "../../core/errors.js";
import { EXIT } from "../../core/exit.js";
import { wholeNumber, writtenValue } from "../arguments.js";
import { changeLine, pointColumns, valueText } from "../columns.js";
import { cliError } from "../errors.js";
import { resolveDevice, resolvePoint, unknown } from "../names.js";
import { visible } from "../text.js";
const DEVICE_TIMEOUT = 1e4;
const MARGIN = 1e3;
function define(command, cli) {
  command.withExamples(
    ["point list boiler", "values of one device"],
    ["point write boiler.setpoint 72.5", "write, read back, say what was read"],
    ["point watch boiler.temperature", "follow a value until Ctrl-C"]
  );
  command.verb("list [device]").description("Lists points with value, quality and age").withExamples(["point list", "all points"], ["point list boiler --json", "those of one device, for programs"]).action(
    cli.action(async (device) => {
      const query = device === void 0 ? {} : { device: (await resolveDevice(cli, device)).name };
      const { items } = await cli.request("GET /v1/points", { query });
      await cli.output.list(pointColumns(Date.now()), items, "there are no points in the configuration");
      return void 0;
    })
  );
  command.verb("read <point> [name]").description("Reads one point from its device now").withExamples(
    ["point read boiler.temperature", "as device.point"],
    ["point read boiler temperature", "or as two words"]
  ).action(
    cli.action((point, name) => read(cli, name === void 0 ? [point] : [point, name]))
  );
  command.verb("write <point> <value> [extra]").usage("[options] <point> <value>").description("Writes a value to a point").option("--confirm <name>", "name of a critical point, instead of typing it when asked").withExamples(
    ["point write boiler.setpoint 72.5", "exit code 0 when written, 1 when refused or failed"],
    ["point write boiler setpoint 72.5", "device and point as two words"],
    ["point write boiler.release 1 --confirm release", "a critical point, without being asked"]
  ).action(
    cli.action(
      (first, second, third, options) => third === void 0 ? write(cli, [first], second, options.confirm) : write(cli, [first, second], third, options.confirm)
    )
  );
  command.verb("watch [names...]").description("Follows points: one line per change").option("--limit <n>", "end after so many lines", wholeNumber).withExamples(
    ["point watch", "all points"],
    ["point watch boiler meter.power", "a device and a point"],
    ["point watch boiler --json", "NDJSON, one point per line"]
  ).action(cli.action((names, options) => watch(cli, names, options.limit)));
}
async function read(cli, words) {
  const { device, point } = await resolvePoint(cli, words);
  const params = { device, point };
  const view = await cli.request("POST /v1/points/{device}/{point}/read", { params }, cli.timeoutMs(DEVICE_TIMEOUT));
  if (cli.output.isJson) cli.output.json(view);
  else cli.output.line(view.quality === "good" ? valueText(view) : `${valueText(view)} (${view.quality})`);
  if (view.quality === "good") return EXIT.OK;
  if (!cli.output.isJson && view.error !== void 0) {
    cli.output.note(`${visible(view.error.message)} (${view.error.code})
hint: ${visible(view.error.hint)}`);
  }
  return EXIT.UNAVAILABLE;
}
async function write(cli, words, text, confirm) {
  const view = await resolvePoint(cli, words);
  if (view.write?.critical) await confirmName(cli, view, text, confirm);
  const { device, point } = view;
  const timeoutMs = cli.timeoutMs(DEVICE_TIMEOUT);
  const body = { value: writtenValue(text), timeoutMs };
  const params = { device, point };
  const result = await cli.request("POST /v1/points/{device}/{point}/write", { params, body }, timeoutMs + MARGIN);
  const done = result.status === "verified" || result.status === "written";
  if (cli.output.isJson) cli.output.json(result);
  else if (done) cli.output.line(resultText(result, view));
  else cli.output.error(failureOf(result, view));
  return done ? EXIT.OK : EXIT.NO;
}
function resultText(result, { unit }) {
  return visible(`${result.status} ${result.value}${unit === void 0 ? "" : ` ${unit}`}`);
}
function failureOf(result, { device, point }) {
  const {
    code = "WRITE_FAILED",
    fault = "device",
    message = "no reason was given",
    hint = "look at the log"
  } = result.error ?? {};
  return new GatewayError(code, { fault, hint }, `${result.status}: ${device}.${point}: ${message}`);
}
async function confirmName(cli, { device, point }, value, given) {
  const names = [point, `${device}.${point}`];
  const refuse = (message) => cliError("CLI_NOT_CONFIRMED", message);
  if (given !== void 0) {
    if (!names.includes(given)) throw refuse(`"${given}" is not the name of the point ${device}.${point}`);
    return;
  }
  const { stdin, stderr } = cli.streams;
  if (!cli.globals.input || stdin.isTTY !== true)
    throw refuse(`${device}.${point} is critical and nobody confirmed the write`);
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    const question = `${device}.${point} is critical. Type its name to write ${visible(value)}: `;
    const typed = await terminal.question(question).catch(() => void stderr.write("\n"));
    if (!names.includes(typed?.trim() ?? "")) throw refuse("nothing was written");
  } finally {
    terminal.close();
  }
}
async function watch(cli, names, limit = Number.POSITIVE_INFINITY) {
  const client = await cli.client();
  const wanted = (one) => names.length === 0 || names.some(
    (name) => name === one.device || name === `${one.device}.${one.point}` || name === `${one.device}/${one.point}`
  );
  let lines = 0;
  for await (const event of client.events({ kinds: ["points"], rate: 10, signal: cli.stopSignal })) {
    const points = event.kind === "snapshot" ? event.data.points : event.kind === "points" ? event.data : void 0;
    if (event.kind === "snapshot") await checkNames(names, points ?? []);
    for (const point of points?.filter(wanted) ?? []) {
      if (cli.output.isJson) cli.output.jsonLine(point);
      else cli.output.line(changeLine(point));
      if (++lines >= limit) return EXIT.OK;
    }
  }
  return cli.stopCode;
}
async function checkNames(names, points) {
  const known = new Set(points.flatMap(({ device, point }) => [device, `${device}.${point}`, `${device}/${point}`]));
  for (const name of names) {
    if (!known.has(name)) {
      throw await unknown("CLI_UNKNOWN_POINT", `there is no point or device "${name}"`, name, [...known]);
    }
  }
}
export {
  define
};
//# sourceMappingURL=point.js.map
