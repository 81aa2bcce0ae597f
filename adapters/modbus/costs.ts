/** What a read costs, by framing: what the planner weighs a further request against. */
import type { ReadCosts } from '../../src/adapter.js';
import { isBitTable, READ_LIMIT, type Table } from './pdu.js';
import type { DeviceOptions } from './schema.js';

/** How registers travel, in characters. */
interface Framing {
  /** Request and answer, without the data. */
  readonly exchange: number;
  readonly perByte: number;
}

const FRAMINGS: Readonly<Record<'rtu' | 'ascii', Framing>> = {
  // MODBUS over Serial Line V1.02 §2.5.1: 8 characters, and unit, function, byte count and CRC around the data.
  rtu: { exchange: 13, perByte: 1 },
  // §2.5.2: a colon, two characters for each byte and for the LRC, CR and LF.
  ascii: { exchange: 17 + 11, perByte: 2 },
};

/** Network and device on TCP until it was measured, ms: a PLC answers once per scan. */
const TCP_LATENCY_MS = 10;
/** Driver and device on a line, ms, beside the 3.5 characters by which a device knows the end of a request. */
const LINE_LATENCY_MS = 5;

export interface Wire {
  readonly framing: 'tcp' | 'rtu' | 'ascii';
  /** Of one character, ms; undefined: no serial line. */
  readonly characterMs: number | undefined;
  /** Between two frames, ms. */
  readonly silenceMs: number;
}

export function readCosts(device: DeviceOptions, { framing, characterMs = 0, silenceMs }: Wire): ReadCosts {
  const form = framing === 'tcp' ? undefined : FRAMINGS[framing];
  return {
    exchangeMs: form === undefined ? 0 : form.exchange * characterMs + silenceMs,
    restMs: form === undefined ? 0 : silenceMs,
    latencyMs: characterMs === 0 ? TCP_LATENCY_MS : LINE_LATENCY_MS + 3.5 * characterMs,
    unitMs: (space) => (form === undefined ? 0 : form.perByte * characterMs * (isBitTable(space as Table) ? 1 / 8 : 2)),
    limit(space) {
      const table = space as Table;
      return Math.min(
        READ_LIMIT[table],
        (isBitTable(table) ? device.maxBits : device.maxRegisters) ?? READ_LIMIT[table],
      );
    },
    maxGap: () => device.maxGap ?? Number.POSITIVE_INFINITY,
  };
}
