/** A scenario that shows a difference → a small one that shows it still. */
import type { Difference } from './compare.js';
import type { Scenario, Step } from './scenario.js';

/** Plays a scenario alone. @returns the first difference that is not in the list, if there is one */
export type Try = (scenario: Scenario) => Promise<Difference | undefined>;

/**
 * Leaves out steps while the signature stays.
 *
 * @returns undefined: played alone it shows no difference, or another one
 */
export async function shrink(difference: Difference, tryOut: Try): Promise<Difference | undefined> {
  const { signature } = difference;
  let best = await tryOut({ ...difference.scenario, steps: difference.scenario.steps.slice(0, difference.step + 1) });
  if (best?.signature !== signature) return undefined;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    const steps: readonly Step[] = best.scenario.steps;
    for (let size = Math.max(1, steps.length >> 1); size >= 1 && !isSmaller; size >>= 1) {
      for (let at = steps.length - size; at >= 0 && !isSmaller; at -= size) {
        const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
        if (fewer.length === 0) continue;
        const found: Difference | undefined = await tryOut({ ...best.scenario, steps: fewer });
        if (found?.signature !== signature) continue;
        best = found;
        isSmaller = true;
      }
    }
  }
  return best;
}

/** For people: what was sent, and what came. */
export function tell(difference: Difference): string {
  const { scenario, story, detail } = difference;
  const lines = scenario.steps.map((step, index) => {
    const bytes = 'bytes' in step ? ` ${step.bytes.toString('hex').slice(0, 400)}` : '';
    return `    client ${step.slot}${scenario.isAutomatic[step.slot] ? '' : ' (by hand)'}: ${step.does} ${story[index] ?? ''}${bytes}`;
  });
  return [
    `  sequence ${scenario.index}: ${difference.signature}`,
    ...lines,
    `    ours:   ${detail.ours.join(' | ') || 'nothing'}`,
    `    theirs: ${detail.theirs.join(' | ') || 'nothing'}`,
  ].join('\n');
}
