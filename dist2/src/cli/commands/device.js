import { ageText, deviceColumns, pointColumns } from "../columns.js";
import { resolveDevice } from "../names.js";
import { visible } from "../text.js";
function define(command, cli) {
  command.withExamples(
    ["device list", "all devices and their state"],
    ["device show boiler", "one device with its points"]
  );
  command.verb("list").description("Lists devices and their state").withExamples(["device list", "all devices"], ["device list --json", "for programs"]).action(
    cli.action(async () => {
      const { items } = await cli.request("GET /v1/devices");
      await cli.output.list(deviceColumns(Date.now()), items, "there are no devices in the configuration");
      return void 0;
    })
  );
  command.verb("show <device>").description("Shows one device and its points").withExamples(["device show boiler", "state, counters, last error and points"]).action(
    cli.action(async (name) => {
      const device = await resolveDevice(cli, name);
      const { items } = await cli.request("GET /v1/points", { query: { device: name } });
      if (cli.output.isJson) {
        cli.output.json({ ...device, items });
        return void 0;
      }
      for (const line of deviceLines(device, Date.now())) cli.output.line(line);
      cli.output.line("");
      await cli.output.list(pointColumns(Date.now()), items, "this device has no points");
      return void 0;
    })
  );
}
function deviceLines(device, now) {
  const { exchangeMs, error } = device;
  const row = (title, text) => `${title.padEnd(10)} ${visible(text)}`;
  return [
    row("device", `${device.name} (${device.adapter})`),
    row("wire", `${device.endpoint}, ${device.address}, port ${device.port}`),
    row("state", `${device.state} for ${ageText(device.since, now)}`),
    row(
      "requests",
      `${device.requests}, ${device.timeouts} without answer, ${device.errors} errors, ${device.overruns} reads skipped`
    ),
    ...exchangeMs.p50 === null ? [] : [
      row(
        "exchange",
        `${Math.round(exchangeMs.p50)} ms (p50), ${Math.round(exchangeMs.p95 ?? exchangeMs.p50)} ms (p95)`
      )
    ],
    ...device.nextTryAt === void 0 ? [] : [row("next try", `in ${ageText(2 * now - device.nextTryAt, now)}`)],
    ...error === void 0 ? [] : [row("problem", `${error.message} (${error.code})`), row("hint", error.hint)]
  ];
}
export {
  define
};
//# sourceMappingURL=device.js.map
