/** The keys of the screen of functions. */
import { selectedFunction } from '../select.js';
import type { Model } from '../state.js';
import type { Binding } from './binding.js';
import { mayChange } from './may.js';

const mayAct = (model: Model) => (selectedFunction(model) === undefined ? 'select a function' : mayChange(model));

function mayRollBack(model: Model): true | string {
  const may = mayAct(model);
  if (may !== true) return may;
  const { versions } = selectedFunction(model)!;
  const at = versions.findIndex(({ current }) => current);
  return versions.slice(at + 1).some(({ failed }) => !failed) ? true : 'there is no version before';
}

export const functionBindings: readonly Binding[] = [
  {
    id: 'function.logs',
    keys: ['l'],
    contexts: ['functions'],
    title: 'logs',
    help: 'Shows the detail of the function, with what it said last',
    hint: 1,
    when: (model) => (selectedFunction(model) === undefined ? 'select a function' : true),
    run: ({ dispatch }) => dispatch({ type: 'detail' }),
  },
  {
    id: 'function.pause',
    keys: ['p'],
    contexts: ['functions'],
    title: (model) => (selectedFunction(model)?.state === 'paused' ? 'resume' : 'pause'),
    help: 'Leaves the function out of the way of messages, or asks it again',
    danger: true,
    hint: 2,
    when: mayAct,
    run(controller) {
      const one = selectedFunction(controller.model);
      if (one !== undefined) controller.function(one.name, one.state === 'paused' ? 'resume' : 'pause');
    },
  },
  {
    id: 'function.reload',
    keys: ['r'],
    contexts: ['functions'],
    title: 'reload',
    help: 'Reads again what the configuration names',
    danger: true,
    hint: 3,
    when: mayAct,
    run(controller) {
      const one = selectedFunction(controller.model);
      if (one !== undefined) controller.function(one.name, 'reload');
    },
  },
  {
    id: 'function.rollback',
    keys: ['R'],
    contexts: ['functions'],
    title: 'roll back',
    help: 'Goes back to the version before, after asking',
    danger: true,
    hint: 4,
    when: mayRollBack,
    run({ model, dispatch }) {
      const one = selectedFunction(model);
      if (one !== undefined) dispatch({ type: 'rollback', name: one.name });
    },
  },
];
