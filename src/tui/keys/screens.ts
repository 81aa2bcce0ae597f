/** The keys of single screens. */
import { layoutOf, WIDE_COLUMNS } from '../layout.js';
import { selectedAlarm, selectedClient, selectedDevice, selectedPoint, selectedTopic, shownData } from '../select.js';
import type { Model, ScreenId } from '../state.js';
import { causeOf } from '../tables/alarms.js';
import type { Binding, Controller } from './binding.js';
import { functionBindings } from './functions.js';
import { isConnected, mayChange } from './may.js';

const lists: readonly ScreenId[] = ['devices', 'points', 'clients', 'links', 'functions'];

function mayWrite(model: Model): true | string {
  const row = selectedPoint(model);
  if (row === undefined) return 'select a point';
  const may = mayChange(model);
  if (may !== true || row.view.writable) return may;
  return row.view.readOnlyReason === undefined
    ? 'the point is read-only'
    : `the point is read-only: ${row.view.readOnlyReason}`;
}

const mayActOnDevice = (model: Model) => (selectedDevice(model) === undefined ? 'select a device' : mayChange(model));

const mayOpenDetail = (model: Model) => (model.size.columns >= WIDE_COLUMNS ? 'it is already beside the list' : true);

function openTail(controller: Controller): void {
  const row = selectedPoint(controller.model);
  if (row !== undefined) controller.dispatch({ type: 'subscribe', filter: row.view.topic });
}

function jumpToCause({ model, dispatch }: Controller): void {
  const alarm = selectedAlarm(model);
  if (alarm !== undefined) dispatch({ type: 'go', ...causeOf(alarm, shownData(model)) });
}

