/** The routes of api/contract.ts, each with its handler. The type of the table makes it complete. */
import type { FunctionChange, GatewayView, RouteName, Routes, TopicView } from './contract.js';
import { apiError } from './errors.js';
import {
  deployRequest,
  flagOf,
  historyRequest,
  MAX_MODULE_BODY_BYTES,
  numberOf,
  publishRequest,
  shadowRequest,
  writeRequest,
} from './requests.js';

/** Items of a list when the client does not say how many. */
const DEFAULT_LIMIT = 1_000;

export interface Call {
  readonly view: GatewayView;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Aborted when the client goes away or the server closes. */
  readonly signal: AbortSignal;
  /** Topics counted by those who watch them now. */
  readonly watchedTopics: () => Iterable<TopicView>;
}

export interface Route<R extends RouteName> {
  readonly query?: readonly string[];
  /** Of the request; {@link MAX_BODY_BYTES} when absent. */
  readonly maxBodyBytes?: number;
  handle(call: Call): Routes[R]['out'] | Promise<Routes[R]['out']>;
}

function* first<T>(items: Iterable<T>, limit: number): Iterable<T> {
  let count = 0;
  for (const item of items) {
    if (count++ >= limit) return;
    yield item;
  }
}

function deviceOf({ view, params }: Call) {
  const device = view.devices().find(({ name }) => name === params.device);
  if (device === undefined)
    throw apiError('API_NOT_FOUND', `there is no device "${params.device?.slice(0, 64)}"`, {
      hint: 'list them with `hpmq device list`',
    });
  return device;
}

function portOf({ view, params }: Call) {
  const port = view.ports().find(({ name }) => name === params.port);
  if (port === undefined) {
    throw apiError('API_NOT_FOUND', `there is no port "${params.port?.slice(0, 64)}"`, {
      hint: 'list them with `hpmq port list`',
    });
  }
  return port;
}

function pointOf(call: Call) {
  const { device, point } = call.params;
  deviceOf(call);
  const found = call.view.points().find((one) => one.device === device && one.point === point);
  if (found === undefined) {
    throw apiError('API_NOT_FOUND', `the device "${device}" has no point "${point?.slice(0, 64)}"`, {
      hint: `list them with \`hpmq point list ${device}\``,
    });
  }
  return found;
}

function functionOf({ view, params }: Call) {
  const found = view.functions().find(({ name }) => name === params.function);
  if (found === undefined) {
    throw apiError('API_NOT_FOUND', `there is no function "${params.function?.slice(0, 64)}"`, {
      hint: 'list them with `hpmq function list`',
    });
  }
  return found;
}

const changing = (change: FunctionChange) => ({
  handle: (call: Call) => call.view.changeFunction(functionOf(call).name, change),
});

function noClient(clientId: string): never {
  throw apiError('API_NOT_FOUND', `there is no client "${clientId.slice(0, 64)}"`, {
    hint: 'list them with `hpmq client list`',
  });
}

function noLink(link: string): never {
  throw apiError('API_NOT_FOUND', `there is no link "${link.slice(0, 64)}"`, {
    hint: 'list them with `hpmq link list`',
  });
}

function noOutbox(link: string): never {
  throw apiError('API_NOT_FOUND', `nothing waits for a link "${link.slice(0, 64)}" that is not configured`, {
    hint: 'list them with `hpmq store stat`; remove a link from the configuration first',
  });
}

function topics(call: Call): readonly TopicView[] {
  const filter = call.query.get('filter') ?? '#';
  const found = new Map<string, TopicView>();
  for (const { topic, at } of call.view.retained(filter)) found.set(topic, { topic, retained: true, messages: 0, at });
  if (!call.query.has('filter')) for (const watched of call.watchedTopics()) found.set(watched.topic, watched);
  return [...found.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1));
}

