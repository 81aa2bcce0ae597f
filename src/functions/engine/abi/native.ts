/**
 * The guest's side of ABI `hpmq-fn/1`.
 *
 * Ownership: the input of a hook, and what the host gives it as an answer, lie where its `hpmq_alloc` said and belong to the
 * guest from then on: it may free them, use them again, or hand the input back as its answer. What a hook returns belongs to
 * the host, which copies it and calls `hpmq_free(ptr, len)` where that is exported.
 */
import { FunctionTrap, type Hook } from '../../../core/function.js';
import type { Guest } from '../guest.js';

export const ABI_VERSION = 1;

type HookCall = (pointer: number, length: number) => bigint;
type AsyncHookCall = (pointer: number, length: number) => Promise<bigint>;

/** What a frame may have beside the bytes of its messages. */
const FRAME_OVERHEAD = 64 * 1024;

export function callNative(guest: Guest, hook: Hook, frame: Uint8Array, mostBytes: number): Buffer | undefined {
  const run = guest.exports[hook] as HookCall;
  return answerOf(guest, run(guest.put(frame), frame.length), mostBytes);
}

/** @param run - the hook, as `WebAssembly.promising` made it */
export async function callNativeAsync(
  guest: Guest,
  run: AsyncHookCall,
  frame: Uint8Array,
  mostBytes: number,
): Promise<Buffer | undefined> {
  const result = await run(guest.put(frame), frame.length);
  if (guest.isOver) throw new FunctionTrap('deadline', 'the answer came too late');
  return answerOf(guest, result, mostBytes);
}

function answerOf(guest: Guest, result: bigint, mostBytes: number): Buffer | undefined {
  if (result === 0n) return undefined;
  if (result === -1n) throw new FunctionTrap('refused', 'the function refused its input');
  const length = Number(result & 0xffff_ffffn);
  const pointer = Number((result >> 32n) & 0xffff_ffffn);
  if (length > mostBytes + FRAME_OVERHEAD) {
    throw new FunctionTrap('output', `it gave ${length} bytes; at most ${mostBytes} are allowed`);
  }
  if (pointer + length > guest.bytes.length) {
    throw new FunctionTrap('output', `its answer of ${length} bytes at ${pointer} is outside its memory`);
  }
  const answer = Buffer.allocUnsafe(length);
  guest.bytes.copy(answer, 0, pointer, pointer + length);
  const free = guest.exports.hpmq_free as HookCall | undefined;
  if (free !== undefined) free(pointer, length);
  return answer;
}
