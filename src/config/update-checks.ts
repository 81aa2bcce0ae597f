/** Rules between updates and what they name: links. */
import { choices } from './choices.js';
import type { FunctionCheckContext } from './function-checks.js';
import { isPlain, type Plain } from './merge.js';
import { shown } from './values.js';

/** `value` is the document as far as it parsed. */
export function checkUpdate(
  value: Plain,
  { report, isBroken }: Pick<FunctionCheckContext, 'report' | 'isBroken'>,
): void {
  const update = isPlain(value.update) ? value.update : {};
  if (!Array.isArray(update.links) || isBroken(['update']) || isBroken(['links'])) return;
  const links = Object.keys(isPlain(value.links) ? value.links : {});
  for (const [index, link] of update.links.entries()) {
    if (links.includes(String(link))) continue;
    const hint = links.length === 0 ? 'add it to `links`' : choices('links', String(link), links);
    report(['update', 'links', index], `there is no link ${shown(link)}`, hint);
  }
  if (update.links.length > 0 && update.mqtt !== true) {
    report(['update', 'links'], 'no link can ask for updates while `update.mqtt` is false', 'say `mqtt: true`, too');
  }
}
