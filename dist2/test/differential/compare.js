import { Canonical } from "./canonical.js";
import { factsOf } from "./facts.js";
import { Judge } from "./judge.js";
function differences(scenario, ours, theirs, goesOn) {
  const found = [];
  const a = new Canonical(scenario.prefix);
  const b = new Canonical(scenario.prefix);
  for (let index = 0; index < scenario.steps.length; index++) {
    const step = scenario.steps[index];
    const opened = step.does === "open" ? step.slot : void 0;
    const seenA = a.step(ours[index], opened);
    const seenB = b.step(theirs[index], opened);
    const slots = [step.slot, ...seenA.keys()];
    const slot = slots.find((at) => text(seenA[at]) !== text(seenB[at]));
    if (slot === void 0) continue;
    const others = [...seenA.keys()].filter((at) => at !== slot && text(seenA[at]) !== text(seenB[at]));
    const difference = describe(scenario, index, slot === step.slot ? "self" : "other", seenA[slot], seenB[slot]);
    found.push(difference);
    if (others.length > 0 || !goesOn(difference)) break;
  }
  return found;
}
function text(tokens) {
  let all = "";
  for (const token of tokens) all += `${token.text}
`;
  return all;
}
function describe(scenario, step, seenBy, ours, theirs) {
  const story = storyOf(scenario).slice(0, step + 1);
  const cause = story[step];
  const onlyOurs = missing(ours, theirs);
  const onlyTheirs = missing(theirs, ours);
  const isOrder = onlyOurs.length === 0 && onlyTheirs.length === 0;
  const shapes = (tokens) => isOrder ? ["order", ...tokens.map((t) => t.shape)] : tokens.map((t) => t.shape);
  const a = shapes(isOrder ? ours : onlyOurs);
  const b = shapes(isOrder ? theirs : onlyTheirs);
  const [, version = "0", packet = "", fault = ""] = /^(\d) (\S+) (\S+)$/.exec(cause) ?? [];
  const isEnded = (tokens) => tokens.some(({ shape }) => shape === "closed");
  return {
    scenario,
    step,
    cause,
    version: Number(version),
    packet,
    fault,
    facts: factsOf(scenario, step),
    isEnded: { ours: isEnded(ours), theirs: isEnded(theirs) },
    story,
    seenBy,
    ours: a,
    theirs: b,
    detail: { ours: ours.map((token) => token.text), theirs: theirs.map((token) => token.text) },
    signature: `${cause} \xB7 ${seenBy} \xB7 ours [${a.join("; ")}] \xB7 theirs [${b.join("; ")}]`
  };
}
function missing(of, from) {
  const left = from.map((token) => token.text);
  return of.filter(({ text: text2 }) => {
    const at = left.indexOf(text2);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
function storyOf(scenario) {
  const judges = [];
  return scenario.steps.map((step) => {
    if (step.does === "cut") return "cut";
    if (step.does === "reply") return `reply ${step.reply}`;
    if (step.does === "open") judges[step.slot] = new Judge();
    return words(judges[step.slot]?.feed(step.bytes) ?? []);
  });
}
const SOFT = /^(ok|incomplete|share-before-5|share-malformed|filter-.*|topic-levels|discouraged-characters)$/;
function words(found) {
  const named = found.find(({ fault }) => !SOFT.test(fault)) ?? found.find(({ fault }) => fault !== "ok") ?? found[0];
  return named === void 0 ? "rest" : `${named.version} ${named.name} ${named.fault}`;
}
export {
  differences,
  storyOf
};
//# sourceMappingURL=compare.js.map
