import { nearest } from '../core/nearest.js';

/** `known ports: a, b, c (did you mean b?)` */
export function choices(title: string, word: string, candidates: readonly string[]): string {
  const close = nearest(word, candidates);
  const shown = candidates.slice(0, 20).join(', ') + (candidates.length > 20 ? ', …' : '');
  return `known ${title}: ${shown}${close === undefined ? '' : ` (did you mean ${close}?)`}`;
}
