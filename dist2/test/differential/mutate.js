import { variable } from "../support/mqtt-writer.js";
const TELLING = [
  0,
  1,
  2,
  3,
  4,
  127,
  128,
  129,
  255,
  254,
  43,
  35,
  47,
  36,
  192,
  193,
  237,
  248,
  38,
  11,
  35,
  17
];
const SEQUENCES = [
  [237, 160, 128],
  [192, 128],
  [239, 187, 191],
  [239, 191, 191],
  [244, 144, 128, 128],
  [0],
  [38, 0, 0, 0, 0],
  [0, 1, 35]
];
function mutate(choice, packet) {
  let bytes = packet;
  for (let changes = choice.weighted([
    [6, 1],
    [2, 2],
    [1, 4]
  ]); changes > 0; changes--)
    bytes = change(choice, bytes);
  return bytes;
}
function change(choice, bytes) {
  const at = choice.below(bytes.length);
  switch (choice.below(9)) {
    case 0: {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1 << choice.below(8);
      return changed;
    }
    case 1: {
      const changed = Buffer.from(bytes);
      changed[at] = choice.pick(TELLING);
      return changed;
    }
    case 2: {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at] + (choice.chance(0.5) ? 1 : 255) & 255;
      return changed;
    }
    case 3:
      return splice(bytes, at, 0, choice.pick(SEQUENCES), choice.chance(0.8));
    case 4:
      return splice(bytes, at, 0, [...choice.bytes(1 + choice.below(3))], choice.chance(0.8));
    case 5:
      return splice(bytes, at, 1 + choice.below(4), [], choice.chance(0.8));
    case 6:
      return splice(bytes, at, bytes.length - at, [], choice.chance(0.8));
    case 7:
      return splice(bytes, bytes.length, 0, [...choice.bytes(1 + choice.below(4))], choice.chance(0.8));
    default: {
      const end = Math.min(bytes.length, at + 1 + choice.below(12));
      return splice(bytes, end, 0, [...bytes.subarray(at, end)], choice.chance(0.8));
    }
  }
}
function splice(bytes, at, removed, inserted, isMeasured) {
  let body = 1;
  while (body < bytes.length && body < 5 && bytes[body] >= 128) body++;
  body++;
  if (!isMeasured || at < body || body > bytes.length) {
    const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted), bytes.subarray(at + removed)]);
    return changed.length === 0 ? bytes : changed;
  }
  const rest = Buffer.concat([bytes.subarray(body, at), Buffer.from(inserted), bytes.subarray(at + removed)]);
  return Buffer.concat([bytes.subarray(0, 1), variable(rest.length), rest]);
}
export {
  mutate
};
//# sourceMappingURL=mutate.js.map
