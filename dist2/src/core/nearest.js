function editDistance(left, right) {
  const a = left.slice(0, 64);
  const b = right.slice(0, 64);
  let beforeLast = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforeLast[j - 2] + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}
const PART_LENGTH = 3;
function distanceOf(word, candidate) {
  if (word === candidate) return 0;
  const [short, long] = word.length < candidate.length ? [word, candidate] : [candidate, word];
  return short.length >= PART_LENGTH && long.includes(short) ? 1 : editDistance(word, candidate);
}
function nearestNames(word, candidates, limit = 3) {
  const wanted = word.toLowerCase();
  return Array.from(candidates, (candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) })).filter(({ distance }) => distance <= Math.max(1, Math.floor(wanted.length / 3))).sort((a, b) => a.distance - b.distance).slice(0, limit).map(({ candidate }) => candidate);
}
function nearest(word, candidates) {
  return nearestNames(word, candidates, 1)[0];
}
export {
  editDistance,
  nearest,
  nearestNames
};
//# sourceMappingURL=nearest.js.map