export const routes: { readonly [R in RouteName]: Route<R> } = {
  'GET /v1/status': { handle: ({ view }) => view.status() },
  'GET /v1/devices': { handle: ({ view }) => ({ items: view.devices() }) },
  'GET /v1/devices/{device}': { handle: (call) => deviceOf(call) },
  'GET /v1/devices/{device}/plan': { handle: (call) => call.view.plan(deviceOf(call).name) },
  'POST /v1/devices/{device}/pause': {
    handle(call) {
      call.view.pause(deviceOf(call).name);
      return deviceOf(call);
    },
  },
  'POST /v1/devices/{device}/resume': {
    handle(call) {
      call.view.resume(deviceOf(call).name);
      return deviceOf(call);
    },
  },
  'POST /v1/devices/{device}/retry': {
    handle(call) {
      call.view.retry(deviceOf(call).name);
      return deviceOf(call);
    },
  },
  'POST /v1/devices/{device}/identify': {
    handle: (call) => call.view.identify(deviceOf(call).name, call.signal),
  },
  'GET /v1/ports': { handle: ({ view }) => ({ items: view.ports() }) },
  'GET /v1/ports/{port}': { handle: portOf },
  'GET /v1/ports/{port}/recording': {
    query: ['after', 'limit'],
    handle(call) {
      const after = numberOf(call.query, 'after', 0, 0, Number.MAX_SAFE_INTEGER);
      return call.view.recording(portOf(call).name, after, numberOf(call.query, 'limit', DEFAULT_LIMIT));
    },
  },
  'GET /v1/points': {
    query: ['device'],
    handle(call) {
      const device = call.query.get('device');
      if (device === null) return { items: call.view.points() };
      const { name } = deviceOf({ ...call, params: { device } });
      return { items: call.view.points().filter((point) => point.device === name) };
    },
  },
  'GET /v1/points/{device}/{point}': { handle: (call) => pointOf(call) },
  'POST /v1/points/{device}/{point}/read': {
    handle(call) {
      const { device, point } = pointOf(call);
      return call.view.read(device, point, call.signal);
    },
  },
  'POST /v1/points/{device}/{point}/write': {
    handle(call) {
      const request = writeRequest(call.body);
      const { device, point } = pointOf(call);
      return call.view.write(device, point, request, call.signal);
    },
  },
  'GET /v1/clients': { handle: ({ view }) => ({ items: view.clients() }) },
  'GET /v1/clients/{client}': {
    handle: ({ view, params }) => view.client(params.client!) ?? noClient(params.client!),
  },
  'DELETE /v1/clients/{client}': {
    query: ['forget'],
    handle: ({ view, params, query }) =>
      view.disconnect(params.client!, flagOf(query, 'forget')) ?? noClient(params.client!),
  },
  'GET /v1/ledger': { handle: ({ view }) => view.ledger() },
  'GET /v1/history': { handle: ({ view }) => view.history() },
  'GET /v1/history/{device}/{point}': {
    query: ['from', 'to', 'last', 'every', 'limit'],
    handle: ({ view, params, query }) => view.historyOf(historyRequest(params.device!, params.point!, query)),
  },
  'GET /v1/store': {
    async handle({ view }) {
      const store = await view.store();
      if (store !== undefined) return store;
      throw apiError('API_NOT_FOUND', 'this gateway keeps nothing on disk');
    },
  },
  'GET /v1/topics': {
    query: ['filter', 'limit'],
    handle: (call) => ({ items: topics(call).slice(0, numberOf(call.query, 'limit', DEFAULT_LIMIT)) }),
  },
  'GET /v1/retained': {
    query: ['filter', 'limit'],
    handle: ({ view, query }) => ({
      items: [...first(view.retained(query.get('filter') ?? '#'), numberOf(query, 'limit', DEFAULT_LIMIT))],
    }),
  },
  'POST /v1/publish': {
    async handle({ view, body }) {
      await view.publish(publishRequest(body));
      return { delivered: true };
    },
  },
  'GET /v1/servers': { handle: ({ view }) => ({ items: view.servers() }) },
  'GET /v1/functions': { handle: ({ view }) => ({ items: view.functions() }) },
  'GET /v1/functions/{function}': { handle: functionOf },
  'GET /v1/functions/{function}/logs': {
    query: ['after', 'limit'],
    handle(call) {
      const after = numberOf(call.query, 'after', 0, 0, Number.MAX_SAFE_INTEGER);
      const limit = numberOf(call.query, 'limit', DEFAULT_LIMIT);
      return { items: call.view.functionLogs(functionOf(call).name, after, limit) };
    },
  },
  'POST /v1/functions/{function}/deploy': {
    maxBodyBytes: MAX_MODULE_BODY_BYTES,
    handle(call) {
      const { name } = functionOf(call);
      const { module, source } = deployRequest(call.body);
      return call.view.deployFunction(name, module, source);
    },
  },
  'POST /v1/functions/{function}/shadow': {
    maxBodyBytes: MAX_MODULE_BODY_BYTES,
    handle(call) {
      const { name } = functionOf(call);
      const { module, source, ...run } = shadowRequest(call.body);
      return call.view.shadowFunction(name, module, source, run);
    },
  },
  'GET /v1/functions/{function}/shadow': { handle: (call) => call.view.functionShadow(functionOf(call).name) },
  'POST /v1/functions/{function}/shadow/end': {
    handle: (call) => call.view.endFunctionShadow(functionOf(call).name),
  },
  'POST /v1/functions/{function}/rollback': changing('rollback'),
  'POST /v1/functions/{function}/reload': changing('reload'),
  'POST /v1/functions/{function}/pause': changing('pause'),
  'POST /v1/functions/{function}/resume': changing('resume'),
  'GET /v1/links': { handle: ({ view }) => ({ items: view.links() }) },
  'POST /v1/links/{link}/drain/pause': {
    handle: ({ view, params }) => view.pauseDrain(params.link!, true) ?? noLink(params.link!),
  },
  'POST /v1/links/{link}/drain/resume': {
    handle: ({ view, params }) => view.pauseDrain(params.link!, false) ?? noLink(params.link!),
  },
  'GET /v1/outboxes': { handle: ({ view }) => ({ items: view.orphanedOutboxes() }) },
  'DELETE /v1/outboxes/{link}': {
    handle: ({ view, params }) => view.forgetOutbox(params.link!) ?? noOutbox(params.link!),
  },
  'GET /v1/logs': {
    query: ['limit'],
    handle: ({ view, query }) => ({ items: [...view.logs()].slice(-numberOf(query, 'limit', DEFAULT_LIMIT)) }),
  },
  'GET /v1/config': { handle: ({ view }) => view.config() },
  'GET /v1/update': { handle: ({ view }) => view.update() },
  'POST /v1/update/restart': {
    handle({ view }) {
      view.restart('asked for over the control socket');
      return { restarting: true };
    },
  },
};

