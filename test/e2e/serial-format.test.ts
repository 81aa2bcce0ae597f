/**
 * The format of a line is what the kernel is asked for (termios): a pseudo-terminal has no parity, so the calls are looked at.
 * The driver sets format and then speed; what is not its own it leaves as the kernel has it.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { plugCable } from '../support/cable.js';
import { hpmqEntry, tempFolder } from '../support/gateway.js';
import { eventually, needs, startPeer } from '../support/peers.js';

interface Line {
  readonly format: string;
  /** Of c_cflag, in the order of strace. */
  readonly flags: string;
  /** In c_cflag, or in c_ospeed (termios2). */
  readonly speed: string;
}

const lines: readonly Line[] = [
  { format: 'baudRate: 300, dataBits: 7, parity: even, stopBits: 1', flags: 'CS7|CREAD|PARENB', speed: 'B300' },
  { format: 'baudRate: 9600, dataBits: 7, parity: odd, stopBits: 1', flags: 'CS7|CREAD|PARENB|PARODD', speed: 'B9600' },
  { format: 'baudRate: 19200, dataBits: 8, parity: none, stopBits: 2', flags: 'CS8|CSTOPB|CREAD', speed: 'B19200' },
  { format: 'baudRate: 115200, dataBits: 8, parity: even, stopBits: 1', flags: 'CS8|CREAD|PARENB', speed: 'B115200' },
  { format: 'baudRate: 9600, dataBits: 8, parity: mark, stopBits: 1', flags: 'CS8|CSTOPB|CREAD', speed: 'B9600' },
  { format: 'baudRate: 14400, dataBits: 8, parity: none, stopBits: 1', flags: 'CS8|CREAD', speed: 'c_ospeed=14400' },
  {
    format: 'baudRate: 250000, dataBits: 7, parity: even, stopBits: 2',
    flags: 'CS7|CSTOPB|CREAD|PARENB',
    speed: 'c_ospeed=250000',
  },
];

t.test('7E1, 8N2, 300 to 115200 baud and rates of no standard reach the line', needs('socat', 'strace'), async (t) => {
  const folder = tempFolder(t);
  const paths = await Promise.all(
    lines.map(async (_, index) => {
      const path = join(folder, `tty${index}`);
      await plugCable(t, path, `${path}-far`);
      return path;
    }),
  );
  const ports = lines.map(({ format }, index) => `  line${index}: { type: serial, path: ${paths[index]}, ${format} }`);
  const device = "adapter: serial, frame: line, parse: { regex: '^(?<n>[0-9]+)$' }, points: { n: { type: number } }";
  const devices = lines.map((_, index) => `  one${index}: { port: line${index}, ${device} }`);
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(
    file,
    `gateway: { id: g }\nbroker: { listeners: [] }\nports:\n${ports.join('\n')}\ndevices:\n${devices.join('\n')}\n`,
  );
  const log = join(folder, 'calls');
  const run = ['run', '-c', file, '--socket', join(folder, 'c.sock')];
  // -D: what is started here, and ended by the test, is the gateway.
  startPeer(t, 'strace', ['-D', '-f', '-v', '-y', '-e', 'trace=ioctl', '-o', log, process.execPath, hpmqEntry, ...run]);
  const calls = (index: number) =>
    (existsSync(log) ? readFileSync(log, 'utf8') : '')
      .split('\n')
      .filter((call) => call.includes(`<${realpathSync(paths[index]!)}>`) && call.includes('TCSETS'));
  for (const [index, { format, flags, speed }] of lines.entries()) {
    const isSet = new RegExp(`\\b${speed}\\b`);
    await eventually(() => calls(index).some((call) => isSet.test(call)), 30_000);
    t.match(calls(index)[0], new RegExp(`c_cflag=B\\d+\\|${flags.replaceAll('|', '\\|')}\\|(?!PAR)`), format);
  }
});