export const screenBindings: readonly Binding[] = [
  {
    id: 'overview.cause',
    keys: ['enter'],
    contexts: ['overview'],
    title: 'go to the cause',
    help: 'Jumps to where the selected alarm comes from',
    hint: 1,
    when: (model) => (selectedAlarm(model) === undefined ? 'there is no alarm' : true),
    run: jumpToCause,
  },
  {
    id: 'device.points',
    keys: ['enter'],
    contexts: ['devices'],
    title: 'points',
    help: 'Shows the points of the device',
    hint: 1,
    when: (model) => (selectedDevice(model) === undefined ? 'select a device' : true),
    run({ model, dispatch }) {
      const device = selectedDevice(model);
      if (device !== undefined) dispatch({ type: 'go', route: { screen: 'points', argument: device.name } });
    },
  },
  {
    id: 'device.pause',
    keys: ['p'],
    contexts: ['devices'],
    title: (model) => (selectedDevice(model)?.state === 'paused' ? 'resume' : 'pause'),
    help: 'Stops polling the device, or starts it again',
    danger: true,
    hint: 2,
    when: mayActOnDevice,
    run(controller) {
      const device = selectedDevice(controller.model);
      if (device !== undefined) controller.device(device.name, device.state === 'paused' ? 'resume' : 'pause');
    },
  },
  {
    id: 'device.retry',
    keys: ['r'],
    contexts: ['devices'],
    title: 'retry now',
    help: 'Tries an offline device now instead of at its next attempt',
    hint: 3,
    when(model) {
      const may = mayActOnDevice(model);
      return may === true && selectedDevice(model)?.state === 'paused' ? 'the device is paused, p resumes it' : may;
    },
    run(controller) {
      const device = selectedDevice(controller.model);
      if (device !== undefined) controller.device(device.name, 'retry');
    },
  },
  {
    id: 'point.write',
    keys: ['w'],
    contexts: ['points'],
    title: 'write',
    help: 'Writes a value to the point, after asking',
    danger: true,
    hint: 1,
    when: mayWrite,
    run({ model, dispatch }) {
      const row = selectedPoint(model);
      if (row !== undefined) dispatch({ type: 'write', device: row.view.device, point: row.view.point });
    },
  },
  {
    id: 'point.tail',
    keys: ['t'],
    contexts: ['points'],
    title: 'tail',
    help: 'Shows the messages of the point as they come',
    hint: 2,
    when: (model) => (selectedPoint(model) === undefined ? 'select a point' : true),
    run: openTail,
  },
  {
    id: 'point.read',
    keys: ['r'],
    contexts: ['points'],
    title: 'read now',
    help: 'Reads the point from the device now',
    hint: 3,
    when: (model) => (selectedPoint(model) === undefined ? 'select a point' : isConnected(model)),
    run(controller) {
      const row = selectedPoint(controller.model);
      if (row !== undefined) controller.read(row);
    },
  },
  {
    id: 'client.disconnect',
    keys: ['ctrl-d'],
    contexts: ['clients'],
    title: 'disconnect',
    help: 'Ends the connection of the client, after asking',
    danger: true,
    hint: 1,
    when: (model) => (selectedClient(model) === undefined ? 'select a client' : mayChange(model)),
    run({ model, dispatch }) {
      const client = selectedClient(model);
      if (client !== undefined) dispatch({ type: 'kick', clientId: client.clientId });
    },
  },
  ...functionBindings,
  {
    id: 'topic.copy',
    keys: ['y'],
    contexts: ['points', 'topics'],
    title: 'copy',
    help: 'Copies the topic to the clipboard of the terminal (OSC 52)',
    hint: 4,
    run(controller) {
      const topic = selectedPoint(controller.model)?.view.topic ?? selectedTopic(controller.model)?.path;
      if (topic !== undefined) controller.copy(topic);
    },
  },
  {
    id: 'topic.toggle',
    keys: ['enter'],
    contexts: ['topics'],
    title: 'open, close',
    help: 'Shows or hides what is below the topic',
    hint: 1,
    run: ({ dispatch }) => dispatch({ type: 'toggle' }),
  },
  {
    id: 'topic.open',
    keys: ['right', 'l'],
    contexts: ['topics'],
    title: 'open',
    help: 'Shows what is below the topic',
    run: ({ dispatch }) => dispatch({ type: 'toggle', open: true }),
  },
  {
    id: 'topic.close',
    keys: ['left', 'h'],
    contexts: ['topics'],
    title: 'close',
    help: 'Hides what is below the topic',
    run: ({ dispatch }) => dispatch({ type: 'toggle', open: false }),
  },
  {
    id: 'topic.subscribe',
    keys: ['+'],
    contexts: ['topics'],
    title: 'subscribe',
    help: 'Watches another Topic Filter, such as plant/+/temperature or $SYS/#',
    hint: 2,
    run: ({ dispatch }) => dispatch({ type: 'prompt', kind: 'subscribe' }),
  },
  {
    id: 'topic.payload',
    keys: ['x'],
    contexts: ['topics'],
    title: (model) => (model.payloadMode === 'text' ? 'json' : model.payloadMode === 'json' ? 'hex' : 'text'),
    help: 'Shows payloads as text, as JSON, or in hexadecimal',
    hint: 3,
    run: ({ dispatch }) => dispatch({ type: 'payload' }),
  },
  {
    id: 'pane',
    keys: ['tab'],
    contexts: ['topics', 'devices', 'points', 'clients', 'links', 'functions', 'logs'],
    title: 'pane',
    help: 'Goes to the other pane, to scroll it, and back',
    hint: 7,
    when: (model) => (layoutOf(model).pane === undefined ? 'i opens the detail' : true),
    run: ({ dispatch }) => dispatch({ type: 'pane' }),
  },
  {
    id: 'log.level',
    keys: ['L'],
    contexts: ['logs'],
    title: (model) => `level ${model.logLevel}`,
    help: 'Shows lines of this level and above: trace, debug, info, warn, error, fatal',
    hint: 1,
    run: ({ dispatch }) => dispatch({ type: 'level' }),
  },
  {
    id: 'detail.open',
    keys: ['enter'],
    contexts: ['points', 'clients', 'links', 'functions', 'logs'],
    title: 'detail',
    help: 'Shows everything about the selected line',
    hint: 5,
    when: mayOpenDetail,
    run: ({ dispatch }) => dispatch({ type: 'detail' }),
  },
  {
    id: 'detail.info',
    keys: ['i'],
    contexts: ['devices', 'points', 'clients', 'links', 'functions', 'logs'],
    title: 'detail',
    help: 'Shows or hides everything about the selected line',
    hint: 5,
    when: mayOpenDetail,
    run: ({ dispatch }) => dispatch({ type: 'detail' }),
  },
  {
    id: 'sort',
    keys: ['s'],
    contexts: lists,
    title: 'sort',
    help: 'Sorts by the next column; after the last one, as the gateway lists them',
    hint: 6,
    run: ({ dispatch }) => dispatch({ type: 'sort' }),
  },
  {
    id: 'sort.reverse',
    keys: ['S'],
    contexts: lists,
    title: 'reverse',
    help: 'Sorts the other way round',
    run: ({ dispatch }) => dispatch({ type: 'reverse' }),
  },
];
