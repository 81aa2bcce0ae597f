/** Reason Codes in figures. */
import { ReasonCode } from '../core/mqtt/reason-codes.js';

export { connectReturnCode, ReasonCode, Refusal } from '../core/mqtt/reason-codes.js';

const names = new Map(
  Object.entries(ReasonCode).map(([name, code]) => [
    code,
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  ]),
);

/** `session_taken_over`, for figures. */
export function reasonName(reasonCode: ReasonCode): string {
  return names.get(reasonCode) ?? 'unspecified_error';
}

/** §2.4: 0x80 and above is a failure. */
export function isFailure(reasonCode: number): boolean {
  return reasonCode >= 0x80;
}
