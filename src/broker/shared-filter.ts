/** `$share/{ShareName}/{filter}` (MQTT 5.0 §4.8.2). */

const PREFIX = '$share/';

export interface SharedFilter {
  readonly shareName: string;
  /** What the messages have to match. */
  readonly filter: string;
}

export function isShared(filter: string): boolean {
  return filter.startsWith(PREFIX);
}

/** @returns undefined when the ShareName is missing or has a wildcard, or no filter follows [MQTT-4.8.2-1] [MQTT-4.8.2-2] */
export function parseShared(shared: string): SharedFilter | undefined {
  const end = shared.indexOf('/', PREFIX.length);
  if (!isShared(shared) || end < 0) return undefined;
  const shareName = shared.slice(PREFIX.length, end);
  const filter = shared.slice(end + 1);
  return shareName === '' || filter === '' || /[+#]/.test(shareName) ? undefined : { shareName, filter };
}

/** The filter that messages have to match, of a well-formed filter. */
export function plainFilter(filter: string): string {
  return isShared(filter) ? (parseShared(filter)?.filter ?? filter) : filter;
}
