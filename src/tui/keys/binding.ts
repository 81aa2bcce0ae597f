/** What a key is. */
import type { Action, Model, PointRow, ScreenId } from '../state.js';

/** Where a key is heard: on a screen, on all of them, in what lies over them, or always. */
export type Context = ScreenId | 'global' | 'help' | 'prompt' | 'dialog' | 'kick' | 'rollback' | 'always';

/** What a key can do besides changing the model. */
export interface Controller {
  readonly model: Model;
  dispatch(action: Action): void;
  device(name: string, verb: 'pause' | 'resume' | 'retry'): void;
  read(row: PointRow): void;
  function(name: string, verb: 'pause' | 'resume' | 'reload'): void;
  /** ⏎ in the dialog that asks whether a function is to be rolled back. */
  confirmRollback(): void;
  /** ⏎ in the dialog that asks whether a client is to be disconnected. */
  confirmKick(): void;
  /** ⏎ in the write dialog. */
  confirmWrite(): void;
  /** ⏎ and tab in a prompt. */
  submit(): void;
  complete(): void;
  copy(text: string): void;
  redraw(): void;
  suspend(): void;
  quit(): void;
}

export interface Binding {
  /** Stable name, e.g. `point.write`. */
  readonly id: string;
  readonly keys: readonly string[];
  readonly contexts: readonly Context[];
  readonly title: string | ((model: Model) => string);
  /** One sentence. */
  readonly help: string;
  /** It changes something outside this terminal. */
  readonly danger?: boolean;
  /** Shown in the hints line, lowest first; absent: only in the help. */
  readonly hint?: number;
  /** true, or why the key does nothing now. */
  when?(model: Model): true | string;
  run(controller: Controller): void;
}
