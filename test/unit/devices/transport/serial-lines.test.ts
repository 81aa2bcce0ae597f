/** What is on a serial line besides bytes: formats, echo, modem lines, the transmitter of RS-485. */
import { execFileSync } from 'node:child_process';
import { constants, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { formatFault, type LineFormat, type SerialEndpoint } from '../../../../src/core/transport.js';
import { EchoFilter } from '../../../../src/devices/transport/echo.js';
import { driverFormat } from '../../../../src/devices/transport/parity.js';
import { type Switchable, sendSwitched } from '../../../../src/devices/transport/rs485.js';
import { plugCable } from '../../../support/cable.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';
import { eventually, needs, repoRoot } from '../../../support/peers.js';
import { openTransport } from '../../../support/wires.js';

const signal = new AbortController().signal;
const plain = { type: 'serial', baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1 } as const;

async function pair(t: Test): Promise<readonly [string, string]> {
  const folder = t.testdir();
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  await plugCable(t, a, b);
  return [a, b];
}

async function open(t: Test, endpoint: SerialEndpoint): Promise<Duplex> {
  const wire = await openTransport(endpoint, signal);
  t.teardown(() => new Promise<void>((resolve) => (wire.closed ? resolve() : wire.once('close', resolve).destroy())));
  return wire;
}

/** What arrives within a moment after everything was sent. */
async function arrives(wire: Duplex, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  wire.on('data', (chunk: Buffer) => chunks.push(chunk));
  await eventually(() => Buffer.concat(chunks).length >= bytes);
  return Buffer.concat(chunks);
}

/** Of the line as this process has it open: O_NONBLOCK. */
function isNonBlocking(path: string): boolean {
  const file = realpathSync(path);
  // The folder is read through a descriptor that is closed by then.
  const fd = readdirSync('/proc/self/fd').find((name) => {
    const link = join('/proc/self/fd', name);
    return lstatSync(link, { throwIfNoEntry: false }) !== undefined && readlinkSync(link) === file;
  });
  const [, flags = '0'] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
  return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
}

t.test('mark and space parity as other formats: what a UART puts on the line is the same', async (t) => {
  /** Bits on the line, the first one sent first, without start bit. */
  const onLine = (byte: number, dataBits: number, parity: LineFormat['parity'], stopBits: number) => {
    const data = Array.from({ length: dataBits }, (_, bit) => (byte >> bit) & 1);
    const ones = data.reduce((sum, bit) => sum + bit, 0);
    const check = { none: [], even: [ones & 1], odd: [~ones & 1], mark: [1], space: [0] }[parity];
    return [...data, ...check, ...Array(stopBits).fill(1)].join('');
  };
  for (const dataBits of [5, 6, 7, 8] as const) {
    for (const parity of ['none', 'even', 'odd', 'mark', 'space'] as const) {
      for (const stopBits of [1, 2] as const) {
        const wanted: LineFormat = { baudRate: 9_600, dataBits, parity, stopBits };
        const name = `${dataBits}${parity} ${stopBits}`;
        if (formatFault(wanted) !== undefined) {
          t.throws(() => driverFormat(wanted), { code: 'PORT_FORMAT', fault: 'config' }, name);
          continue;
        }
        const { filter, ...driver } = driverFormat(wanted);
        for (let byte = 0; byte < 1 << dataBits; byte++) {
          const sent = filter?.outgoing(Buffer.of(byte))[0] ?? byte;
          const bits = onLine(sent, driver.dataBits, driver.parity, driver.stopBits);
          if (bits !== onLine(byte, dataBits, parity, stopBits)) t.fail(`${name}: ${byte} is ${bits}`);
          if (filter !== undefined && filter.incoming(Buffer.of(sent))[0] !== byte) t.fail(`${name}: ${byte} back`);
        }
      }
    }
  }
  const refused = [8].flatMap((dataBits) => [`${dataBits}S1`, `${dataBits}S2`, `${dataBits}M2`]);
  t.equal(refused.length, 3, 'and only these three cannot be');
});

t.test('7M1 on a line: the far side sees the eighth bit set, the reader does not', needs('socat'), async (t) => {
  const [ours, theirs] = await pair(t);
  const near = await open(t, { ...plain, path: ours, dataBits: 7, parity: 'mark' });
  const far = await open(t, { ...plain, path: theirs });
  near.write('AZ09');
  t.equal((await arrives(far, 4)).toString('hex'), 'c1dab0b9');
  far.write(Buffer.from('c1dab0b9', 'hex'));
  t.equal((await arrives(near, 4)).toString(), 'AZ09');
});

t.test('any baud rate', needs('socat', 'python3'), async (t) => {
  const [ours] = await pair(t);
  for (const baudRate of [300, 9_600, 31_250, 76_800, 250_000, 1_234_567]) {
    const wire = await openTransport({ ...plain, path: ours, baudRate }, signal);
    // TCGETS2 on the same terminal: what the kernel believes.
    const program =
      "import fcntl,struct,sys;f=open(sys.argv[1],'rb+',buffering=0);" +
      "print(struct.unpack('4I20B2I',fcntl.ioctl(f,0x802C542A,b'\\0'*44))[-1])";
    t.equal(execFileSync('python3', ['-c', program, ours], { encoding: 'utf8' }).trim(), String(baudRate));
    wire.destroy();
    await new Promise((resolve) => wire.once('close', resolve));
  }
});

t.test(
  'a terminal without modem lines says so where they are asked for, and is free again',
  needs('socat'),
  async (t) => {
    const [path] = await pair(t);
    const at = (fields: object) => openTransport({ ...plain, path, ...fields }, signal);
    await t.rejects(at({ rts: false }), { code: 'PORT_MODEM_LINES', fault: 'config' });
    await t.rejects(at({ dtr: true }), { code: 'PORT_MODEM_LINES' });
    const rs485 = { rtsOnSend: true, delayBefore: 0, delayAfter: 0 };
    await t.rejects(at({ rs485: { ...rs485, mode: 'rts' } }), { code: 'PORT_MODEM_LINES' });
    await t.rejects(at({ rs485: { ...rs485, mode: 'kernel' } }), {
      code: 'PORT_RS485',
      message: /its driver has no RS-485 mode/,
      hint: /mode: rts/,
    });
    const wire = await at({});
    wire.destroy();
    await new Promise((resolve) => wire.once('close', resolve));
  },
);

t.test(
  'kernel RS-485: what the driver is told; the line is read, and free again',
  needs('socat', 'gcc', 'perl'),
  async (t) => {
    const [path, theirs] = await pair(t);
    const [driver, log] = [join(path, '..', 'driver.so'), join(path, '..', 'log')];
    execFileSync('gcc', ['-shared', '-fPIC', join(repoRoot, 'test/peers/rs485-driver.c'), '-o', driver, '-ldl']);
    const env = { LD_PRELOAD: driver, RS485_LOG: log };
    Object.assign(process.env, env);
    t.teardown(() => {
      for (const name of [...Object.keys(env), 'RS485_STUCK']) delete process.env[name];
    });
    const far = await open(t, { ...plain, path: theirs });
    const at = (rtsOnSend: boolean) =>
      openTransport(
        { ...plain, path, rs485: { mode: 'kernel', rtsOnSend, delayBefore: 3, delayAfter: 7 } },
        new AbortController().signal,
      );
    for (const [rtsOnSend, told] of [
      [true, 'enabled=1 onSend=1 afterSend=0 before=3 after=7\n'],
      [false, 'enabled=1 onSend=0 afterSend=1 before=3 after=7\n'],
    ] as const) {
      const wire = await at(rtsOnSend);
      t.equal(readFileSync(log, 'utf8'), told);
      far.write('x');
      await arrives(wire, 1);
      t.ok(isNonBlocking(path), 'no thread waits in a read, which would hold the lock');
      wire.destroy();
      await new Promise((resolve) => wire.once('close', resolve));
    }
    process.env.RS485_STUCK = '1';
    await t.rejects(at(false), { code: 'PORT_RS485', hint: /rtsOnSend: true/ }, 'a driver that does something else');
  },
);

t.test('RS-485 by RTS: on, wait, send, drain, wait, off; also when the write fails', async (t) => {
  const clock = new ManualClock();
  const seen: string[] = [];
  let fault: Error | null = null;
  const port: Switchable = {
    set: ({ rts, dtr }, done) => {
      seen.push(`${clock.monotonic()} rts ${rts} dtr ${dtr}`);
      done(null);
    },
    write: (bytes, done) => {
      seen.push(`${clock.monotonic()} write ${bytes.length}`);
      done(fault);
    },
    drain: (done) => {
      seen.push(`${clock.monotonic()} drain`);
      done(null);
    },
  };
  const rs485 = { mode: 'rts', rtsOnSend: true, delayBefore: 2, delayAfter: 5 } as const;
  const sent = sendSwitched(port, Buffer.alloc(8), rs485, false, clock);
  for (let ms = 0; ms < 10; ms++) {
    await settle();
    await clock.advance(1);
  }
  await sent;
  t.strictSame(seen, ['0 rts true dtr false', '2 write 8', '2 drain', '7 rts false dtr false']);
  seen.length = 0;
  fault = new Error('unplugged');
  const low = { ...rs485, rtsOnSend: false, delayBefore: 0 };
  await t.rejects(sendSwitched(port, Buffer.alloc(3), low, true, clock), /unplugged/);
  t.match(
    seen.map((line) => line.replace(/^\d+ /, '')),
    ['rts false dtr true', 'write 3', 'rts true dtr true'],
  );
});

t.test('an echo is taken out, whatever pieces it comes in; a spoiled one is left to the reader', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.uint8Array({ maxLength: 30 })), {
        maxLength: 8,
      }),
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      (exchanges, cuts) => {
        const filter = new EchoFilter();
        for (const [request, answer] of exchanges) {
          const onLine = Buffer.concat([filter.outgoing(Buffer.from(request)), Buffer.from(answer)]);
          const read: Buffer[] = [];
          for (let at = 0; at < onLine.length; ) {
            const end = at + (cuts.next().value as number);
            read.push(filter.incoming(onLine.subarray(at, end)));
            at = end;
          }
          if (!Buffer.concat(read).equals(Buffer.from(answer))) return false;
        }
        return true;
      },
    ),
  );
  const filter = new EchoFilter();
  filter.outgoing(Buffer.from('0103', 'hex'));
  t.equal(filter.incoming(Buffer.from('010b', 'hex')).toString('hex'), '0b');
  t.equal(filter.incoming(Buffer.from('03', 'hex')).toString('hex'), '03', 'nothing is expected any more');
});

t.test('a line that hears itself', needs('socat'), async (t) => {
  const [ours, theirs] = await pair(t);
  const near = await open(t, { ...plain, path: ours, echo: true });
  const far = await open(t, { ...plain, path: theirs });
  far.on('data', (chunk: Buffer) => far.write(Buffer.concat([chunk, Buffer.from('!')])));
  near.write('hello');
  t.equal((await arrives(near, 1)).toString(), '!');
});

t.test('rest after opening: what comes meanwhile is thrown away', needs('socat'), async (t) => {
  const [ours, theirs] = await pair(t);
  const far = await open(t, { ...plain, path: theirs });
  const opening = open(t, { ...plain, path: ours, settle: 150 });
  far.write('boot: version 1.2\r\n');
  const near = await opening;
  far.write('ready');
  t.equal((await arrives(near, 5)).toString(), 'ready');
});
