/** A serial line with a scripted slave on its far end, for faults no real slave makes on demand. */
import type { Duplex } from 'node:stream';
import { rtuFraming, type SerialFraming } from '../../adapters/modbus/framing.js';
import { readRequest } from '../../adapters/modbus/pdu.js';
import { SerialMaster } from '../../adapters/modbus/serial.js';
import type { Clock } from '../../src/adapter.js';

/** One request as the slave got it (FC 1 to 6). */
export interface Asked {
  /** 0 for the first request on this line. */
  readonly index: number;
  readonly unit: number;
  readonly functionCode: number;
  readonly start: number;
  readonly quantity: number;
  readonly frame: Buffer;
  readonly framing: SerialFraming;
}

export interface Line {
  readonly clock: Clock;
  readonly master: SerialMaster;
  /** The slave's end. */
  readonly far: Duplex;
  readonly asked: Asked[];
  /** Lets `ms` pass, or the promise settle. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

export type Script = (asked: Asked, send: (bytes: Buffer) => void, after: Clock['after']) => void;

/** The right answer of a slave whose registers hold their own address: a wrong answer shows in the value. */
export function answerTo({ unit, functionCode, start, quantity, frame, framing }: Asked): Buffer {
  if (functionCode >= 5) return frame;
  const registers = Array.from({ length: quantity }, (_, index) => start + index);
  const pdu = Buffer.alloc(2 + 2 * quantity);
  pdu[0] = functionCode;
  pdu[1] = 2 * quantity;
  for (const [index, value] of registers.entries()) pdu.writeUInt16BE(value, 2 + 2 * index);
  return framing.encode(unit, pdu);
}

/** Connects a master to a scripted slave over the two ends of a wire. */
export function scriptedLine(
  [near, far]: readonly [Duplex, Duplex],
  clock: Clock,
  pass: (ms: number) => Promise<void>,
  script: Script,
  lateWindowMs?: number,
  framing: SerialFraming = rtuFraming,
): Line {
  const isAscii = framing !== rtuFraming;
  // A request is a PDU of five bytes.
  const frameBytes = framing.frameBytes(5);
  const asked: Asked[] = [];
  let bytes: Buffer = Buffer.alloc(0);
  far.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= frameBytes) {
      const frame = Buffer.from(bytes.subarray(0, frameBytes));
      bytes = bytes.subarray(frameBytes);
      const content = isAscii ? Buffer.from(frame.toString('latin1', 1), 'hex') : frame;
      const request: Asked = {
        index: asked.length,
        unit: content[0]!,
        functionCode: content[1]!,
        start: content.readUInt16BE(2),
        quantity: content.readUInt16BE(4),
        frame,
        framing,
      };
      asked.push(request);
      script(
        request,
        (reply) => far.writable && void far.write(reply),
        (ms, callback) => clock.after(ms, callback),
      );
    }
  });
  const master = new SerialMaster(near, { clock, silenceMs: 4, lateWindowMs, framing });
  return {
    clock,
    master,
    far,
    asked,
    pass,
    close: async () => {
      master.close();
      near.destroy();
      far.destroy();
      await pass(1);
    },
  };
}

/** The registers read, or the code of the error. */
export async function readRegisters(line: Line, start: number, quantity = 1, ms = 100, unit = 3): Promise<unknown> {
  const outcome = execute(line, unit, readRequest('holding', start, quantity), ms).then((result) =>
    typeof result === 'string' ? result : Array.from({ length: quantity }, (_, i) => result.readUInt16BE(2 + 2 * i)),
  );
  return outcome;
}

/** The answer's PDU, or the code of the error. */
export async function execute(
  { master, clock }: Line,
  unit: number,
  request: Parameters<SerialMaster['execute']>[1],
  ms: number,
): Promise<Buffer | string> {
  const deadline = new AbortController();
  using _timer = clock.after(ms, () => deadline.abort(new Error('deadline')));
  try {
    return await master.execute(unit, request, deadline.signal);
  } catch (error) {
    return (error as { code: string }).code;
  }
}
