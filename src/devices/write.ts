/** One write on the wire, and the read that shows whether it was done. */
import type { Value } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import type { DevicePoint } from './device-point.js';
import { devicesError } from './errors.js';
import type { WriteResult } from './payload.js';
import { type Engineering, sameRaw, toEngineering } from './point.js';
import type { Supervisor } from './supervisor.js';

export interface Write {
  readonly target: Supervisor;
  readonly point: DevicePoint;
  readonly value: Engineering;
  readonly raw: Value;
}

export interface WriteOutcome {
  /** The error when the device did not confirm. */
  readonly result: WriteResult | GatewayError;
  /** Without a confirmation: the device may have done it all the same. */
  readonly perhapsDone: boolean;
}

/**
 * @param onWire - called when it has the wire; what it throws stops the write
 * @param waiting - takes it back as long as it is not on the wire
 */
export async function performWrite(
  write: Write,
  onWire: () => void,
  waiting: AbortSignal,
  clock: Clock,
): Promise<WriteOutcome> {
  const { target, point, raw, value } = write;
  const outcome = await target.write(async (device, signal) => {
    if (device.write === undefined) {
      throw devicesError('POINT_READ_ONLY', `${point.id} cannot be written: the adapter of the device cannot write`);
    }
    onWire();
    await device.write(point.point, raw, signal);
  }, waiting);
  if (!outcome.ok) {
    // An adapter that knows better than the clock says so in `details.sent`: false, it never got out; true, it did.
    const { sent } = outcome.error.details;
    return {
      result: outcome.error,
      perhapsDone: sent === undefined ? outcome.timedOut || outcome.lost : sent === true,
    };
  }
  const isReadable = point.pushed?.isExpected !== false;
  if (point.config.write?.verify === true && isReadable)
    return { result: await verify(write, clock), perhapsDone: false };
  target.refresh(point);
  const written = toEngineering(raw, point.config) ?? value;
  return { result: { status: 'written', value: written, at: clock.now(), error: undefined }, perhapsDone: false };
}

/** What the device says it has now is the truth, not what it was told. */
async function verify({ target, point, raw, value }: Write, clock: Clock): Promise<WriteResult> {
  const outcome = await target.readNow(point, 'command');
  const at = clock.now();
  const reading = outcome.ok ? outcome.value : undefined;
  const sample = reading === undefined ? undefined : point.sampleOf(reading);
  if (reading?.value === undefined || sample?.value === undefined) {
    // The device confirmed the write; only the read-back is missing.
    return { status: 'written', value, at, error: outcome.ok ? sample?.error : outcome.error };
  }
  if (sameRaw(raw, reading.value)) return { status: 'verified', value: sample.value, at, error: undefined };
  const error = devicesError('COMMAND_NOT_VERIFIED', `${point.id} has ${sample.value} after ${value} was written`, {
    details: { device: target.config.name, point: point.id },
  });
  return { status: 'failed', value: sample.value, at, error };
}
