/**
 * SunSpec devices say themselves where their values are: a marker, then models one behind the other, each with its
 * identifier and length (SunSpec Device Information Model Specification V1.0 §6). Where a model begins differs from
 * device to device, and with its firmware.
 */
import type { GatewayError } from '../../src/adapter.js';
import { isSilenceOfUnit, modbusError } from './errors.js';
import { ADDRESS_SPACE } from './pdu.js';

/** Where the marker may lie, protocol addresses, in the order of the specification. */
export const SUNSPEC_AT: readonly number[] = [40_000, 50_000, 0];
const MARKER = 'SunS';
const END = 0xffff;
/** Identifier and length. */
const HEADER = 2;
/** More than any device has; fewer than would keep a line busy for long. */
const MAX_MODELS = 256;

export interface SunSpecModel {
  readonly id: number;
  /** Protocol address of its identifier. */
  readonly start: number;
  /** Registers behind identifier and length. */
  readonly length: number;
}

/** @returns registers, two bytes each @throws MODBUS_EXCEPTION, and errors of the wire */
export type ReadRegisters = (start: number, quantity: number) => Promise<Buffer>;

/**
 * Goes from model to model, no further than needed, one exchange at a time. What was found is kept: when a walk is cut
 * off by a deadline the next one goes on where it ended.
 */
export class SunSpecWalk {
  readonly #at: readonly number[];
  #models: SunSpecModel[] = [];
  /** Protocol address of the next header; undefined: the marker was not found yet. */
  #next: number | undefined;
  #isComplete = false;

  constructor(at: readonly number[] = SUNSPEC_AT) {
    this.#at = at;
  }

  /** Those found so far. */
  get models(): readonly SunSpecModel[] {
    return this.#models;
  }

  /**
   * @param wanted - identifiers, all as good
   * @returns the first model of the device that is one of them; undefined when it has none
   * @throws MODBUS_NO_SUNSPEC when there is no marker, and the errors of `read`
   */
  async find(wanted: readonly number[], read: ReadRegisters): Promise<SunSpecModel | undefined> {
    for (;;) {
      const found = this.#models.find(({ id }) => wanted.includes(id));
      if (found !== undefined || this.#isComplete) return found;
      await this.#step(read);
    }
  }

  /** All models of the device. @throws as {@link find} */
  async all(read: ReadRegisters): Promise<readonly SunSpecModel[]> {
    while (!this.#isComplete) await this.#step(read);
    return this.#models;
  }

  /** The device is another, or has changed: the next walk begins at the marker. */
  forget(): void {
    this.#models = [];
    this.#next = undefined;
    this.#isComplete = false;
  }

  async #step(read: ReadRegisters): Promise<void> {
    this.#next ??= await this.#findMarker(read);
    const start = this.#next;
    const header = start + HEADER > ADDRESS_SPACE ? undefined : await unlessRefused(read(start, HEADER));
    const id = header?.readUInt16BE(0) ?? END;
    const length = header?.readUInt16BE(2) ?? 0;
    // The end is an identifier of its own; some devices just end.
    if (id === END || id === 0 || start + HEADER + length > ADDRESS_SPACE || this.#models.length >= MAX_MODELS) {
      this.#isComplete = true;
      return;
    }
    this.#models.push({ id, start, length });
    this.#next = start + HEADER + length;
  }

  async #findMarker(read: ReadRegisters): Promise<number> {
    for (const start of this.#at) {
      const data = await unlessRefused(read(start, MARKER.length / 2));
      if (data?.toString('latin1') === MARKER) return start + MARKER.length / 2;
    }
    throw modbusError('MODBUS_NO_SUNSPEC', `no "${MARKER}" at ${this.#at.join(', ')}`, { details: { busy: true } });
  }
}

/** An exception says that there is nothing at this address. */
async function unlessRefused(reading: Promise<Buffer>): Promise<Buffer | undefined> {
  try {
    return await reading;
  } catch (error) {
    const { code, details } = error as GatewayError;
    const exceptionCode = Number(details?.exceptionCode);
    if (code !== 'MODBUS_EXCEPTION' || isSilenceOfUnit(exceptionCode) || details.busy === true) throw error;
    return undefined;
  }
}

/**
 * Raw × 10^exponent, the double nearest to that decimal.
 *
 * @param exponent - int16 as it came; -10 to 10 are allowed
 * @returns undefined where the device says that it has none (8000h), or something that cannot be one
 */
export function scaled(raw: number | bigint, exponent: number): number | undefined {
  return exponent < -10 || exponent > 10 ? undefined : Number(`${raw}e${exponent}`);
}
