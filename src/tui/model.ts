/** The reducer: `(model, action) → model`. Pure; it alone changes what the interface knows. */
import { applyEvent, noData } from './data.js';
import { back, forward, go, leave, move, nextSort, toggle, withList } from './navigation.js';
import { dialogPoint } from './select.js';
import type { Action, Connection, ListState, Model, Notice, Route } from './state.js';
import { logLevels } from './tables/logs.js';
import { confirmWrite, editWrite, openWrite, outcomeHint, outcomeText } from './write.js';

const freshList: ListState = {
  selected: undefined,
  index: 0,
  top: 0,
  filter: '',
  sort: undefined,
  descending: false,
};

export interface Start {
  readonly readOnly: boolean;
  readonly target: string;
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly route: Route;
}

export function initialModel(start: Start): Model {
  return {
    settings: { readOnly: start.readOnly, target: start.target },
    size: { columns: start.columns, rows: start.rows },
    now: start.now,
    connection: { state: 'connecting', since: start.now, heardAt: start.now },
    data: noData,
    frozen: undefined,
    route: start.route,
    past: [],
    future: [],
    lists: {
      overview: freshList,
      devices: freshList,
      points: freshList,
      clients: freshList,
      topics: freshList,
      links: freshList,
      functions: freshList,
      logs: freshList,
    },
    detail: false,
    detailTop: 0,
    pane: 0,
    tailBack: 0,
    help: undefined,
    prompt: undefined,
    dialog: undefined,
    kick: undefined,
    rollback: undefined,
    notice: undefined,
    logLevel: 'info',
    topicFilter: '#',
    toggled: new Set(),
    payloadMode: 'text',
  };
}

function edit(model: Model, change: (text: string) => string): Model {
  if (model.prompt !== undefined) {
    const prompt = { ...model.prompt, text: change(model.prompt.text) };
    const next = { ...model, prompt };
    return prompt.kind === 'filter' ? withList(next, { filter: prompt.text, index: 0, top: 0 }) : next;
  }
  return model.dialog === undefined ? model : { ...model, dialog: editWrite(model.dialog, change) };
}

function closePrompt(model: Model, keep: boolean): Model {
  const { prompt } = model;
  if (prompt === undefined) return model;
  const next = { ...model, prompt: undefined };
  return prompt.kind === 'filter' && !keep ? withList(next, { filter: prompt.before }) : next;
}

function withNotice(model: Model, tone: Notice['tone'], text: string, hint = ''): Model {
  return { ...model, notice: { tone, text, hint, at: model.now } };
}

function writeDone(model: Model, action: Extract<Action, { type: 'write-done' }>): Model {
  const { dialog } = model;
  if (dialog?.device === action.device && dialog.point === action.point && dialog.stage === 'sending') {
    return { ...model, dialog: { ...dialog, stage: 'done', outcome: action.outcome } };
  }
  // The dialog was closed meanwhile: the outcome is told all the same.
  const row = model.data.points.get(`${action.device}/${action.point}`);
  const text = row === undefined ? action.outcome.status : outcomeText(action.outcome, row.view);
  const isGood = action.outcome.status === 'verified' || action.outcome.status === 'written';
  return withNotice(
    model,
    isGood ? 'ok' : 'bad',
    `${action.device}/${action.point}: ${text}`,
    outcomeHint(action.outcome),
  );
}

function lost(connection: Connection, action: Extract<Action, { type: 'lost' }>): Connection {
  const since = connection.state === 'lost' ? connection.since : action.at;
  return { ...connection, state: 'lost', since, error: action.error };
}

function heard(model: Model, action: Extract<Action, { type: 'event' }>): Model {
  const data = applyEvent(model.data, action.stream, action.event, action.at);
  if (action.stream !== 'main') return { ...model, data };
  const { since, state } = model.connection;
  const isBack = state !== 'live' && action.event.kind === 'snapshot';
  const connection: Connection = {
    state: isBack ? 'live' : state,
    since: isBack ? action.at : since,
    heardAt: action.at,
  };
  return { ...model, data, connection, now: Math.max(model.now, action.at) };
}

function withLost(model: Model, action: Extract<Action, { type: 'lost' }>): Model {
  if (action.stream === 'main') return { ...model, connection: lost(model.connection, action) };
  const key = action.stream === 'topics' ? 'topicsError' : 'tailError';
  return { ...model, data: { ...model.data, [key]: action.error } };
}

