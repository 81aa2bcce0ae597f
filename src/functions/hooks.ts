/** Functions that know frames of devices, and functions that decide who may connect. */
import type { ConnectDecision, ConnectHook, ConnectRequest, Decoded, Encoded, FrameHooks } from '../core/function.js';
import { globMatches } from '../core/glob.js';
import { functionError } from './errors.js';
import { Failure, type Outcome } from './failure.js';
import { readDecision, readFrames, readPoints } from './frame-reader.js';
import { connectFrame, decodeFrame, encodeFrame } from './frame-writer.js';
import type { Slot } from './slot.js';

/** Those that are for a device, in the order of the configuration. */
function slotsFor(slots: readonly Slot[], type: 'decode' | 'encode', device: string): readonly Slot[] {
  return slots.filter(({ config }) =>
    config.triggers.some(
      (trigger) =>
        trigger.type === type && 'devices' in trigger && trigger.devices.some((glob) => globMatches(glob, device)),
    ),
  );
}

/** Asks one after the other until one has an answer. */
function firstAnswer<T>(
  slots: readonly Slot[],
  askOne: (slot: Slot) => Outcome | Promise<Outcome>,
  read: (of: Buffer | undefined) => readonly T[] | Failure,
): ReturnType<typeof resultOf<T>> | Promise<ReturnType<typeof resultOf<T>>> {
  for (const [index, slot] of slots.entries()) {
    if (slot.isPaused) continue;
    const outcome = askOne(slot);
    if (outcome instanceof Promise) {
      return outcome.then((answer) => {
        const result = resultOf(slot, answer, read);
        const isEmpty = Array.isArray(result) && result.length === 0;
        return isEmpty ? firstAnswer(slots.slice(index + 1), askOne, read) : result;
      });
    }
    const result = resultOf(slot, outcome, read);
    if (!Array.isArray(result) || result.length > 0) return result;
  }
  return [];
}

function resultOf<T>(slot: Slot, outcome: Outcome, read: (of: Buffer | undefined) => readonly T[] | Failure) {
  const result = outcome instanceof Failure ? outcome : read(outcome);
  if (!(result instanceof Failure)) return result;
  if (outcome !== result) slot.failed(result);
  const details = { function: slot.name, cause: result.cause };
  return functionError('FUNCTION_FAILED', `the function ${slot.name} failed: ${result.cause}, ${result.message}`, {
    details,
  });
}

export function frameHooks(slots: readonly Slot[]): FrameHooks {
  return {
    decode(device) {
      const found = slotsFor(slots, 'decode', device);
      if (found.length === 0) return undefined;
      return (frame): Decoded | Promise<Decoded> =>
        firstAnswer(found, (slot) => slot.call('on_decode', decodeFrame(device, frame)), readPoints);
    },
    encode(device) {
      const found = slotsFor(slots, 'encode', device);
      if (found.length === 0) return undefined;
      return (point, value): Encoded | Promise<Encoded> =>
        firstAnswer(found, (slot) => slot.call('on_encode', encodeFrame(device, point, value)), readFrames);
    },
  };
}

export function connectHook(slots: readonly Slot[]): ConnectHook {
  const slotsAt = (listener: string) =>
    slots.filter(({ config }) =>
      config.triggers.some(
        (one) => one.type === 'connect' && (one.listeners === undefined || one.listeners.includes(listener)),
      ),
    );
  return {
    wants: (listener) => slotsAt(listener).length > 0,
    /** The first opinion counts. */
    async decide(request: ConnectRequest): Promise<ConnectDecision> {
      for (const slot of slotsAt(request.listener)) {
        const outcome = await slot.call('on_connect', connectFrame(request));
        const decision = outcome instanceof Failure ? outcome : readDecision(outcome);
        if (decision instanceof Failure) {
          if (decision !== outcome) slot.failedAtDoor(decision);
          return { decision: 'deny', reason: `the function ${slot.name} failed: ${decision.cause}`, isFailure: true };
        }
        slot.decided();
        if (decision.decision !== 'none') return decision;
      }
      return { decision: 'none', reason: '' };
    },
  };
}
