/** The keys of all screens. */
import { type Move, type ScreenId, screens } from '../state.js';
import type { Binding, Controller } from './binding.js';

export const screenKeys: Readonly<Record<ScreenId, string>> = {
  overview: '1',
  devices: '2',
  points: '3',
  clients: '4',
  topics: '5',
  links: '6',
  functions: '7',
  logs: '8',
};

function quitOrLeave({ model, dispatch, quit }: Controller): void {
  if (model.detail || model.frozen !== undefined || model.pane === 1) dispatch({ type: 'leave' });
  else if (model.route.argument !== undefined && model.past.length > 0) dispatch({ type: 'back' });
  else quit();
}

const goBindings: readonly Binding[] = screens.map((screen) => ({
  id: `go.${screen}`,
  keys: [screenKeys[screen]],
  contexts: ['global'],
  title: screen,
  help: `Shows ${screen === 'overview' ? 'the overview' : screen}`,
  run: ({ dispatch }) => dispatch({ type: 'go', route: { screen } }),
}));

function motion(id: string, keys: readonly string[], title: string, where: string, by: Move): Binding {
  return {
    id: `move.${id}`,
    keys,
    contexts: ['global', 'help'],
    title,
    help: `Moves the cursor ${where}`,
    run: ({ dispatch }) => dispatch({ type: 'move', by }),
  };
}

export const globalBindings: readonly Binding[] = [
  {
    id: 'freeze',
    keys: ['space'],
    contexts: ['global'],
    title: (model) => (model.frozen === undefined ? 'freeze' : 'go on'),
    help: 'Holds the screen still, or lets it go on',
    run: ({ dispatch }) => dispatch({ type: 'freeze' }),
  },
  {
    id: 'filter',
    keys: ['/'],
    contexts: ['global'],
    title: 'filter',
    help: 'Shows only lines with these words; !word: without it; re:…: a regular expression',
    hint: 101,
    run: ({ dispatch }) => dispatch({ type: 'prompt', kind: 'filter' }),
  },
  {
    id: 'command',
    keys: [':'],
    contexts: ['global'],
    title: 'go',
    help: 'Goes to a screen by name, such as :points boiler /temp; tab completes',
    hint: 102,
    run: ({ dispatch }) => dispatch({ type: 'prompt', kind: 'command' }),
  },
  {
    id: 'help',
    keys: ['?'],
    contexts: ['global', 'help'],
    title: (model) => (model.help === undefined ? 'help' : 'close'),
    help: 'Shows all keys of this screen',
    hint: 103,
    run: ({ dispatch }) => dispatch({ type: 'help' }),
  },
  {
    id: 'back',
    keys: ['esc'],
    contexts: ['global', 'help'],
    title: 'back',
    help: 'Leaves what is open: help, freeze, detail, filter, then the screen',
    hint: 104,
    run: ({ dispatch }) => dispatch({ type: 'leave' }),
  },
  {
    id: 'quit',
    keys: ['q'],
    contexts: ['global'],
    title: 'quit',
    help: 'Leaves what is open, then the program; the gateway goes on',
    hint: 105,
    run: quitOrLeave,
  },
  motion('down', ['j', 'down'], 'down', 'one line down', 1),
  motion('up', ['k', 'up'], 'up', 'one line up', -1),
  motion('page-down', ['pgdn', 'ctrl-f'], 'page down', 'one page down', 'page-down'),
  motion('page-up', ['pgup', 'ctrl-b'], 'page up', 'one page up', 'page-up'),
  motion('first', ['g', 'home'], 'top', 'to the first line', 'first'),
  motion('last', ['G', 'end'], 'end', 'to the last line', 'last'),
  ...goBindings,
  {
    id: 'previous',
    keys: ['-'],
    contexts: ['global'],
    title: 'previous',
    help: 'Goes to the screen before, and back again',
    run: ({ dispatch }) => dispatch({ type: 'previous' }),
  },
  {
    id: 'history.back',
    keys: ['['],
    contexts: ['global'],
    title: 'history back',
    help: 'Goes back in the history of screens',
    run: ({ dispatch }) => dispatch({ type: 'back' }),
  },
  {
    id: 'history.forward',
    keys: [']'],
    contexts: ['global'],
    title: 'history forward',
    help: 'Goes forward in the history of screens',
    run: ({ dispatch }) => dispatch({ type: 'forward' }),
  },
  {
    id: 'interrupt',
    keys: ['ctrl-c'],
    contexts: ['always'],
    title: 'quit at once',
    help: 'Quits; the gateway goes on',
    run: (controller) => controller.quit(),
  },
  {
    id: 'redraw',
    keys: ['ctrl-l'],
    contexts: ['always'],
    title: 'redraw',
    help: 'Draws the screen anew',
    run: (controller) => controller.redraw(),
  },
  {
    id: 'suspend',
    keys: ['ctrl-z'],
    contexts: ['always'],
    title: 'suspend',
    help: 'Gives the terminal back to the shell; fg returns',
    run: (controller) => controller.suspend(),
  },
];