export function reduce(model: Model, action: Action): Model {
  switch (action.type) {
    case 'event':
      return heard(model, action);
    case 'lost':
      return withLost(model, action);
    case 'reset':
      return {
        ...model,
        data:
          action.stream === 'topics'
            ? { ...model.data, topics: noData.topics, topicsError: undefined }
            : { ...model.data, tail: [], tailDropped: 0, tailError: undefined },
      };
    case 'clients':
      return { ...model, data: { ...model.data, clients: action.items } };
    case 'device': {
      const devices = new Map(model.data.devices).set(action.device.name, action.device);
      return { ...model, data: { ...model.data, devices } };
    }
    case 'function': {
      const functions = new Map(model.data.functions).set(action.view.name, action.view);
      return { ...model, data: { ...model.data, functions } };
    }
    case 'point-day':
      return { ...model, data: { ...model.data, pointDay: { key: action.key, view: action.view } } };
    case 'function-lines':
      return { ...model, data: { ...model.data, functionLines: { name: action.name, lines: action.lines } } };
    case 'rollback':
      return { ...model, rollback: { name: action.name, isSending: false }, notice: undefined };
    case 'rollback-sent':
      return model.rollback === undefined ? model : { ...model, rollback: { ...model.rollback, isSending: true } };
    case 'rollback-done':
      return { ...model, rollback: undefined };
    case 'point':
      return { ...model, data: applyEvent(model.data, 'main', { kind: 'points', data: [action.point] }, model.now) };
    case 'tick':
      return { ...model, now: action.at };
    case 'resize':
      return { ...model, size: { columns: action.columns, rows: action.rows } };
    case 'notice':
      return withNotice(model, action.tone, action.text, action.hint);
    case 'go':
      return go(model, action.route, action.select, action.filter);
    case 'back':
      return back(model);
    case 'forward':
      return forward(model);
    case 'previous': {
      const route = model.past.at(-1);
      return route === undefined ? model : go(model, route, undefined, undefined);
    }
    case 'leave':
      return leave(model);
    case 'move':
      return move(model, action.by);
    case 'sort':
      return nextSort(model);
    case 'reverse':
      return withList(model, { descending: !model.lists[model.route.screen].descending });
    case 'freeze':
      return model.frozen === undefined
        ? { ...model, frozen: { data: model.data, at: model.now } }
        : { ...model, frozen: undefined, tailBack: 0 };
    case 'detail':
      return { ...model, detail: !model.detail, detailTop: 0, pane: 0 };
    case 'pane':
      return { ...model, pane: model.pane === 0 ? 1 : 0 };
    case 'help':
      return { ...model, help: model.help === undefined ? { top: 0 } : undefined };
    case 'level':
      return {
        ...withList(model, { selected: undefined, index: 0, top: 0 }),
        logLevel: logLevels[(logLevels.indexOf(model.logLevel) + 1) % logLevels.length]!,
      };
    case 'payload': {
      const payloadMode = model.payloadMode === 'text' ? 'json' : model.payloadMode === 'json' ? 'hex' : 'text';
      return { ...model, payloadMode, tailBack: 0 };
    }
    case 'toggle':
      return toggle(model, action.open);
    case 'prompt': {
      const text = action.kind === 'filter' ? model.lists[model.route.screen].filter : '';
      return { ...model, prompt: { kind: action.kind, text, before: text }, notice: undefined };
    }
    case 'edit':
      return edit(model, action.edit);
    case 'close-prompt':
      return closePrompt(model, action.keep);
    case 'subscribe':
      return go(model, { screen: 'topics', argument: action.filter }, undefined, undefined);
    case 'write':
      return { ...model, dialog: openWrite(action.device, action.point), notice: undefined };
    case 'write-next': {
      const row = dialogPoint(model);
      if (model.dialog === undefined || row === undefined) return model;
      return { ...model, dialog: confirmWrite(model.dialog, row.view).dialog };
    }
    case 'kick':
      return { ...model, kick: { clientId: action.clientId, forget: false, isSending: false }, notice: undefined };
    case 'kick-forget':
      return model.kick === undefined ? model : { ...model, kick: { ...model.kick, forget: !model.kick.forget } };
    case 'kick-sent':
      return model.kick === undefined ? model : { ...model, kick: { ...model.kick, isSending: true } };
    case 'kick-done':
      return { ...model, kick: undefined };
    case 'write-done':
      return writeDone(model, action);
  }
}
