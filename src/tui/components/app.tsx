/** The live interface: the view, the one place where keys arrive, and the size of the terminal. */
import { useApp, useInput, usePaste, useWindowSize } from 'ink';
import { type ReactNode, useEffect, useSyncExternalStore } from 'react';
import type { Controller } from '../keys/binding.js';
import { dispatchKey } from '../keys.js';
import { pressesOf } from '../press.js';
import type { Store } from '../store.js';
import { clean } from '../text.js';
import type { Theme } from '../theme.js';
import { View } from './view.js';

export interface AppProps {
  readonly store: Store;
  readonly controller: Controller;
  readonly theme: Theme;
  /** Gets Ink's way to hand the terminal over, for as long as the interface is there. */
  readonly onTerminal: (suspend: () => Promise<{ resume(): Promise<void> }>) => void;
}

export function App({ store, controller, theme, onTerminal }: AppProps): ReactNode {
  const model = useSyncExternalStore(store.subscribe, store.snapshot);
  const { columns, rows } = useWindowSize();
  const { suspendTerminal } = useApp();

  useEffect(() => store.dispatch({ type: 'resize', columns, rows }), [store, columns, rows]);
  useEffect(() => onTerminal(() => suspendTerminal()), [onTerminal, suspendTerminal]);

  useInput((input, key) => {
    for (const press of pressesOf(input, key)) dispatchKey(press, controller);
  });
  // What is pasted is text, never a row of commands.
  usePaste((text) => {
    const { prompt, dialog } = store.model;
    if (prompt !== undefined || dialog !== undefined) {
      controller.dispatch({ type: 'edit', edit: (line) => line + clean(text).slice(0, 1_000) });
    }
  });

  return <View model={model} theme={theme} />;
}