export interface Match {
  readonly route: Route<RouteName>;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly method: string;
  readonly segments: readonly string[];
  readonly route: Route<RouteName>;
}

const patterns: readonly Pattern[] = Object.entries(routes).map(([name, route]) => {
  const [method = '', path = ''] = name.split(' ');
  return { method, segments: path.split('/'), route: route as Route<RouteName> };
});

function paramsOf(pattern: Pattern, segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (pattern.segments.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.segments.entries()) {
    const actual = segments[index]!;
    if (expected.startsWith('{')) params[expected.slice(1, -1)] = actual;
    else if (expected !== actual) return undefined;
  }
  return params;
}

/** @throws GatewayError API_NOT_FOUND, API_METHOD_NOT_ALLOWED (its `details.allow`), API_BAD_REQUEST */
export function matchRoute(method: string, path: string): Match {
  let segments: string[];
  try {
    segments = path.split('/').map(decodeURIComponent);
  } catch (cause) {
    throw apiError('API_BAD_REQUEST', 'the path is not percent-encoded UTF-8', { cause });
  }
  const allow: string[] = [];
  for (const pattern of patterns) {
    const params = paramsOf(pattern, segments);
    if (params === undefined) continue;
    if (pattern.method === method) return { route: pattern.route, params };
    allow.push(pattern.method);
  }
  if (allow.length > 0) {
    throw apiError('API_METHOD_NOT_ALLOWED', `${method} is not a method of ${path.slice(0, 100)}`, {
      details: { allow: allow.join(', ') },
    });
  }
  throw apiError('API_NOT_FOUND', `there is no route ${method} ${path.slice(0, 100)}`);
}
