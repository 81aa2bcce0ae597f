import { Option } from "commander";
import { between } from "../arguments.js";
function define(command, cli) {
  command.withExamples(
    ["simulate modbus-tcp --port 1502", "boiler, energy meter and tank as Modbus units 1, 2, 3"],
    ["simulate modbus-rtu /dev/ttyUSB0", "the same on a serial line"]
  );
  command.verb("modbus-tcp").description("Simulates a plant as a Modbus TCP server").option("--host <address>", "address to listen on", "127.0.0.1").option("--port <n>", "TCP port; 0: any free port", between(0, 65535, "--port 1502"), 1502).withExamples(["simulate modbus-tcp", "on 127.0.0.1:1502"]).action(
    cli.action(async ({ host, port }) => {
      const { runSimulator } = await import("../../demo/simulate.js");
      return runSimulator({ endpoint: { type: "tcp", host, port } });
    })
  );
  command.verb("modbus-rtu <path>").description("Simulates a plant as Modbus RTU slaves on a serial line").option("--baud-rate <n>", "bits per second", between(50, 4e6, "--baud-rate 9600"), 19200).addOption(new Option("--parity <parity>", "parity").choices(["none", "even", "odd"]).default("even")).withExamples(["simulate modbus-rtu /dev/ttyUSB0 --baud-rate 9600 --parity none", "on a serial line"]).action(
    cli.action(async (path, { baudRate, parity }) => {
      const { runSimulator } = await import("../../demo/simulate.js");
      return runSimulator({ endpoint: { type: "serial", path, baudRate, parity, dataBits: 8, stopBits: 1 } });
    })
  );
}
export {
  define
};
//# sourceMappingURL=simulate.js.map
