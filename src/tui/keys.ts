/**
 * The one key table: handlers, hints and help come from it. Same letter, same meaning, on all screens; a capital is the
 * stronger variant; a key that does nothing now says why.
 */
import type { Binding, Context, Controller } from './keys/binding.js';
import { globalBindings } from './keys/global.js';
import { overlayBindings } from './keys/overlays.js';
import { screenBindings } from './keys/screens.js';
import type { Press } from './press.js';
import type { Model } from './state.js';

export const bindings: readonly Binding[] = [...screenBindings, ...globalBindings, ...overlayBindings];

/** Where keys are heard now, innermost first. */
export function contextsOf(model: Model): readonly Context[] {
  if (model.prompt !== undefined) return ['prompt', 'always'];
  if (model.help !== undefined) return ['help', 'always'];
  if (model.dialog !== undefined) return ['dialog', 'always'];
  if (model.kick !== undefined) return ['kick', 'always'];
  if (model.rollback !== undefined) return ['rollback', 'always'];
  return [model.route.screen, 'global', 'always'];
}

export function bindingsOf(contexts: readonly Context[]): readonly Binding[] {
  return bindings.filter((binding) => binding.contexts.some((context) => contexts.includes(context)));
}

export function titleOf(binding: Binding, model: Model): string {
  return typeof binding.title === 'string' ? binding.title : binding.title(model);
}

/** undefined: the key works now; else why not. */
export function disabledReason(binding: Binding, model: Model): string | undefined {
  const may = binding.when?.(model) ?? true;
  return may === true ? undefined : may;
}

const labels: Readonly<Record<string, string>> = { enter: '⏎', up: '↑', down: '↓', left: '←', right: '→' };

/** The key as it is written in hints and help. */
export function keyLabel(key: string): string {
  return labels[key] ?? key;
}

/** Does what a key is for, or says why not; any other character goes into the line that is being typed. */
export function dispatchKey(press: Press, controller: Controller): void {
  const { model, dispatch } = controller;
  const binding = bindingsOf(contextsOf(model)).find(({ keys }) => keys.includes(press.name));
  if (binding === undefined) {
    const { text } = press;
    if (text !== undefined && (model.prompt !== undefined || model.dialog !== undefined)) {
      dispatch({ type: 'edit', edit: (line) => line + text });
    }
    return;
  }
  const reason = disabledReason(binding, model);
  if (reason === undefined) binding.run(controller);
  else dispatch({ type: 'notice', tone: 'warn', text: `${titleOf(binding, model)}: ${reason}` });
}
