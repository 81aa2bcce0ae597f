/** Waves as pure functions of time: the same moment always has the same value. */

export type WaveShape = 'sine' | 'square' | 'triangle' | 'random' | 'counter';

export interface Wave {
  /** ms */
  readonly period: number;
  readonly min: number;
  readonly max: number;
}

/** Digits after the point that a simulated sensor shows. */
const DECIMALS = 3;

/**
 * @param at - Unix ms
 * @param key - makes `random` another sequence for each point
 */
export function waveAt(shape: WaveShape, { period, min, max }: Wave, at: number, key: string): number {
  const turn = Math.floor(at / period);
  const phase = at / period - turn;
  const between = (share: number) => Number((min + (max - min) * share).toFixed(DECIMALS));
  switch (shape) {
    case 'sine':
      return between((1 + Math.sin(2 * Math.PI * phase)) / 2);
    case 'square':
      return phase < 0.5 ? max : min;
    case 'triangle':
      return between(phase < 0.5 ? 2 * phase : 2 - 2 * phase);
    case 'random':
      return between(hash(key, turn));
    case 'counter':
      return min + (turn % Math.max(1, Math.floor(max - min) + 1));
  }
}

/** FNV-1a with a final mix: a number in [0, 1) for each key and turn. */
function hash(key: string, turn: number): number {
  let state = 0x811c9dc5;
  for (const character of `${key}/${turn}`) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32;
}
