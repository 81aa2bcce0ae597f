/**
 * Metering of one function: fuel is taken at its entry and at each loop header, and wherever more than
 * {@link INSTRUCTIONS_PER_FUEL} instructions could have been executed since on any way that leads there. So a unit of fuel
 * pays for a bounded amount of work whatever the code looks like, and a long `switch` costs only the arm that is taken.
 * A function pays for the room it needs (parameters, results, local variables), a block for the values that it takes and gives.
 * What takes long by its size (bulk memory and tables) pays by it.
 */
import { functionError } from '../errors.js';
import { bulk, op, simdWeight, skipImmediates, valueType, weightOf } from './instructions.js';
import { MAX_LOCALS, MAX_NESTING } from './limits.js';
import type { Reader } from './reader.js';
import type { FunctionType } from './sections.js';
import type { Writer } from './writer.js';

export const INSTRUCTIONS_PER_FUEL = 64;
/** memory.grow, whether or not it is allowed to: it leaves WebAssembly. */
const FUEL_PER_GROW = 1024;
/** Table instructions of any size: they leave WebAssembly, too. */
const FUEL_PER_TABLE_CALL = 64;
/** Units of fuel are 64 bytes, or four elements of a table. */
const BYTES_SHIFT = 6;
const ELEMENTS_SHIFT = 2;
/** Units of fuel are 16 places of a stack frame, which are cleared at entry; 128 bits take two. */
const PLACES_SHIFT = 4;

/** Indices of the globals that were added. */
export interface Meters {
  /** What is left; the function ends when it is below zero. */
  readonly fuel: number;
  /** 1: memory.grow was refused. */
  readonly denied: number;
}

/** A block that is open. */
interface Label {
  readonly opcode: number;
  /** Most that was executed without a charge when control reaches its end. */
  weight: number;
  /** The same where an `if` begins, for its other way. */
  readonly atIf: number;
}

/**
 * Writes the metered body of a function.
 *
 * @param body - local declarations and code, without the size
 * @param type - of the function
 * @param types - of the module, which blocks name
 * @throws GatewayError FUNCTION_MODULE_FEATURE, FUNCTION_MODULE_LIMIT, FUNCTION_MODULE_INVALID
 */
export function meterFunction(
  body: Reader,
  type: FunctionType,
  types: readonly FunctionType[],
  meters: Meters,
  out: Writer,
): void {
  const { scratch, places } = copyLocals(body, type, out);
  const { bytes } = body;
  let copied = body.at;
  const flush = (until: number) => {
    out.put(bytes.subarray(copied, until));
    copied = until;
  };
  const labels: Label[] = [];
  let weight = 0;
  const reach = (depth: number) => {
    const label = labels[labels.length - 1 - depth];
    if (label !== undefined && label.opcode !== op.loop && label.weight < weight) label.weight = weight;
  };
  charge(out, meters, scratch, 1 + (places >> PLACES_SHIFT));
  while (!body.isAtEnd) {
    if (weight >= INSTRUCTIONS_PER_FUEL) {
      flush(body.at);
      charge(out, meters, scratch, Math.floor(weight / INSTRUCTIONS_PER_FUEL));
      weight = 0;
    }
    const start = body.at;
    const opcode = body.u8();
    weight += weightOf(opcode);
    switch (opcode) {
      case op.block:
      case op.if:
      case op.loop: {
        const values = placesOf(types[skipImmediates(body, opcode)]);
        weight += values;
        if (labels.length >= MAX_NESTING) {
          throw functionError('FUNCTION_MODULE_LIMIT', `blocks are nested more than ${MAX_NESTING} deep`);
        }
        labels.push({ opcode, weight: 0, atIf: opcode === op.if ? weight : 0 });
        if (opcode === op.loop) {
          flush(body.at);
          charge(out, meters, scratch, 1 + (values >> PLACES_SHIFT));
          weight = 0;
        }
        break;
      }
      case op.else: {
        const label = labels.pop();
        if (label === undefined) throw functionError('FUNCTION_MODULE_INVALID', 'an else without an if');
        labels.push({ opcode, weight: Math.max(label.weight, weight), atIf: 0 });
        weight = label.atIf;
        break;
      }
      case op.end: {
        const label = labels.pop();
        if (label !== undefined) weight = Math.max(weight, label.weight, label.atIf);
        break;
      }
      case op.br:
        reach(body.u32());
        weight = 0;
        break;
      case op.brIf:
        reach(body.u32());
        break;
      case op.brTable:
        for (let left = body.u32() + 1; left > 0; left--) reach(body.u32());
        weight = 0;
        break;
      case op.return:
      case op.unreachable:
        weight = 0;
        break;
      case op.returnCall:
      case op.returnCallIndirect:
        skipImmediates(body, opcode);
        weight = 0;
        break;
      case op.memoryGrow:
        flush(start);
        charge(out, meters, scratch, FUEL_PER_GROW);
        skipImmediates(body, opcode);
        flush(body.at);
        noteRefusal(out, meters, scratch);
        break;
      case op.simd:
        weight += simdWeight(skipImmediates(body, opcode));
        break;
      case op.bulk: {
        const shift = shiftOf(skipImmediates(body, opcode));
        if (shift === undefined) break;
        flush(start);
        chargeBySize(out, meters, scratch, shift);
        flush(body.at);
        break;
      }
      default:
        skipImmediates(body, opcode);
    }
  }
  flush(body.end);
}

