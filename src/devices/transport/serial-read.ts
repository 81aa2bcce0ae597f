/**
 * Reading from an open line in place of the driver's own way, which takes the end of a line for "nothing yet": a line that is
 * hung up while no read waits on it (tty_ioctl(4), TIOCVHANGUP) reads as empty from then on, and the driver would ask again
 * for ever, a whole core long, and never tell.
 */
import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { SerialPort } from 'serialport';

const readFile = promisify(read);

/** What the driver keeps of an open line, on Linux. */
export interface OpenLine {
  readonly isOpen: boolean;
  readonly fd: number | null;
  readonly poller: { once(event: 'readable', callback: (error: Error | null) => void): unknown };
}

export interface ReadBytes {
  readonly bytesRead: number;
  readonly buffer: Buffer;
}

/**
 * Waits for bytes.
 *
 * @throws Error - the line is gone; with `canceled: true`: it was closed by us
 */
export async function readLine(line: OpenLine, buffer: Buffer, offset: number, length: number): Promise<ReadBytes> {
  for (;;) {
    if (!line.isOpen || line.fd === null) throw Object.assign(new Error('the line is closed'), { canceled: true });
    try {
      const { bytesRead } = await readFile(line.fd, buffer, offset, length, null);
      if (bytesRead > 0) return { bytesRead, buffer };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' && code !== 'EINTR') throw error;
      if (line.isOpen) await readable(line);
      continue;
    }
    throw new Error('the line is hung up');
  }
}

function readable(line: OpenLine): Promise<void> {
  return new Promise((resolve, reject) => {
    line.poller.once('readable', (error) => (error ? reject(error) : resolve()));
  });
}

/** To be called when the port is open, before anything is read from it. */
export function replaceRead(port: SerialPort): void {
  const line = port.port as (OpenLine & { read: unknown }) | undefined;
  if (line === undefined) return;
  line.read = (buffer: Buffer, offset: number, length: number) => readLine(line, buffer, offset, length);
}
