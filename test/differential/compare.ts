/** Two brokers on one scenario: the first step at which somebody saw something else. */
import { Canonical, type Token } from './canonical.js';
import { Judge, type Judgement } from './judge.js';
import type { StepView } from './player.js';
import type { Scenario } from './scenario.js';

export interface Difference {
  readonly scenario: Scenario;
  /** Index of the step. */
  readonly step: number;
  /** What was done: `5 SUBSCRIBE filter-wildcard`, `cut`, `reply PUBREC`. */
  readonly cause: string;
  /** What all steps up to this one did. */
  readonly story: readonly string[];
  /** Who saw it: the client that did the step, or another. */
  readonly seenBy: 'self' | 'other';
  /** Seen with ours only, and with theirs only. */
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  /** In full. */
  readonly detail: { readonly ours: readonly string[]; readonly theirs: readonly string[] };
  readonly signature: string;
}

export function firstDifference(
  scenario: Scenario,
  ours: readonly StepView[],
  theirs: readonly StepView[],
): Difference | undefined {
  const a = new Canonical();
  const b = new Canonical();
  for (let index = 0; index < scenario.steps.length; index++) {
    const step = scenario.steps[index]!;
    const opened = step.does === 'open' ? step.slot : undefined;
    const seenA = a.step(ours[index]!, opened);
    const seenB = b.step(theirs[index]!, opened);
    // The one that acted first: what the others see follows from it.
    const slots = [step.slot, ...seenA.keys()];
    const slot = slots.find((at) => text(seenA[at]!) !== text(seenB[at]!));
    if (slot === undefined) continue;
    return describe(scenario, index, slot === step.slot ? 'self' : 'other', seenA[slot]!, seenB[slot]!);
  }
  return undefined;
}

function text(tokens: readonly Token[]): string {
  let all = '';
  for (const token of tokens) all += `${token.text}\n`;
  return all;
}

function describe(
  scenario: Scenario,
  step: number,
  seenBy: 'self' | 'other',
  ours: readonly Token[],
  theirs: readonly Token[],
): Difference {
  const story = storyOf(scenario).slice(0, step + 1);
  const cause = story[step]!;
  const onlyOurs = missing(ours, theirs);
  const onlyTheirs = missing(theirs, ours);
  const isOrder = onlyOurs.length === 0 && onlyTheirs.length === 0;
  const shapes = (tokens: readonly Token[]) =>
    isOrder ? ['order', ...tokens.map((t) => t.shape)] : tokens.map((t) => t.shape);
  const a = shapes(isOrder ? ours : onlyOurs);
  const b = shapes(isOrder ? theirs : onlyTheirs);
  return {
    scenario,
    step,
    cause,
    story,
    seenBy,
    ours: a,
    theirs: b,
    detail: { ours: ours.map((token) => token.text), theirs: theirs.map((token) => token.text) },
    signature: `${cause} · ${seenBy} · ours [${a.join('; ')}] · theirs [${b.join('; ')}]`,
  };
}

/** Tokens of the first that the second has not. */
function missing(of: readonly Token[], from: readonly Token[]): Token[] {
  const left = from.map((token) => token.text);
  return of.filter(({ text }) => {
    const at = left.indexOf(text);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Each step in words. */
export function storyOf(scenario: Scenario): string[] {
  const judges: (Judge | undefined)[] = [];
  return scenario.steps.map((step) => {
    if (step.does === 'cut') return 'cut';
    if (step.does === 'reply') return `reply ${step.reply}`;
    if (step.does === 'open') judges[step.slot] = new Judge();
    return words(judges[step.slot]?.feed(step.bytes) ?? []);
  });
}

/** The first fault, else what was sent first. */
function words(found: readonly Judgement[]): string {
  const named = found.find(({ fault }) => fault !== 'ok') ?? found[0];
  return named === undefined ? 'rest' : `${named.version} ${named.name} ${named.fault}`;
}
