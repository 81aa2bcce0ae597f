/** Modules that are nearly right: by bytes, by sections, and by instructions, so that many of them still are valid. */
import { op, skipImmediates } from '../../../src/functions/engine/instructions.js';
import { Reader } from '../../../src/functions/engine/reader.js';
import { Writer } from '../../../src/functions/engine/writer.js';
import type { Choice } from '../../support/random.js';

interface Section {
  readonly id: number;
  content: Uint8Array;
}

const CODE = 10;

/** One to four changes of one module of the corpus. */
export function mutateModule(corpus: readonly Buffer[], choice: Choice): Buffer {
  // Small ones more often: they are judged sooner.
  let bytes: Buffer = choice.weighted(corpus.map((one) => [1 / (2_000 + one.length), one] as const));
  for (let left = choice.chance(0.7) ? 1 : 1 + choice.below(4); left > 0; left--) {
    try {
      bytes = choice.weighted<(from: Buffer) => Buffer>([
        [1, (from) => mutateBytes(from, corpus, choice)],
        [2, (from) => mutateSections(from, corpus, choice)],
        [12, (from) => mutateCode(from, choice)],
      ])(bytes);
    } catch {
      // A change before made it unreadable: it stays as it is.
    }
  }
  return bytes;
}

const interesting = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x40, 0x0b, 0x0f, 0xfc, 0xfd, 0xfe, 0x23, 0x24, 0x3f];

function mutateBytes(from: Buffer, corpus: readonly Buffer[], choice: Choice): Buffer {
  const bytes = Buffer.from(from);
  const at = choice.below(bytes.length);
  const length = Math.min(1 + choice.below(16), bytes.length - at);
  switch (choice.below(6)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << choice.below(8));
      return bytes;
    case 1:
      bytes[at] = choice.pick(interesting);
      return bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), choice.bytes(length), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    default: {
      const other = choice.pick(corpus);
      const start = choice.below(other.length);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(start, start + length), bytes.subarray(at + length)]);
    }
  }
}

function split(bytes: Uint8Array): Section[] {
  const reader = new Reader(bytes, 8);
  const sections: Section[] = [];
  while (!reader.isAtEnd) sections.push({ id: reader.u8(), content: reader.take(reader.u32()) });
  return sections;
}

function join(header: Uint8Array, sections: readonly Section[]): Buffer {
  const out = new Writer(4096);
  out.put(header.subarray(0, 8));
  for (const { id, content } of sections) {
    out.u8(id);
    out.sized(content);
  }
  return Buffer.from(out.view());
}

/** Whole sections that ask for what is not allowed, or might be forgotten. */
const strangeSections: readonly Section[] = [
  { id: 5, content: Buffer.from([1, 0x00, 0x01]) },
  { id: 5, content: Buffer.from([1, 0x01, 0x01, 0x80, 0x80, 0x04]) },
  { id: 5, content: Buffer.from([1, 0x03, 0x01, 0x02]) },
  { id: 5, content: Buffer.from([1, 0x04, 0x01]) },
  { id: 5, content: Buffer.from([2, 0x00, 0x01, 0x00, 0x01]) },
  { id: 4, content: Buffer.from([1, 0x70, 0x00, 0x80, 0x80, 0x80, 0x08]) },
  { id: 4, content: Buffer.from([1, 0x6f, 0x01, 0x00, 0xff, 0xff, 0xff, 0xff, 0x0f]) },
  { id: 13, content: Buffer.from([1, 0x00, 0x00]) },
  { id: 8, content: Buffer.from([0x00]) },
  { id: 8, content: Buffer.from([0x05]) },
  { id: 12, content: Buffer.from([0x01]) },
  { id: 0, content: Buffer.from([0x04, 0x6e, 0x61, 0x6d, 0x65, 0xff, 0xff]) },
];

function mutateSections(from: Buffer, corpus: readonly Buffer[], choice: Choice): Buffer {
  const sections = split(from);
  const at = choice.below(sections.length);
  const one = sections[at]!;
  switch (choice.below(6)) {
    case 0:
      sections.splice(at, 1);
      break;
    case 1:
      sections.splice(choice.below(sections.length), 0, one);
      break;
    case 2:
      sections[at] = { id: one.id, content: mutateBytes(Buffer.from(one.content), corpus, choice) };
      break;
    case 3: {
      const strange = choice.pick(strangeSections);
      const same = sections.findIndex(({ id }) => id === strange.id);
      if (same >= 0) sections[same] = strange;
      else {
        const behind = sections.findIndex(({ id }) => id > strange.id);
        sections.splice(behind < 0 ? sections.length : behind, 0, strange);
      }
      break;
    }
    case 4: {
      const others = split(choice.pick(corpus));
      const other = others.find(({ id }) => id === one.id);
      if (other !== undefined) sections[at] = other;
      break;
    }
    default: {
      const data = sections.find(({ id }) => id === choice.pick([6, 9, 11]));
      if (data !== undefined) data.content = mutateBytes(Buffer.from(data.content), corpus, choice);
    }
  }
  return join(from, sections);
}

