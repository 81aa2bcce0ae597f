/** As much of DER (X.690) as certificates need: where elements begin and end. */

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;
export const SEQUENCE = 0x30;

/** The content of an element. @throws RangeError when it has another tag or leaves the bytes */
export function element(der: Buffer, at: number, tag: number): { readonly from: number; readonly to: number } {
  if (der[at] !== tag) throw new RangeError('another tag');
  let length = der.readUInt8(at + 1);
  let from = at + 2;
  if (length > 0x80) {
    const count = length - 0x80;
    if (count > 4) throw new RangeError('too long');
    length = der.readUIntBE(from, count);
    from += count;
  }
  if (from + length > der.length) throw new RangeError('cut off');
  return { from, to: from + length };
}

/** The content of an OBJECT IDENTIFIER in numbers and dots. */
export function oidText(content: Buffer): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (parts.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      parts.push(first, value - first * 40);
    } else parts.push(value);
    value = 0;
  }
  return parts.join('.');
}