interface Locals {
  /** Index of a local of type i32 that was added. */
  readonly scratch: number;
  /** What they take in a stack frame, with parameters and results. */
  readonly places: number;
}

function copyLocals(body: Reader, type: FunctionType, out: Writer): Locals {
  const groups = body.u32();
  const start = body.at;
  let locals = type.parameters.length;
  let places = placesOf(type);
  for (let left = groups; left > 0; left--) {
    const count = body.u32();
    locals += count;
    places += count * placesOfValue(valueType(body));
    if (locals > MAX_LOCALS) {
      throw functionError('FUNCTION_MODULE_LIMIT', `a function has more than ${MAX_LOCALS} local variables`);
    }
  }
  out.u32(groups + 1);
  out.put(body.bytes.subarray(start, body.at));
  out.u8(1);
  out.u8(0x7f);
  return { scratch: locals, places };
}

function placesOf(type: FunctionType | undefined): number {
  if (type === undefined) return 0;
  let places = 0;
  for (const one of type.parameters) places += placesOfValue(one);
  for (const one of type.results) places += placesOfValue(one);
  return places;
}

function placesOfValue(type: string): number {
  return type === 'v128' ? 2 : 1;
}

function shiftOf(second: number): number | undefined {
  switch (second) {
    case bulk.memoryInit:
    case bulk.memoryCopy:
    case bulk.memoryFill:
      return BYTES_SHIFT;
    case bulk.tableInit:
    case bulk.tableCopy:
    case bulk.tableGrow:
    case bulk.tableFill:
      return ELEMENTS_SHIFT;
    default:
      return undefined;
  }
}

const GET_LOCAL = 0x20;
const SET_LOCAL = 0x21;
const TEE_LOCAL = 0x22;
const GET_GLOBAL = 0x23;
const SET_GLOBAL = 0x24;
const CONSTANT = 0x41;
const EQUAL = 0x46;
const LESS = 0x48;
const SUBTRACT = 0x6b;
const SHIFT_RIGHT = 0x76;
const NO_RESULT = 0x40;

function instruct(out: Writer, opcode: number, index: number): void {
  out.u8(opcode);
  out.u32(index);
}

function constant(out: Writer, value: number): void {
  out.u8(CONSTANT);
  out.s32(value);
}

/** fuel −= amount; below zero: the end. */
function charge(out: Writer, { fuel }: Meters, scratch: number, amount: number): void {
  instruct(out, GET_GLOBAL, fuel);
  constant(out, amount);
  out.u8(SUBTRACT);
  instruct(out, TEE_LOCAL, scratch);
  instruct(out, SET_GLOBAL, fuel);
  instruct(out, GET_LOCAL, scratch);
  endBelowZero(out);
}

/** The same by the number that lies on top of the stack, and stays there. */
function chargeBySize(out: Writer, { fuel }: Meters, scratch: number, shift: number): void {
  instruct(out, SET_LOCAL, scratch);
  instruct(out, GET_GLOBAL, fuel);
  constant(out, shift === ELEMENTS_SHIFT ? FUEL_PER_TABLE_CALL : 1);
  out.u8(SUBTRACT);
  instruct(out, GET_LOCAL, scratch);
  constant(out, shift);
  out.u8(SHIFT_RIGHT);
  out.u8(SUBTRACT);
  instruct(out, SET_GLOBAL, fuel);
  instruct(out, GET_GLOBAL, fuel);
  endBelowZero(out);
  instruct(out, GET_LOCAL, scratch);
}

function endBelowZero(out: Writer): void {
  constant(out, 0);
  out.u8(LESS);
  out.u8(op.if);
  out.u8(NO_RESULT);
  out.u8(op.unreachable);
  out.u8(op.end);
}

/** Remembers that memory.grow gave −1, which stays on the stack. */
function noteRefusal(out: Writer, { denied }: Meters, scratch: number): void {
  instruct(out, TEE_LOCAL, scratch);
  constant(out, -1);
  out.u8(EQUAL);
  out.u8(op.if);
  out.u8(NO_RESULT);
  constant(out, 1);
  instruct(out, SET_GLOBAL, denied);
  out.u8(op.end);
  instruct(out, GET_LOCAL, scratch);
}
