/** Foreign Modbus slaves, serial lines without hardware, and the wires to them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { SerialPort } from 'serialport';
import type { Test } from 'tap';
import { plugCable } from './cable.js';
import { freePort, listening, needs, type Peer, repoRoot, startPeer } from './peers.js';

/** pymodbus is Debian's, so is the Python that finds it. */
export const PYTHON = '/usr/bin/python3';

export function works(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Options of a test that needs libmodbus and a compiler, and further programs. */
export function needsLibmodbus(...programs: readonly string[]) {
  const there = works('pkg-config', ['--exists', 'libmodbus']);
  return needs('gcc', ...(there ? [] : ['libmodbus-dev']), ...programs);
}

/** Options of a test that needs pymodbus and what its server imports, and further programs. */
export function needsPymodbus(...programs: readonly string[]) {
  const there = works(PYTHON, ['-c', 'import pymodbus.server']);
  return needs(...(there ? [] : ['python3-pymodbus', 'python3-serial-asyncio']), ...programs);
}

/** How a slave is reached, and its stdin: `holding 100 = 42`. */
export interface Slave {
  readonly peer: Peer;
  /** Sets or asks one address from outside; resolves with its value. */
  tell(line: string): Promise<number>;
}

const folders = new WeakMap<Test, string>();

/** The test's folder; asking tap for it again would empty it. */
function folderOf(t: Test): string {
  const folder = folders.get(t) ?? t.testdir();
  folders.set(t, folder);
  return folder;
}

/** Two ends of one serial line: what is written to one is read at the other. */
export async function ptyPair(t: Test): Promise<readonly [string, string]> {
  const folder = folderOf(t);
  const [a, b] = [join(folder, 'ttyA'), join(folder, 'ttyB')];
  await plugCable(t, a, b);
  return [a, b];
}

/** A serial port as a Duplex that closes its descriptor when destroyed. */
export async function openSerial(t: Test, path: string, baudRate = 19_200): Promise<Duplex> {
  const port = new SerialPort({ path, baudRate, autoOpen: false });
  port.on('error', () => {});
  port._destroy = (error, callback) => {
    if (port.isOpen) port.close(() => callback(error));
    else callback(error);
  };
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  t.teardown(() => closed(port));
  return port;
}

/** A TCP connection that is closed at the end of the test. */
export async function openTcp(t: Test, port: number): Promise<Duplex> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('close', () => reject(new Error(`nobody listens on ${port}`)));
  });
  t.teardown(() => closed(socket));
  return socket;
}

function closed(wire: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (wire.closed) return resolve();
    wire.once('close', () => resolve());
    wire.destroy();
  });
}

async function slave(peer: Peer): Promise<Slave> {
  await peer.sees(/^ready$/m);
  const tell = async (line: string) => {
    const before = peer.stdout().length;
    peer.write(`${line}\n`);
    const [, address] = /^(\w+ \d+)/.exec(line) ?? [];
    const match = await peer.sees(new RegExp(`^[\\s\\S]{${before}}(?:[\\s\\S]*\\n)?${address} = (\\d+)\\r?\\n`));
    return Number(match[1]);
  };
  return { peer, tell };
}

/** Compiles the libmodbus slave into the test's folder. @returns the program */
export function compileLibmodbusSlave(t: Test): string {
  const program = join(folderOf(t), 'modbus-slave');
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'libmodbus'], { encoding: 'utf8' }).trim();
  const source = join(repoRoot, 'test/peers/modbus-slave.c');
  execFileSync('gcc', ['-O1', '-Wall', source, ...flags.split(/\s+/), '-o', program]);
  return program;
}

export interface TcpSlave extends Slave {
  readonly port: number;
}

/** @param kind - single: one connection at a time, whoever else connects waits for its end */
export async function libmodbusTcp(
  t: Test,
  program: string,
  unit: number,
  kind: 'tcp' | 'single' = 'tcp',
): Promise<TcpSlave> {
  const port = await freePort();
  return { ...(await slave(startPeer(t, program, [kind, String(port), String(unit)]))), port };
}

/** @param path - its end of the line; the line runs at 19200 8N1 */
export function libmodbusRtu(t: Test, program: string, path: string, unit: number): Promise<Slave> {
  return slave(startPeer(t, program, ['rtu', path, '19200', 'N', String(unit)]));
}

export async function pymodbusTcp(
  t: Test,
  kind: 'tcp' | 'rtutcp' | 'asciitcp' | 'udp' | 'tls',
  unit: number,
  ...files: readonly string[]
): Promise<TcpSlave> {
  const port = await freePort();
  const program = join(repoRoot, 'test/peers/modbus-slave.py');
  const started = await slave(startPeer(t, PYTHON, [program, kind, String(port), ...files, String(unit)]));
  if (kind !== 'udp') await listening(port);
  return { ...started, port };
}

export function pymodbusSerial(t: Test, kind: 'rtu' | 'ascii', path: string, unit: number): Promise<Slave> {
  const program = join(repoRoot, 'test/peers/modbus-slave.py');
  return slave(startPeer(t, PYTHON, [program, kind, path, '19200', 'N', String(unit)]));
}

export const pymodbusRtu = (t: Test, path: string, unit: number) => pymodbusSerial(t, 'rtu', path, unit);

/** A serial line of another machine, by Telnet (RFC 2217). @returns its TCP port */
export async function ser2net(t: Test, path: string): Promise<number> {
  const port = await freePort();
  const config = join(folderOf(t), 'ser2net.yaml');
  const connector = `serialdev(nouucplock),${path},9600n81,local`;
  writeFileSync(
    config,
    `%YAML 1.1\n---\nconnection: &line\n  accepter: telnet(rfc2217),tcp,127.0.0.1,${port}\n  connector: ${connector}\n`,
  );
  startPeer(t, 'ser2net', ['-n', '-d', '-c', config]);
  await listening(port);
  return port;
}

/** A DTU: connects a device that listens to a server it dials, says who it is first, and that it is there now and then. */
export function dtu(t: Test, serverPort: number, devicePort: number, registration: string, heartbeat: string): Peer {
  const script = join(folderOf(t), `dtu-${registration}.sh`);
  const beat = heartbeat === '' ? '' : `(while sleep 0.05 && printf '${heartbeat}'; do :; done) 2>/dev/null &\n`;
  writeFileSync(script, `printf '${registration}'\n${beat}exec socat - TCP:127.0.0.1:${devicePort},nodelay\n`);
  return startPeer(t, 'socat', [`TCP:127.0.0.1:${serverPort},nodelay,retry=200,interval=0.05`, `EXEC:sh ${script}`]);
}
