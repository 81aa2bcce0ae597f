import type { GatewayError, ServedPoint } from '../../../src/adapter.js';
import { writeException } from './exceptions.js';
import type { ExceptionCode } from './image.js';

export interface Wish {
  readonly point: ServedPoint;
  readonly value: Parameters<ServedPoint['write']>[0];
}

/**
 * What one request of a master writes. All values are checked before the first is sent: one that is refused refuses the
 * whole request.
 *
 * @param who - for the audit
 * @returns undefined: all of it is done
 */
export async function writePoints(
  wishes: readonly Wish[],
  who: string,
  signal: AbortSignal,
): Promise<ExceptionCode | undefined> {
  for (const { point, value } of wishes) {
    try {
      point.check(value, who);
    } catch (error) {
      return writeException('refused', error as GatewayError);
    }
  }
  for (const { point, value } of wishes) {
    const { status, error } = await point.write(value, who, signal);
    const exception = writeException(status, error);
    if (exception !== undefined) return exception;
  }
  return undefined;
}
