/** IEEE 754 halves and singles as doubles, with the digits that they have themselves. */

/** binary16 → its value; NaN and infinities included. */
export function decodeHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (0x400 + fraction) * 2 ** (exponent - 25);
}

/** The nearest binary16, ties to even; beyond 65519 an infinity. */
export function encodeHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65_520) return sign | 0x7c00;
  let exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -24)));
  if (magnitude < 2 ** exponent && exponent > -14) exponent--;
  // A carry out of the fraction is a step of the exponent, as it should be.
  return sign | (((exponent + 14) << 10) + roundToEven(magnitude / 2 ** (exponent - 10)));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function shortest(value: number, from: number, to: number, round: (value: number) => number): number {
  if (Number.isSafeInteger(value)) return value;
  for (let digits = from; digits < to; digits++) {
    const short = Number(value.toPrecision(digits));
    if (round(short) === value) return short;
  }
  return Number(value.toPrecision(to));
}

/**
 * The shortest decimal that is this single and no other: 12.3, where the double with its value is 12.300000190734863.
 *
 * @param value - exactly a single (IEEE 754 binary32); at most nine digits tell it from its neighbours
 */
export function shortestSingle(value: number): number {
  return shortest(value, 6, 9, Math.fround);
}

/** The same for a half (binary16): at most five digits. */
export function shortestHalf(value: number): number {
  return shortest(value, 1, 5, (short) => decodeHalf(encodeHalf(short)));
}
