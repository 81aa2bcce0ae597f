/** What cannot be written is refused; what cannot be read is no value. */
import type { Value } from '../../../src/adapter.js';
import { modbusError } from '../errors.js';

/** @throws MODBUS_VALUE: nothing is rounded, cut or wrapped to make it fit */
export function refuse(type: string, value: Value): never {
  const what = typeof value === 'number' || typeof value === 'bigint' ? String(value) : `a ${typeof value}`;
  throw modbusError('MODBUS_VALUE', `${what} does not fit ${type}`, { details: { type } });
}

/** Registers that do not hold a value of their type. */
export class Unreadable {
  readonly code: 'MODBUS_NOT_A_NUMBER' | 'MODBUS_NOT_AVAILABLE' | 'MODBUS_MALFORMED';
  /** Follows «the device returned»: `0x1a00, which is no BCD number`. */
  readonly text: string;

  constructor(code: Unreadable['code'], text: string) {
    this.code = code;
    this.text = text;
  }
}
