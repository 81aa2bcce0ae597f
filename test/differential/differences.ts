import type { Difference } from './compare.js';

export interface Entry {
  readonly clause: string;
  readonly verdict: 'ours' | 'mosquitto' | 'both';
  readonly why: string;
  readonly when: (difference: Difference) => boolean;
}

export const entries: readonly Entry[] = [];

export function entryOf(difference: Difference): Entry | undefined {
  return entries.find((entry) => entry.when(difference));
}
