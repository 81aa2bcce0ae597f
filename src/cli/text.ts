/** Text from the field on a terminal: nothing that came over a wire may move the cursor or forge a line. */

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Replaces control characters, marks that reverse the direction of writing, and what takes no space, by visible escapes. */
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `1 point`, `2 points`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** A name of the API as people read it: `queueFull` and `queue_full` are `queue full`. */
export function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ');
}

/** `61 MB`, `1.5 GB` */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  if (bytes < 1_000_000_000) return `${Math.round(bytes / 1_000_000)} MB`;
  return `${bytes < 10_000_000_000 ? Math.round(bytes / 100_000_000) / 10 : Math.round(bytes / 1_000_000_000)} GB`;
}

/** A rate with as many digits as it is worth. */
export function rateText(perSecond: number): string {
  return `${perSecond >= 10 || Number.isInteger(perSecond) ? Math.round(perSecond) : perSecond.toFixed(1)}/s`;
}

/** Local time of day, `14:03:07.250`. */
/** Local time: `2026-11-26 13:05:00`. */
export function dateText(unixMs: number): string {
  const date = new Date(unixMs);
  const pad = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

export function timeText(unixMs: number): string {
  const date = new Date(unixMs);
  const pad = (n: number, width = 2) => String(n).padStart(width, '0');
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}
