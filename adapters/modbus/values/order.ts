/**
 * In which order the bytes of a value lie in its registers. An order lists the bytes as they are on the wire: A (or 1)
 * is the most significant. Letters and digits are two ways to write the same.
 */
import { modbusError } from '../errors.js';

export const ORDERS_16 = ['AB', 'BA'] as const;
export const ORDERS_32 = ['ABCD', 'BADC', 'CDAB', 'DCBA'] as const;
export const ORDERS_48 = ['123456', '214365', '563412', '654321'] as const;
export const ORDERS_64 = ['12345678', '21436587', '87654321', '78563412', '34127856', '56781234'] as const;

export type Order32 = (typeof ORDERS_32)[number];
/** One of the lists above, in the notation of that list. */
export type Order = (typeof ORDERS_16)[number] | Order32 | (typeof ORDERS_48)[number] | (typeof ORDERS_64)[number];

const ALL: readonly Order[] = [...ORDERS_16, ...ORDERS_32, ...ORDERS_48, ...ORDERS_64];
const LETTERS = 'ABCDEFGH';
const DIGITS = '12345678';

/** The other way to write an order: digits for letters, letters for digits. */
function otherNotation(order: string): string {
  return Array.from(order, (sign) => {
    const letter = LETTERS.indexOf(sign);
    return letter >= 0 ? DIGITS[letter] : LETTERS[DIGITS.indexOf(sign)];
  }).join('');
}

/** As it stands in a configuration → the order it means. */
const BY_NAME: ReadonlyMap<string, Order> = new Map(
  ALL.flatMap((order) => [
    [order, order],
    [otherNotation(order), order],
  ]),
);

/** All that can be written, both notations. */
export const ORDER_NAMES: readonly string[] = [...BY_NAME.keys()];

/** @returns undefined when the text names no order */
export function parseOrder(text: string): Order | undefined {
  return BY_NAME.get(text);
}

/** The same habit (bytes swapped in a word, words swapped) with other numbers of words. */
const HABITS: Readonly<Record<Order32, { readonly swapBytes: boolean; readonly swapWords: boolean }>> = {
  ABCD: { swapBytes: false, swapWords: false },
  BADC: { swapBytes: true, swapWords: false },
  CDAB: { swapBytes: false, swapWords: true },
  DCBA: { swapBytes: true, swapWords: true },
};

function habitual(order: Order32, bytes: number): readonly number[] {
  const { swapBytes, swapWords } = HABITS[order];
  return Array.from({ length: bytes }, (_, wire) => {
    const word = swapWords ? bytes / 2 - 1 - (wire >> 1) : wire >> 1;
    return 2 * word + (swapBytes ? 1 - (wire & 1) : wire & 1);
  });
}

function isHabit(order: Order): order is Order32 {
  return (ORDERS_32 as readonly string[]).includes(order);
}

/** @returns whether `order` names the bytes of a value so wide; the four of 32 bits are habits for wider values, too */
export function orderFits(order: Order, bytes: number): boolean {
  return order.length === bytes || (bytes > 4 && isHabit(order));
}

function permutation(order: Order, bytes: number): readonly number[] | undefined {
  if (!orderFits(order, bytes)) return undefined;
  if (isHabit(order)) return habitual(order, bytes);
  const signs = LETTERS.includes(order[0]!) ? LETTERS : DIGITS;
  return Array.from(order, (sign) => signs.indexOf(sign));
}

/**
 * wire byte index → value byte index, big-endian.
 *
 * @throws MODBUS_CONFIG when the order does not name so many bytes
 */
export function permutationOf(order: Order, bytes: number): readonly number[] {
  const found = permutation(order, bytes);
  if (found === undefined) throw modbusError('MODBUS_CONFIG', `order ${order} does not name ${bytes} bytes`);
  return found;
}
