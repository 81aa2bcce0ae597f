/** The registers that a recording tells of, as a slave would have them. */
import type { RecordedTest } from '../../src/config/profiles/test-file.js';

export type Registers = Record<string, Record<string, number>>;

const TABLES = ['', 'coil', 'discrete', 'holding', 'input'];

/** @param registers - filled; of frames as they were, with their wrapping taken off by length alone */
export function addRegisters(registers: Registers, { framing, exchanges }: RecordedTest['recordings'][number]): void {
  for (const { request, response } of exchanges) {
    const question = framing === 'tcp' ? request.subarray(7) : request.subarray(1, -2);
    const answer = framing === 'tcp' ? response.subarray(7) : response.subarray(1, -2);
    if (answer[0] !== question[0]) continue;
    const name = TABLES[question[0]!]!;
    const start = question.readUInt16BE(1);
    registers[name] ??= {};
    for (let index = 0; index < question.readUInt16BE(3); index++) {
      registers[name][start + index] =
        question[0]! < 3 ? (answer[2 + (index >> 3)]! >> (index & 7)) & 1 : answer.readUInt16BE(2 + 2 * index);
    }
  }
}

/** Devices answer for the addresses between their values, too: gaps of up to `width` are filled with 0. */
export function fillGaps(registers: Registers, width: number): void {
  for (const cells of Object.values(registers)) {
    const known = Object.keys(cells)
      .map(Number)
      .toSorted((a, b) => a - b);
    for (const [index, address] of known.entries()) {
      const next = known[index + 1] ?? address;
      if (next - address > width) continue;
      for (let between = address + 1; between < next; between++) cells[between] = 0;
    }
  }
}
