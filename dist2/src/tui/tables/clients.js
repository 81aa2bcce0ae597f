import { absolute, age, compact, stateSpan } from "../format.js";
import { span } from "../spans.js";
const stateOf = (client) => client.connected ? "connected" : "disconnected";
const clientTable = {
  noun: "clients",
  empty: "no MQTT client has a session",
  columns: () => [
    {
      id: "client",
      title: "CLIENT",
      min: 16,
      max: 32,
      priority: 0,
      cell: (client) => span(client.clientId),
      sort: (client) => client.clientId.toLowerCase()
    },
    {
      id: "state",
      title: "STATE",
      min: 14,
      priority: 0,
      cell: (client) => stateSpan(stateOf(client)),
      sort: (client) => Number(!client.connected)
    },
    { id: "version", title: "MQTT", min: 5, priority: 4, cell: (client) => span(client.protocol, "muted") },
    {
      id: "subscriptions",
      title: "SUBS",
      min: 5,
      priority: 1,
      align: "right",
      cell: (client) => span(compact(client.subscriptions)),
      descends: true,
      sort: (client) => client.subscriptions
    },
    {
      id: "inflight",
      title: "INFL",
      min: 4,
      priority: 3,
      align: "right",
      cell: (client) => span(compact(client.inflight)),
      descends: true,
      sort: (client) => client.inflight
    },
    {
      id: "queued",
      title: "QUEUE",
      min: 5,
      priority: 2,
      align: "right",
      cell: (client) => span(compact(client.queued), client.queued > 0 ? "warn" : "plain"),
      descends: true,
      sort: (client) => client.queued
    },
    {
      id: "dropped",
      title: "DROPS",
      min: 5,
      priority: 2,
      align: "right",
      cell: (client) => span(compact(client.dropped), client.dropped > 0 ? "bad" : "plain"),
      descends: true,
      sort: (client) => client.dropped
    },
    {
      id: "in",
      title: "IN",
      min: 6,
      priority: 5,
      align: "right",
      cell: (client) => span(compact(client.received)),
      descends: true,
      sort: (client) => client.received
    },
    {
      id: "out",
      title: "OUT",
      min: 6,
      priority: 5,
      align: "right",
      cell: (client) => span(compact(client.sent)),
      descends: true,
      sort: (client) => client.sent
    },
    { id: "address", title: "ADDRESS", min: 16, max: 30, priority: 6, cell: (client) => span(client.address, "muted") },
    {
      id: "since",
      title: "SINCE",
      min: 7,
      priority: 7,
      align: "right",
      cell: (client, { now }) => span(age(client.since, now), "muted"),
      sort: (client) => -client.since
    }
  ],
  inputs: (_model, data) => [data.clients],
  items: (_model, data) => data.clients ?? [],
  key: (client) => client.clientId,
  text: (client) => [client.clientId, stateOf(client), client.protocol, client.address].join(" "),
  detail: (client, { now }) => [
    { label: "state", spans: [stateSpan(stateOf(client)), span(` for ${age(client.since, now)}`, "muted")] },
    { label: "since", spans: [span(absolute(client.since))] },
    { label: "address", spans: [span(client.address)] },
    { label: "protocol", spans: [span(`MQTT ${client.protocol}, keep alive ${client.keepAlive / 1e3} s`)] },
    { label: "subs", spans: [span(String(client.subscriptions))] },
    { label: "inflight", spans: [span(String(client.inflight))] },
    { label: "queued", spans: [span(String(client.queued))] },
    { label: "received", spans: [span(String(client.received))] },
    { label: "sent", spans: [span(String(client.sent))] },
    { label: "dropped", spans: [span(String(client.dropped), client.dropped > 0 ? "bad" : "plain")] }
  ]
};
export {
  clientTable
};
//# sourceMappingURL=clients.js.map
