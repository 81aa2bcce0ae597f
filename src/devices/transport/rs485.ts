/** Who switches the transmitter of an RS-485 line: the driver, or this program by RTS. */
import { spawn } from 'node:child_process';
import type { SerialPort } from 'serialport';
import type { Clock } from '../../core/clock.js';
import type { GatewayError } from '../../core/errors.js';
import type { Rs485 } from '../../core/transport.js';
import { devicesError } from '../errors.js';

/**
 * linux/serial.h: flags, delay_rts_before_send, delay_rts_after_send (ms), 5 words of padding; TIOCSRS485, TIOCGRS485.
 * Node has no ioctl(2); perl is part of every Debian (essential), and gets our open descriptor: no second open, which would
 * pulse the modem lines. Not as its stdin: libuv makes the descriptors 0 to 2 of a child blocking, and ours is the same open
 * file: each read of it would wait in a thread of the pool, and keep the lock of a line that is closed.
 */
const PROGRAM = `
open(my $line, '+<&=', 3) or exit 4;
my $wanted = pack('L8', @ARGV, 0, 0, 0, 0, 0);
ioctl($line, 0x542F, $wanted) or exit($!{ENOTTY} || $!{EINVAL} || $!{EOPNOTSUPP} ? 3 : 4);
my $is = pack('L8', 0);
ioctl($line, 0x542E, $is) or exit 4;
my ($flags, $before, $after) = unpack('L3', $is);
print "$flags $before $after";
`;
const FLAG = { enabled: 1, rtsOnSend: 2, rtsAfterSend: 4 } as const;

/**
 * Tells the driver to switch the transmitter.
 *
 * @throws PORT_RS485 when it cannot, or will not as asked
 */
export async function enableKernelRs485(port: SerialPort, rs485: Rs485, name: string): Promise<void> {
  const { fd } = port.port as unknown as { fd: number };
  const flags = FLAG.enabled | (rs485.rtsOnSend ? FLAG.rtsOnSend : FLAG.rtsAfterSend);
  const { code, output } = await perl(fd, [flags, rs485.delayBefore, rs485.delayAfter]);
  const fail = (message: string, hint?: string): GatewayError =>
    devicesError('PORT_RS485', `${name}: ${message}`, { details: { endpoint: name }, ...(hint && { hint }) });
  if (code === 'absent') throw fail('the kernel mode needs perl, which is not there', 'install perl-base, or use rts');
  if (code === 3) throw fail('its driver has no RS-485 mode');
  if (code !== 0) throw fail('its driver refused the RS-485 mode');
  const [actual = 0] = output.split(' ').map(Number);
  if ((actual & FLAG.enabled) === 0) throw fail('its driver took the RS-485 mode and did not enable it');
  if (((actual & FLAG.rtsOnSend) !== 0) !== rs485.rtsOnSend) {
    const level = rs485.rtsOnSend ? 'inactive' : 'active';
    throw fail(`its driver keeps RTS ${level} while sending`, `set \`rtsOnSend: ${!rs485.rtsOnSend}\``);
  }
}

function perl(fd: number, args: readonly number[]): Promise<{ code: number | 'absent' | null; output: string }> {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'pipe', 'ignore', fd] as const;
    const child = spawn('perl', ['-MErrno', '-e', PROGRAM, ...args.map(String)], { stdio: [...stdio] });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(0, 200);
    });
    child.on('error', () => resolve({ code: 'absent', output }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The lines of a port that switching needs. */
export interface Switchable {
  set(lines: { rts: boolean; dtr: boolean }, callback: (error: Error | null) => void): void;
  write(bytes: Buffer, callback: (error?: Error | null) => void): void;
  drain(callback: (error: Error | null) => void): void;
}

/**
 * Sends one frame with RTS around it. The next one may begin when the line is given back.
 *
 * @param dtr - its state, which cannot be left out where RTS is set
 */
export async function sendSwitched(
  port: Switchable,
  bytes: Buffer,
  rs485: Rs485,
  dtr: boolean,
  clock: Clock,
): Promise<void> {
  const step = (run: (callback: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => run((error) => (error ? reject(error) : resolve())));
  await step((done) => port.set({ rts: rs485.rtsOnSend, dtr }, done));
  try {
    if (rs485.delayBefore > 0) await clock.sleep(rs485.delayBefore);
    await step((done) => port.write(bytes, done));
    await step((done) => port.drain(done));
    if (rs485.delayAfter > 0) await clock.sleep(rs485.delayAfter);
  } finally {
    await step((done) => port.set({ rts: !rs485.rtsOnSend, dtr }, done));
  }
}
