const DECIMALS = 3;
function waveAt(shape, { period, min, max }, at, key) {
  const turn = Math.floor(at / period);
  const phase = at / period - turn;
  const between = (share) => Number((min + (max - min) * share).toFixed(DECIMALS));
  switch (shape) {
    case "sine":
      return between((1 + Math.sin(2 * Math.PI * phase)) / 2);
    case "square":
      return phase < 0.5 ? max : min;
    case "triangle":
      return between(phase < 0.5 ? 2 * phase : 2 - 2 * phase);
    case "random":
      return between(hash(key, turn));
    case "counter":
      return min + turn % Math.max(1, Math.floor(max - min) + 1);
  }
}
function hash(key, turn) {
  let state = 2166136261;
  for (const character of `${key}/${turn}`) state = Math.imul(state ^ character.charCodeAt(0), 16777619);
  state = Math.imul(state ^ state >>> 16, 2246822507);
  state = Math.imul(state ^ state >>> 13, 3266489909);
  return ((state ^ state >>> 16) >>> 0) / 2 ** 32;
}
export {
  waveAt
};
//# sourceMappingURL=waves.js.map
