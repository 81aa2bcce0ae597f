/** How events of the gateway change what we know of it. Pure; a snapshot replaces, everything else merges. */
import type { Events, GatewayEvent, LogLine, MessageView, PointView } from '../api/contract.js';
import type { Data, LogRow, PointRow, StreamName, TailRow } from './state.js';

/** Samples kept per point for its trend. */
export const HISTORY = 60;
export const MAX_LOG_ROWS = 1_000;
export const MAX_TAIL_ROWS = 200;

export const noData: Data = {
  loaded: false,
  status: undefined,
  skewMs: 0,
  devices: new Map(),
  points: new Map(),
  links: new Map(),
  functions: new Map(),
  functionLines: undefined,
  pointDay: undefined,
  logs: [],
  clients: undefined,
  topics: new Map(),
  topicsError: undefined,
  tail: [],
  tailDropped: 0,
  tailError: undefined,
  nextId: 1,
};

export function pointKey(point: { readonly device: string; readonly point: string }): string {
  return `${point.device}/${point.point}`;
}

/** A sample as the trend draws it. */
function sampleOf(view: PointView): number | null {
  if (view.quality === 'bad' || view.value === null) return null;
  if (typeof view.value === 'boolean') return view.value ? 1 : 0;
  const number = Number(view.value);
  return Number.isFinite(number) ? number : null;
}

function withPoint(points: Map<string, PointRow>, view: PointView): void {
  const key = pointKey(view);
  const old = points.get(key);
  let history = old?.history ?? [];
  // Only a new sample is a new bar: an event may also tell of another change.
  if (view.at !== null && view.at !== old?.view.at) history = [...history.slice(1 - HISTORY), sampleOf(view)];
  points.set(key, { key, view, history });
}

/** A snapshot lists all points there are; their trends go on, with a gap for the time nobody watched. */
function snapshotPoints(old: ReadonlyMap<string, PointRow>, views: readonly PointView[]): Map<string, PointRow> {
  const points = new Map<string, PointRow>();
  for (const view of views) {
    const before = old.get(pointKey(view));
    if (before !== undefined && before.view.at !== view.at) {
      points.set(before.key, { ...before, history: [...before.history.slice(1 - HISTORY), null] });
    } else if (before !== undefined) points.set(before.key, before);
    withPoint(points, view);
  }
  return points;
}

function merged<T>(
  old: ReadonlyMap<string, T>,
  items: readonly T[],
  keyOf: (item: T) => string,
): ReadonlyMap<string, T> {
  const map = new Map(old);
  for (const item of items) map.set(keyOf(item), item);
  return map;
}

function mapOf<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [keyOf(item), item]));
}

const byName = (item: { readonly name: string }) => item.name;
const byTopic = (item: { readonly topic: string }) => item.topic;

function appendLogs(data: Data, before: readonly LogRow[], lines: readonly LogLine[]): Data {
  let id = data.nextId;
  const added = lines.slice(-MAX_LOG_ROWS).map((line) => ({ id: id++, line }));
  return { ...data, logs: [...before, ...added].slice(-MAX_LOG_ROWS), nextId: id };
}

function appendTail(data: Data, messages: readonly MessageView[], dropped: number): Data {
  let id = data.nextId;
  // The first are the retained ones, in the order of their topics: the newest are to be at the end.
  const inOrder = data.tail.length === 0 ? [...messages].sort((a, b) => a.at - b.at) : messages;
  const added: TailRow[] = inOrder.slice(-MAX_TAIL_ROWS).map((message) => ({ id: id++, message }));
  return {
    ...data,
    tail: [...data.tail, ...added].slice(-MAX_TAIL_ROWS),
    tailDropped: data.tailDropped + dropped,
    nextId: id,
  };
}

function withStatus(data: Data, status: Events['status'], at: number): Data {
  return { ...data, status, skewMs: status.now - at };
}

function withSnapshot(data: Data, stream: StreamName, snapshot: Events['snapshot'], at: number): Data {
  let next: Data = data;
  if (stream === 'main') next = { ...next, loaded: true };
  if (stream === 'topics') next = { ...next, topicsError: undefined };
  if (stream === 'tail') next = { ...next, tailError: undefined };
  if (snapshot.status !== undefined) next = withStatus(next, snapshot.status, at);
  if (snapshot.devices !== undefined) next = { ...next, devices: mapOf(snapshot.devices, byName) };
  if (snapshot.points !== undefined) next = { ...next, points: snapshotPoints(next.points, snapshot.points) };
  if (snapshot.links !== undefined) next = { ...next, links: mapOf(snapshot.links, byName) };
  if (snapshot.functions !== undefined) next = { ...next, functions: mapOf(snapshot.functions, byName) };
  if (snapshot.topics !== undefined) next = { ...next, topics: mapOf(snapshot.topics, byTopic) };
  if (snapshot.logs !== undefined) next = appendLogs(next, [], snapshot.logs);
  return next;
}

/** @param at - our clock when the event arrived, Unix ms */
export function applyEvent(data: Data, stream: StreamName, event: GatewayEvent, at: number): Data {
  switch (event.kind) {
    case 'snapshot':
      return withSnapshot(data, stream, event.data, at);
    case 'status':
      return withStatus(data, event.data, at);
    case 'devices':
      return { ...data, devices: merged(data.devices, event.data, byName) };
    case 'points': {
      const points = new Map(data.points);
      for (const view of event.data) withPoint(points, view);
      return { ...data, points };
    }
    case 'links':
      return { ...data, links: merged(data.links, event.data, byName) };
    case 'functions':
      return { ...data, functions: merged(data.functions, event.data, byName) };
    case 'logs':
      return appendLogs(data, data.logs, event.data);
    case 'topics':
      return { ...data, topics: merged(data.topics, event.data, byTopic) };
    case 'messages':
      return appendTail(data, event.data.items, event.data.dropped);
  }
}
