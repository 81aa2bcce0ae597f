/** The alarms of the overview, and where the cause of one is found. */
import type { AlarmView } from '../../api/contract.js';
import { span } from '../spans.js';
import type { Data, Route } from '../state.js';
import type { TableSpec } from './table.js';

export const alarmTable: TableSpec<AlarmView> = {
  noun: 'alarms',
  empty: 'no alarms: nothing needs a person',
  columns: () => [{ id: 'subject', title: 'SUBJECT', min: 20, priority: 0, cell: (alarm) => span(alarm.subject) }],
  inputs: (_model, data) => [data.status?.alarms],
  items: (_model, data) => data.status?.alarms ?? [],
  key: (alarm) => `${alarm.subject} ${alarm.error.code}`,
  problem: (alarm) => alarm.error,
  text: (alarm) => [alarm.subject, alarm.error.code, alarm.error.message].join(' '),
};

export interface Cause {
  readonly route: Route;
  readonly select?: string;
  readonly filter?: string;
}

/** The screen and row where one sees why an alarm is there. */
export function causeOf(alarm: AlarmView, data: Data): Cause {
  const colon = alarm.subject.indexOf(':');
  const kind = colon < 0 ? alarm.subject : alarm.subject.slice(0, colon);
  const name = alarm.subject.slice(colon + 1);
  if (kind === 'device' && data.devices.has(name)) return { route: { screen: 'devices' }, select: name };
  if (kind === 'link' && data.links.has(name)) return { route: { screen: 'links' }, select: name };
  if (kind === 'function' && data.functions.has(name)) return { route: { screen: 'functions' }, select: name };
  if (kind === 'port') {
    const device = [...data.devices.values()].find((candidate) => candidate.port === name);
    if (device !== undefined) return { route: { screen: 'devices' }, select: device.name, filter: name };
  }
  return { route: { screen: 'logs' }, filter: name };
}
