import { apiError } from "./errors.js";
import { numberOf, publishRequest, writeRequest } from "./requests.js";
const DEFAULT_LIMIT = 1e3;
function* first(items, limit) {
  let count = 0;
  for (const item of items) {
    if (count++ >= limit) return;
    yield item;
  }
}
function deviceOf({ view, params }) {
  const device = view.devices().find(({ name }) => name === params.device);
  if (device === void 0)
    throw apiError("API_NOT_FOUND", `there is no device "${params.device?.slice(0, 64)}"`, {
      hint: "list them with `hpmq device list`"
    });
  return device;
}
function pointOf(call) {
  const { device, point } = call.params;
  deviceOf(call);
  const found = call.view.points().find((one) => one.device === device && one.point === point);
  if (found === void 0) {
    throw apiError("API_NOT_FOUND", `the device "${device}" has no point "${point?.slice(0, 64)}"`, {
      hint: `list them with \`hpmq point list ${device}\``
    });
  }
  return found;
}
function topics(call) {
  const filter = call.query.get("filter") ?? "#";
  const found = /* @__PURE__ */ new Map();
  for (const { topic, at } of call.view.retained(filter)) found.set(topic, { topic, retained: true, messages: 0, at });
  if (!call.query.has("filter")) for (const watched of call.watchedTopics()) found.set(watched.topic, watched);
  return [...found.values()].sort((a, b) => a.topic < b.topic ? -1 : 1);
}
const routes = {
  "GET /v1/status": { handle: ({ view }) => view.status() },
  "GET /v1/devices": { handle: ({ view }) => ({ items: view.devices() }) },
  "GET /v1/devices/{device}": { handle: (call) => deviceOf(call) },
  "POST /v1/devices/{device}/pause": {
    handle(call) {
      call.view.pause(deviceOf(call).name);
      return deviceOf(call);
    }
  },
  "POST /v1/devices/{device}/resume": {
    handle(call) {
      call.view.resume(deviceOf(call).name);
      return deviceOf(call);
    }
  },
  "POST /v1/devices/{device}/retry": {
    handle(call) {
      call.view.retry(deviceOf(call).name);
      return deviceOf(call);
    }
  },
  "GET /v1/points": {
    query: ["device"],
    handle(call) {
      const device = call.query.get("device");
      if (device === null) return { items: call.view.points() };
      const { name } = deviceOf({ ...call, params: { device } });
      return { items: call.view.points().filter((point) => point.device === name) };
    }
  },
  "GET /v1/points/{device}/{point}": { handle: (call) => pointOf(call) },
  "POST /v1/points/{device}/{point}/read": {
    handle(call) {
      const { device, point } = pointOf(call);
      return call.view.read(device, point, call.signal);
    }
  },
  "POST /v1/points/{device}/{point}/write": {
    handle(call) {
      const request = writeRequest(call.body);
      const { device, point } = pointOf(call);
      return call.view.write(device, point, request, call.signal);
    }
  },
  "GET /v1/clients": { handle: ({ view }) => ({ items: view.clients() }) },
  "GET /v1/topics": {
    query: ["filter", "limit"],
    handle: (call) => ({ items: topics(call).slice(0, numberOf(call.query, "limit", DEFAULT_LIMIT)) })
  },
  "GET /v1/retained": {
    query: ["filter", "limit"],
    handle: ({ view, query }) => ({
      items: [...first(view.retained(query.get("filter") ?? "#"), numberOf(query, "limit", DEFAULT_LIMIT))]
    })
  },
  "POST /v1/publish": {
    async handle({ view, body }) {
      await view.publish(publishRequest(body));
      return { delivered: true };
    }
  },
  "GET /v1/links": { handle: ({ view }) => ({ items: view.links() }) },
  "GET /v1/logs": {
    query: ["limit"],
    handle: ({ view, query }) => ({ items: [...view.logs()].slice(-numberOf(query, "limit", DEFAULT_LIMIT)) })
  },
  "GET /v1/config": { handle: ({ view }) => view.config() }
};
const patterns = Object.entries(routes).map(([name, route]) => {
  const [method = "", path = ""] = name.split(" ");
  return { method, segments: path.split("/"), route };
});
function paramsOf(pattern, segments) {
  if (pattern.segments.length !== segments.length) return void 0;
  const params = {};
  for (const [index, expected] of pattern.segments.entries()) {
    const actual = segments[index];
    if (expected.startsWith("{")) params[expected.slice(1, -1)] = actual;
    else if (expected !== actual) return void 0;
  }
  return params;
}
function matchRoute(method, path) {
  let segments;
  try {
    segments = path.split("/").map(decodeURIComponent);
  } catch (cause) {
    throw apiError("API_BAD_REQUEST", "the path is not percent-encoded UTF-8", { cause });
  }
  const allow = [];
  for (const pattern of patterns) {
    const params = paramsOf(pattern, segments);
    if (params === void 0) continue;
    if (pattern.method === method) return { route: pattern.route, params };
    allow.push(pattern.method);
  }
  if (allow.length > 0) {
    throw apiError("API_METHOD_NOT_ALLOWED", `${method} is not a method of ${path.slice(0, 100)}`, {
      details: { allow: allow.join(", ") }
    });
  }
  throw apiError("API_NOT_FOUND", `there is no route ${method} ${path.slice(0, 100)}`);
}
export {
  matchRoute,
  routes
};
//# sourceMappingURL=routes.js.map
