/** Predictions in words: the same on the command line, in the terminal interface and in `config check`. */
import type { PlanSummary, PlanView } from './views.js';

/** `12 ms`, `1.4 s`: two digits that matter. */
export function durationText(ms: number): string {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return `${Math.round(ms / 100) / 10} s`;
}

export const percentText = (share: number): string =>
  share > 0 && share < 0.1 ? `${(share * 100).toFixed(1)} %` : `${Math.round(share * 100)} %`;

/** `this needs 1.4 s, you asked for 1 s` */
export function needText({ every, needsMs }: { readonly every: number; readonly needsMs: number }): string {
  return `this needs ${durationText(needsMs)}, you asked for ${durationText(every)}`;
}

/** Whether all points can be read as often as they are asked for. */
export function fits({ groups }: Pick<PlanView, 'groups'>): boolean {
  return groups.every(({ every, needsMs }) => needsMs <= every);
}

export function planProblems({ groups }: Pick<PlanView, 'groups'>): readonly string[] {
  return groups.filter(({ every, needsMs }) => needsMs > every).map(needText);
}

/** `14 requests, 1.4 s a round, 35 % of the port` */
export function summaryText({ requests, cycleMs, load }: PlanSummary): string {
  return `${requests} request${requests === 1 ? '' : 's'}, ${durationText(cycleMs)} a round, ${percentText(load)} of the port`;
}
