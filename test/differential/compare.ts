/** Two brokers on one scenario: the steps at which somebody saw something else. */
import { Canonical, type Token } from './canonical.js';
import { type Facts, factsOf } from './facts.js';
import { Judge, type Judgement } from './judge.js';
import type { StepView } from './player.js';
import type { Scenario } from './scenario.js';

export interface Difference {
  readonly scenario: Scenario;
  /** Index of the step. */
  readonly step: number;
  /** What was done: `5 SUBSCRIBE filter-wildcard`, `cut`, `reply PUBREC`. */
  readonly cause: string;
  /** Of the step, when it was a packet; version 0: it was not. */
  readonly version: number;
  readonly packet: string;
  readonly fault: string;
  /** Whether the connection was closed for who saw it, by the end of the step. */
  readonly isEnded: { readonly ours: boolean; readonly theirs: boolean };
  /** What was so in the sequence, up to this step. */
  readonly facts: Facts;
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

/** @param goesOn - asked about each: the brokers are in the same state after it, so that what follows can be compared */
export function differences(
  scenario: Scenario,
  ours: readonly StepView[],
  theirs: readonly StepView[],
  goesOn: (difference: Difference) => boolean,
): Difference[] {
  const found: Difference[] = [];
  const a = new Canonical(scenario.prefix);
  const b = new Canonical(scenario.prefix);
  for (let index = 0; index < scenario.steps.length; index++) {
    const step = scenario.steps[index]!;
    const opened = step.does === 'open' ? step.slot : undefined;
    const seenA = a.step(ours[index]!, opened);
    const seenB = b.step(theirs[index]!, opened);
    // The one that acted first: what the others see follows from it.
    const slots = [step.slot, ...seenA.keys()];
    const slot = slots.find((at) => text(seenA[at]!) !== text(seenB[at]!));
    if (slot === undefined) continue;
    const others = [...seenA.keys()].filter((at) => at !== slot && text(seenA[at]!) !== text(seenB[at]!));
    const difference = describe(scenario, index, slot === step.slot ? 'self' : 'other', seenA[slot]!, seenB[slot]!);
    found.push(difference);
    if (others.length > 0 || !goesOn(difference)) break;
  }
  return found;
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
  const [, version = '0', packet = '', fault = ''] = /^(\d) (\S+) (\S+)$/.exec(cause) ?? [];
  const isEnded = (tokens: readonly Token[]) => tokens.some(({ shape }) => shape === 'closed');
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

/** Faults that need not end the connection, or not now. */
const SOFT = /^(ok|incomplete|share-before-5|share-malformed|filter-.*|topic-levels|discouraged-characters)$/;

/** The first fault, a hard one before others; else what was sent first. */
function words(found: readonly Judgement[]): string {
  const named =
    found.find(({ fault }) => !SOFT.test(fault)) ??
    found.find(({ fault }) => fault === 'discouraged-characters') ??
    found.find(({ fault }) => fault === 'incomplete') ??
    found.find(({ fault }) => fault !== 'ok') ??
    found[0];
  return named === undefined ? 'rest' : `${named.version} ${named.name} ${named.fault}`;
}
