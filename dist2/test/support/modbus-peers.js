import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { freePort, listening, needs, repoRoot, startPeer } from "./peers.js";
const PYTHON = "/usr/bin/python3";
function works(program, args) {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
function needsLibmodbus(...programs) {
  const there = works("pkg-config", ["--exists", "libmodbus"]);
  return needs("gcc", ...there ? [] : ["libmodbus-dev"], ...programs);
}
function needsPymodbus(...programs) {
  const there = works(PYTHON, ["-c", "import pymodbus.server"]);
  return needs(...there ? [] : ["python3-pymodbus", "python3-serial-asyncio"], ...programs);
}
const folders = /* @__PURE__ */ new WeakMap();
function folderOf(t) {
  const folder = folders.get(t) ?? t.testdir();
  folders.set(t, folder);
  return folder;
}
async function ptyPair(t) {
  const folder = folderOf(t);
  const [a, b] = [join(folder, "ttyA"), join(folder, "ttyB")];
  const peer = startPeer(t, "socat", ["-d", "-d", `pty,raw,echo=0,link=${a}`, `pty,raw,echo=0,link=${b}`]);
  await peer.sees(/starting data transfer loop/);
  return [a, b];
}
async function openSerial(t, path, baudRate = 19200) {
  const port = new SerialPort({ path, baudRate, autoOpen: false });
  port.on("error", () => {
  });
  port._destroy = (error, callback) => {
    if (port.isOpen) port.close(() => callback(error));
    else callback(error);
  };
  await new Promise((resolve, reject) => port.open((error) => error ? reject(error) : resolve()));
  t.teardown(() => closed(port));
  return port;
}
async function openTcp(t, port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {
  });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("close", () => reject(new Error(`nobody listens on ${port}`)));
  });
  t.teardown(() => closed(socket));
  return socket;
}
function closed(wire) {
  return new Promise((resolve) => {
    if (wire.closed) return resolve();
    wire.once("close", () => resolve());
    wire.destroy();
  });
}
async function slave(peer) {
  await peer.sees(/^ready$/m);
  const tell = async (line) => {
    const before = peer.stdout().length;
    peer.write(`${line}
`);
    const [, address] = /^(\w+ \d+)/.exec(line) ?? [];
    const match = await peer.sees(new RegExp(`^[\\s\\S]{${before}}(?:[\\s\\S]*\\n)?${address} = (\\d+)\\r?\\n`));
    return Number(match[1]);
  };
  return { peer, tell };
}
function compileLibmodbusSlave(t) {
  const program = join(folderOf(t), "modbus-slave");
  const flags = execFileSync("pkg-config", ["--cflags", "--libs", "libmodbus"], { encoding: "utf8" }).trim();
  const source = join(repoRoot, "test/peers/modbus-slave.c");
  execFileSync("gcc", ["-O1", "-Wall", source, ...flags.split(/\s+/), "-o", program]);
  return program;
}
async function libmodbusTcp(t, program, unit) {
  const port = await freePort();
  return { ...await slave(startPeer(t, program, ["tcp", String(port), String(unit)])), port };
}
function libmodbusRtu(t, program, path, unit) {
  return slave(startPeer(t, program, ["rtu", path, "19200", "N", String(unit)]));
}
async function pymodbusTcp(t, kind, unit) {
  const port = await freePort();
  const peer = startPeer(t, PYTHON, [join(repoRoot, "test/peers/modbus-slave.py"), kind, String(port), String(unit)]);
  const started = await slave(peer);
  await listening(port);
  return { ...started, port };
}
function pymodbusRtu(t, path, unit) {
  const program = join(repoRoot, "test/peers/modbus-slave.py");
  return slave(startPeer(t, PYTHON, [program, "rtu", path, "19200", "N", String(unit)]));
}
export {
  PYTHON,
  compileLibmodbusSlave,
  libmodbusRtu,
  libmodbusTcp,
  needsLibmodbus,
  needsPymodbus,
  openSerial,
  openTcp,
  ptyPair,
  pymodbusRtu,
  pymodbusTcp
};
//# sourceMappingURL=modbus-peers.js.map
