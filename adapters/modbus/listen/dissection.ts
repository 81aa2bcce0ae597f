/** What was recorded of a wire, as Modbus messages with a text for people. */
import type { Dissection, WireBytes, WireMessage } from '../../../src/adapter.js';
import { encodeMbap, MbapSplitter } from '../mbap.js';
import { RtuSniffer } from './rtu-sniffer.js';

const MODBUS_PORT = 502;
const TABLES: Readonly<Record<number, string>> = { 1: 'coil', 2: 'discrete', 3: 'holding', 4: 'input' };
/** Values that a line shows. */
const MOST_SHOWN = 16;

export function dissect(framing: string): Dissection | undefined {
  if (framing === 'rtu') return new RtuDissection();
  return framing === 'tcp' ? new TcpDissection() : undefined;
}

class RtuDissection implements Dissection {
  readonly protocol = 'mbrtu';
  readonly port = MODBUS_PORT;
  readonly #sniffer = new RtuSniffer();

  push({ at, sent, bytes }: WireBytes): readonly WireMessage[] {
    return this.#sniffer.push(bytes, at, sent).map(
      (frame): WireMessage => ({
        at: frame.at,
        from: frame.isRequest ? 'master' : 'device',
        bytes: frame.bytes,
        text: frame.isRequest ? requestText(frame.unit, frame.pdu) : answerText(frame.unit, frame.pdu),
      }),
    );
  }
}

class TcpDissection implements Dissection {
  readonly protocol = 'mbtcp';
  readonly port = MODBUS_PORT;
  #sides = { master: new MbapSplitter(), device: new MbapSplitter() };

  push({ at, sent, bytes }: WireBytes): readonly WireMessage[] {
    const from = sent ? 'master' : 'device';
    const splitter = this.#sides[from];
    const messages: WireMessage[] = [];
    try {
      splitter.push(bytes);
      for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
        const { transactionId, unit, pdu } = frame;
        const text = sent ? requestText(unit, pdu) : answerText(unit, pdu);
        messages.push({ at, from, bytes: encodeMbap(transactionId, unit, pdu), text });
      }
    } catch {
      // Bytes that are no header: a new connection begins with whole frames.
      this.#sides = { ...this.#sides, [from]: new MbapSplitter() };
    }
    return messages;
  }
}

function requestText(unit: number, pdu: Buffer): string {
  const functionCode = pdu[0]!;
  const table = TABLES[functionCode];
  const name = `unit ${unit} `;
  if (table !== undefined && pdu.length >= 5) return `${name}read ${table} ${rangeText(pdu)}`;
  if (functionCode === 5 && pdu.length >= 5)
    return `${name}write coil ${pdu.readUInt16BE(1)} = ${pdu[3] === 0xff ? 1 : 0}`;
  if (functionCode === 6 && pdu.length >= 5)
    return `${name}write holding ${pdu.readUInt16BE(1)} = ${pdu.readUInt16BE(3)}`;
  if (functionCode === 15 && pdu.length >= 6) return `${name}write coil ${rangeText(pdu)}`;
  if (functionCode === 16 && pdu.length >= 6)
    return `${name}write holding ${rangeText(pdu)} = ${registersText(pdu.subarray(6))}`;
  return `${name}function ${functionCode}`;
}

function answerText(unit: number, pdu: Buffer): string {
  const functionCode = pdu[0]!;
  if (functionCode > 0x80) return `unit ${unit} refused function ${functionCode & 0x7f}: exception ${pdu[1]}`;
  if (functionCode === 3 || functionCode === 4) return `unit ${unit} answered ${registersText(pdu.subarray(2))}`;
  if (functionCode === 1 || functionCode === 2) return `unit ${unit} answered ${pdu.subarray(2).toString('hex')}`;
  return `unit ${unit} confirmed function ${functionCode}`;
}

function rangeText(pdu: Buffer): string {
  const start = pdu.readUInt16BE(1);
  const quantity = pdu.readUInt16BE(3);
  return quantity === 1 ? `${start}` : `${start} to ${start + quantity - 1}`;
}

function registersText(data: Buffer): string {
  const values: string[] = [];
  for (let at = 0; at + 1 < data.length && values.length < MOST_SHOWN; at += 2)
    values.push(String(data.readUInt16BE(at)));
  return values.join(' ') + (data.length / 2 > MOST_SHOWN ? ' …' : '');
}
