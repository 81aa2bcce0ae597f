/** The keys of what lies over a screen: help, prompts, dialogs. */
import type { Binding } from './binding.js';

export const overlayBindings: readonly Binding[] = [
  {
    id: 'help.close',
    keys: ['q'],
    contexts: ['help'],
    title: 'close',
    help: 'Closes the help',
    run: ({ dispatch }) => dispatch({ type: 'leave' }),
  },
  {
    id: 'dialog.confirm',
    keys: ['enter'],
    contexts: ['dialog'],
    title: ({ dialog }) =>
      dialog?.stage === 'edit'
        ? 'check'
        : dialog?.stage === 'done' || dialog?.stage === 'sending'
          ? 'close'
          : 'write now',
    help: 'Checks the value; then, asked again, writes it',
    danger: true,
    hint: 1,
    run: (controller) => controller.confirmWrite(),
  },
  {
    id: 'dialog.leave',
    keys: ['esc'],
    contexts: ['dialog'],
    title: ({ dialog }) => (dialog?.stage === 'confirm' || dialog?.stage === 'name' ? 'change the value' : 'close'),
    help: 'Goes one step back, or closes the dialog',
    hint: 2,
    run: ({ dispatch }) => dispatch({ type: 'leave' }),
  },
  {
    id: 'kick.confirm',
    keys: ['enter'],
    contexts: ['kick'],
    title: 'disconnect now',
    help: 'Disconnects the client',
    danger: true,
    hint: 1,
    when: ({ kick }) => (kick?.isSending === true ? 'it was sent' : true),
    run: (controller) => controller.confirmKick(),
  },
  {
    id: 'kick.forget',
    keys: ['f'],
    contexts: ['kick'],
    title: ({ kick }) => (kick?.forget === true ? 'keep session' : 'end session'),
    help: 'Ends the session of the client, too, or keeps it',
    hint: 2,
    run: ({ dispatch }) => dispatch({ type: 'kick-forget' }),
  },
  {
    id: 'kick.leave',
    keys: ['esc', 'q'],
    contexts: ['kick'],
    title: 'leave it',
    help: 'Closes the question, the client stays connected',
    hint: 3,
    run: ({ dispatch }) => dispatch({ type: 'leave' }),
  },
  {
    id: 'rollback.confirm',
    keys: ['enter'],
    contexts: ['rollback'],
    title: 'roll back now',
    help: 'Goes back to the version before',
    danger: true,
    hint: 1,
    when: ({ rollback }) => (rollback?.isSending === true ? 'it was sent' : true),
    run: (controller) => controller.confirmRollback(),
  },
  {
    id: 'rollback.leave',
    keys: ['esc', 'q'],
    contexts: ['rollback'],
    title: 'leave it',
    help: 'Closes the question, the version stays',
    hint: 2,
    run: ({ dispatch }) => dispatch({ type: 'leave' }),
  },
  {
    id: 'prompt.submit',
    keys: ['enter'],
    contexts: ['prompt'],
    title: 'do it',
    help: 'Does what is typed',
    run: (controller) => controller.submit(),
  },
  {
    id: 'prompt.complete',
    keys: ['tab'],
    contexts: ['prompt'],
    title: 'complete',
    help: 'Completes the word',
    run: (controller) => controller.complete(),
  },
  {
    id: 'prompt.cancel',
    keys: ['esc'],
    contexts: ['prompt'],
    title: 'cancel',
    help: 'Leaves the line as it was',
    run: ({ dispatch }) => dispatch({ type: 'close-prompt', keep: false }),
  },
  {
    id: 'text.erase',
    keys: ['backspace'],
    contexts: ['prompt', 'dialog'],
    title: 'erase',
    help: 'Erases the last character',
    run: ({ model, dispatch }) =>
      model.prompt?.text === ''
        ? dispatch({ type: 'close-prompt', keep: true })
        : dispatch({ type: 'edit', edit: (text) => [...text].slice(0, -1).join('') }),
  },
  {
    id: 'text.erase-word',
    keys: ['ctrl-w'],
    contexts: ['prompt', 'dialog'],
    title: 'erase word',
    help: 'Erases the last word',
    run: ({ dispatch }) => dispatch({ type: 'edit', edit: (text) => text.replace(/\S*\s*$/, '') }),
  },
  {
    id: 'text.clear',
    keys: ['ctrl-u'],
    contexts: ['prompt', 'dialog'],
    title: 'erase line',
    help: 'Erases the line',
    run: ({ dispatch }) => dispatch({ type: 'edit', edit: () => '' }),
  },
];