/** Sequences that leave the stack as it was: valid anywhere between two instructions. */
const neutral: readonly ((choice: Choice) => number[])[] = [
  () => [0x03, 0x40, 0x0c, 0x00, 0x0b], // loop br 0 end
  () => [0x03, 0x40, 0x41, 0x01, 0x0d, 0x00, 0x0b],
  () => [0x02, 0x40, 0x03, 0x40, 0x0c, 0x00, 0x0b, 0x0b],
  () => [0x03, 0x7f, 0x0c, 0x00, 0x0b, 0x1a],
  (choice) => [0x41, ...signed(choice), 0x40, 0x00, 0x1a], // memory.grow
  (choice) => [0x03, 0x40, 0x41, ...signed(choice), 0x40, 0x00, 0x1a, 0x0c, 0x00, 0x0b],
  (choice) => [0x41, ...signed(choice), 0x41, 0x00, 0x41, ...signed(choice), 0xfc, 0x0b, 0x00], // memory.fill
  (choice) => [0x41, ...signed(choice), 0x41, 0x08, 0x41, ...signed(choice), 0xfc, 0x0a, 0x00, 0x00], // memory.copy
  () => [0x03, 0x40, 0x41, 0x00, 0x41, 0x00, 0x41, 0x80, 0x80, 0x04, 0xfc, 0x0b, 0x00, 0x0c, 0x00, 0x0b],
  (choice) => [0xd0, 0x70, 0x41, ...signed(choice), 0xfc, 0x0f, 0x00, 0x1a], // table.grow
  (choice) => [0x41, 0x00, 0xd0, 0x70, 0x41, ...signed(choice), 0xfc, 0x11, 0x00], // table.fill
  (choice) => [0x41, 0x00, 0x24, choice.below(6)], // global.set
  (choice) => [0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x24, choice.below(6)],
  (choice) => [0x10, choice.below(24)], // call
  (choice) => [0x10, choice.below(24), 0x1a],
  (choice) => [0x41, 0x00, 0x41, 0x10, 0x10, choice.below(8)],
  (choice) => [0x41, 0x01, 0x41, 0x00, 0x41, ...signed(choice), 0x10, choice.below(4)],
  (choice) => [0x41, ...signed(choice), 0x11, choice.below(4), 0x00], // call_indirect
  (choice) => [0x12, choice.below(24)], // return_call
  () => [0x00],
  () => [0x0f],
  () => [0x06, 0x40, 0x0b], // try end
  () => [0x1f, 0x40, 0x00, 0x0b], // try_table end
  () => [0xfe, 0x03, 0x00], // atomic.fence
  () => [0xfd, 0x0c, ...Array<number>(16).fill(7), 0x1a], // v128.const
  () => [0xfd, 0x0c, ...Array<number>(16).fill(7), 0xfd, 0x1b, 0x03, 0x1a],
  () => [0x41, 0x00, 0xfd, 0x54, 0x00, 0x00, 0x0f, 0x1a],
  (choice) => Array<number>(1 + choice.below(200)).fill(0x01), // nop
  (choice) => [0x02, 0x40, 0x41, 0x01, 0x0e, 1, 0, choice.below(3), 0x0b], // br_table
];

function signed(choice: Choice): number[] {
  const out = new Writer(8);
  out.s32(
    choice.pick([0, 1, -1, 16, 64, 255, 65_535, 65_536, 1_000_000, 0x7fff_ffff, -0x8000_0000, choice.below(1 << 16)]),
  );
  return [...out.view()];
}

function mutateCode(from: Buffer, choice: Choice): Buffer {
  const sections = split(from);
  const code = sections.find(({ id }) => id === CODE);
  if (code === undefined) return from;
  const reader = new Reader(code.content);
  const bodies: Uint8Array[] = [];
  for (let left = reader.u32(); left > 0; left--) bodies.push(reader.take(reader.u32()));
  const which = choice.below(bodies.length);
  bodies[which] = mutateBody(bodies[which]!, choice);
  const out = new Writer(code.content.length + 256);
  out.u32(bodies.length);
  for (const body of bodies) out.sized(body);
  code.content = Buffer.from(out.view());
  return join(from, sections);
}

function mutateBody(body: Uint8Array, choice: Choice): Uint8Array {
  const starts = instructionsOf(body);
  const at = choice.below(Math.max(1, starts.length - 1));
  const start = starts[at] ?? body.length;
  const end = starts[at + 1] ?? body.length;
  const insert = (bytes: readonly number[] | Uint8Array) =>
    Buffer.concat([body.subarray(0, start), Buffer.from(bytes), body.subarray(start)]);
  switch (choice.below(10)) {
    case 0:
    case 1:
    case 2:
    case 8:
    case 9:
      return insert(choice.pick(neutral)(choice));
    case 3:
      return Buffer.concat([body.subarray(0, start), body.subarray(end)]);
    case 4:
      return insert(body.subarray(start, end));
    case 5: {
      const changed = Buffer.from(body);
      // One of its neighbours often has the same type.
      changed[start] = (changed[start]! + choice.pick([1, -1, 2, -2, 4])) & 0xff;
      return changed;
    }
    case 6: {
      const changed = Buffer.from(body);
      if (end - start > 1) changed[start + 1 + choice.below(end - start - 1)] = choice.below(128);
      return changed;
    }
    default: {
      // A run of instructions, wrapped into a loop that is never left.
      const until = starts[Math.min(starts.length - 1, at + 1 + choice.below(8))] ?? body.length;
      return Buffer.concat([
        body.subarray(0, start),
        Buffer.from([0x03, 0x40]),
        body.subarray(start, until),
        Buffer.from([0x0c, 0x00, 0x0b]),
        body.subarray(until),
      ]);
    }
  }
}

/** Offsets of the instructions. */
function instructionsOf(body: Uint8Array): number[] {
  const reader = new Reader(body);
  for (let left = reader.u32(); left > 0; left--) {
    reader.u32();
    reader.u8();
  }
  const starts: number[] = [];
  while (!reader.isAtEnd) {
    starts.push(reader.at);
    const opcode = reader.u8();
    skipImmediates(reader, opcode);
    if (opcode === op.end && reader.isAtEnd) break;
  }
  return starts;
}
