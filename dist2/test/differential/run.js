import { startMosquitto, startOurs } from "./brokers.js";
import { differences } from "./compare.js";
import { entryOf } from "./differences.js";
import { generate } from "./generate.js";
import { Player } from "./player.js";
import { shrink, tell } from "./shrink.js";
const BLOCK = 5e3;
const SIDE_BY_SIDE = 100;
const MOST_TOLD = 20;
async function runDifferential(options) {
  const { sequences, seed, from = 0, lookUp = entryOf } = options;
  const listed = /* @__PURE__ */ new Map();
  const signatures = /* @__PURE__ */ new Map();
  const unlisted = [];
  let unsteady = 0;
  let unlistedSequences = 0;
  let differing = 0;
  let packets = 0;
  for (let start = 0; start < sequences; start += BLOCK) {
    await using pair = await Pair.start(lookUp);
    const end = Math.min(sequences, start + BLOCK);
    const all = Array.from({ length: end - start }, (_, at) => generate(seed, from + start + at));
    for (const scenario of all) packets += scenario.steps.length;
    const groups = [
      // First, while nothing is retained yet that they would see.
      ...all.filter((scenario) => scenario.isGlobal).map((scenario) => [scenario]),
      ...chunks(
        all.filter((scenario) => !scenario.isGlobal),
        SIDE_BY_SIDE
      )
    ];
    for (const group of groups) {
      for (const difference of await pair.compare(group)) {
        differing++;
        const entry = lookUp(difference);
        if (entry !== void 0) {
          listed.set(entry, (listed.get(entry) ?? 0) + 1);
          continue;
        }
        const { signature } = difference;
        const seen = signatures.get(signature) ?? 0;
        if (seen === 0 && (options.only?.test(signature) ?? true) && unlisted.length < (options.mostTold ?? MOST_TOLD)) {
          const small = await shrink(difference, (scenario) => pair.alone(scenario));
          if (small === void 0) {
            unsteady++;
            continue;
          }
          unlisted.push(tell(small));
        }
        signatures.set(signature, seen + 1);
        unlistedSequences++;
      }
      options.onProgress?.(start + all.indexOf(group[0]), differing);
    }
  }
  return { sequences, packets, listed, unlisted, unlistedSequences, signatures, unsteady };
}
class Pair {
  #brokers;
  #players;
  #lookUp;
  #alone = 0;
  constructor(brokers, lookUp) {
    this.#lookUp = lookUp;
    this.#brokers = brokers;
    this.#players = [new Player(brokers[0].port), new Player(brokers[1].port)];
  }
  static async start(lookUp) {
    return new Pair(await Promise.all([startOurs(), startMosquitto()]), lookUp);
  }
  async compare(scenarios) {
    const [ours, theirs] = await Promise.all(
      this.#players.map(
        (player, index) => player.play(scenarios).catch((cause) => {
          const crash = this.#brokers[index].crash();
          const range = `sequences ${scenarios[0].index} to ${scenarios.at(-1).index}`;
          throw new Error(`${index === 0 ? "our broker" : "mosquitto"} ${crash ?? "failed"} in ${range}`, { cause });
        })
      )
    );
    const found = [];
    for (const [index, scenario] of scenarios.entries()) {
      found.push(...differences(scenario, ours[index], theirs[index], (one) => this.#lookUp(one)?.goesOn ?? false));
    }
    return found;
  }
  /** Plays a scenario again, with names that nobody has used. */
  async alone(scenario) {
    const found = await this.compare([renamed(scenario, ++this.#alone)]);
    return found.find((difference) => this.#lookUp(difference) === void 0);
  }
  async [Symbol.asyncDispose]() {
    for (const player of this.#players) player.stop();
    await Promise.all(this.#brokers.map((broker) => broker[Symbol.asyncDispose]()));
  }
}
function renamed(scenario, serial) {
  const { prefix } = scenario;
  const other = Buffer.from(`~${serial.toString(36).padStart(prefix.length - 1, "0")}`);
  const from = Buffer.from(prefix);
  const steps = scenario.steps.map((step) => {
    if (!("bytes" in step)) return step;
    const bytes = Buffer.from(step.bytes);
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) other.copy(bytes, at);
    return { ...step, bytes };
  });
  return { ...scenario, prefix: other.toString(), steps };
}
function chunks(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
export {
  runDifferential
};
//# sourceMappingURL=run.js.map
