/** What keys do besides changing the model: requests to the gateway, and the terminal. */
import type { ApiClient } from '../api/contract.js';
import { errorView, GatewayError, toGatewayError } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import { topicFilterFault } from '../core/topic.js';
import type { Controller } from './keys/binding.js';
import { complete, parseCommand } from './prompt.js';
import { dialogPoint, namesOf } from './select.js';
import type { Store } from './store.js';
import { clean } from './text.js';
import { confirmWrite, outcomeOfError, outcomeOfResult } from './write.js';

/** The terminal as far as keys reach it. */
export interface TerminalActions {
  redraw(): void;
  suspend(): void;
  quit(): void;
  /** Sends bytes that change nothing on the screen. */
  send(sequence: string): void;
}

const functionPastTense = { pause: 'is left out', resume: 'is asked again', reload: 'was read again' } as const;
const pastTense = { pause: 'paused', resume: 'resumed', retry: 'is tried again now' } as const;

export function createController(client: ApiClient, store: Store, scope: Scope, terminal: TerminalActions): Controller {
  const { dispatch } = store;

  /** Runs a request; its failure is a line on the screen, any other failure ends the program. */
  function attempt(task: (signal: AbortSignal) => Promise<void>): void {
    scope.run(async (signal) => {
      try {
        await task(signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof GatewayError)) throw error;
        dispatch({ type: 'notice', tone: 'bad', text: `${error.code} ${error.message}`, hint: error.hint });
      }
    });
  }

  function sendWrite(): void {
    const { dialog } = store.model;
    if (dialog?.value === undefined) return;
    const { device, point, value } = dialog;
    scope.run(async (signal) => {
      try {
        const result = await client.request('POST /v1/points/{device}/{point}/write', {
          params: { device, point },
          body: { value },
          signal,
        });
        dispatch({ type: 'write-done', device, point, outcome: outcomeOfResult(result) });
      } catch (error) {
        if (signal.aborted) throw error;
        const outcome = outcomeOfError(errorView(toGatewayError(error)));
        dispatch({ type: 'write-done', device, point, outcome });
      }
    });
  }

  function runCommand(text: string): void {
    const command = parseCommand(text, namesOf(store.model));
    switch (command.kind) {
      case 'quit':
        terminal.quit();
        break;
      case 'help':
        dispatch({ type: 'help' });
        break;
      case 'problem':
        dispatch({ type: 'notice', tone: 'warn', text: command.problem });
        break;
      case 'go': {
        const { route, filter } = command;
        dispatch(filter === undefined ? { type: 'go', route } : { type: 'go', route, filter });
        break;
      }
    }
  }

  function subscribeTo(filter: string): void {
    const fault = topicFilterFault(filter);
    if (fault === undefined) dispatch({ type: 'subscribe', filter });
    else dispatch({ type: 'notice', tone: 'warn', text: `not a Topic Filter: ${fault}` });
  }

  return {
    get model() {
      return store.model;
    },
    dispatch,
    device: (name, verb) =>
      attempt(async (signal) => {
        const device = await client.request(`POST /v1/devices/{device}/${verb}`, { params: { device: name }, signal });
        dispatch({ type: 'device', device });
        dispatch({ type: 'notice', tone: 'ok', text: `${name} ${pastTense[verb]}` });
      }),
    function: (name, verb) =>
      attempt(async (signal) => {
        const params = { function: name };
        const view = await client.request(`POST /v1/functions/{function}/${verb}`, { params, signal });
        dispatch({ type: 'function', view });
        dispatch({ type: 'notice', tone: 'ok', text: `${name} ${functionPastTense[verb]}` });
      }),
    confirmRollback() {
      const { rollback } = store.model;
      if (rollback === undefined || rollback.isSending) return;
      const params = { function: rollback.name };
      dispatch({ type: 'rollback-sent' });
      attempt(async (signal) => {
        try {
          const view = await client.request('POST /v1/functions/{function}/rollback', { params, signal });
          const digest = view.versions.find(({ current }) => current)?.digest.slice(0, 19) ?? 'another version';
          dispatch({ type: 'function', view });
          dispatch({ type: 'notice', tone: 'ok', text: `${rollback.name}: ${digest} runs` });
        } finally {
          dispatch({ type: 'rollback-done' });
        }
      });
    },
    read: ({ view }) =>
      attempt(async (signal) => {
        const { device, point } = view;
        const read = await client.request('POST /v1/points/{device}/{point}/read', {
          params: { device, point },
          signal,
        });
        dispatch({ type: 'point', point: read });
        const unit = read.unit === undefined ? '' : ` ${read.unit}`;
        if (read.error === undefined) dispatch({ type: 'notice', tone: 'ok', text: `read ${read.text}${unit}` });
        else
          dispatch({
            type: 'notice',
            tone: 'bad',
            text: `${read.error.code} ${read.error.message}`,
            hint: read.error.hint,
          });
      }),
    confirmKick() {
      const { kick } = store.model;
      if (kick === undefined) return;
      const { clientId, forget } = kick;
      dispatch({ type: 'kick-sent' });
      attempt(async (signal) => {
        try {
          const end = await client.request('DELETE /v1/clients/{client}', {
            params: { client: clientId },
            query: { forget: forget ? 'true' : 'false' },
            signal,
          });
          const what = end.wasConnected ? 'disconnected' : 'had no connection';
          const text = `${clean(clientId)} ${what}${end.isForgotten ? ', its session ended' : ''}`;
          dispatch({ type: 'notice', tone: 'ok', text });
        } finally {
          dispatch({ type: 'kick-done' });
        }
        const { items } = await client.request('GET /v1/clients', { signal });
        dispatch({ type: 'clients', items });
      });
    },
    confirmWrite() {
      const { dialog } = store.model;
      if (dialog?.stage === 'done' || dialog?.stage === 'sending') return dispatch({ type: 'leave' });
      const row = dialogPoint(store.model);
      const isSent = dialog !== undefined && row !== undefined && confirmWrite(dialog, row.view).send;
      dispatch({ type: 'write-next' });
      if (isSent) sendWrite();
    },
    submit() {
      const { prompt } = store.model;
      dispatch({ type: 'close-prompt', keep: true });
      if (prompt === undefined || prompt.text.trim() === '') return;
      if (prompt.kind === 'command') runCommand(prompt.text);
      else if (prompt.kind === 'subscribe') subscribeTo(prompt.text.trim());
    },
    complete() {
      if (store.model.prompt?.kind !== 'command') return;
      dispatch({ type: 'edit', edit: (text) => complete(text, namesOf(store.model)) });
    },
    copy(text) {
      terminal.send(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
      dispatch({ type: 'notice', tone: 'ok', text: `copied ${clean(text)}`, hint: 'if the terminal allows it' });
    },
    redraw: () => terminal.redraw(),
    suspend: () => terminal.suspend(),
    quit: () => terminal.quit(),
  };
}
