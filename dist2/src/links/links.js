import { topicFilterFault } from "../core/topic.js";
import { linkError } from "./errors.js";
import { Link } from "./link.js";
import { routeFault } from "./rules.js";
import { linkErrors } from "./errors.js";
import { routeFault as routeFault2 } from "./rules.js";
function createLinks(options) {
  const { gatewayId, router, log, clock, random = Math.random } = options;
  const links = Object.values(options.links).map((config) => {
    checkRoutes(config);
    return new Link({ config, gatewayId, router, log, clock, random });
  });
  let since = clock.now();
  let state = "starting";
  return {
    name: "links",
    async start(signal) {
      signal.throwIfAborted();
      for (const link of links) link.start();
      since = clock.now();
      state = "up";
    },
    status() {
      const poor = state === "up" ? links.map((link) => link.service()).filter((view) => view.state !== "up") : [];
      if (poor.length === 0) return { state, since };
      const reason = poor.map((view) => `${view.name} ${view.state}`).join(", ");
      const hint = poor.find((view) => view.hint !== void 0)?.hint;
      return {
        state: "degraded",
        since: Math.max(...poor.map((view) => view.since)),
        reason,
        ...hint === void 0 ? {} : { hint }
      };
    },
    links: () => links.map((link) => link.view()),
    services: () => links.map((link) => link.service()),
    alarms: () => links.flatMap((link) => link.alarms()),
    async [Symbol.asyncDispose]() {
      state = "stopping";
      since = clock.now();
      const results = await Promise.allSettled(links.map((link) => link[Symbol.asyncDispose]()));
      const errors = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
      if (errors.length > 0) throw new AggregateError(errors, "not all links closed cleanly");
    }
  };
}
function checkRoutes({ name, routes }) {
  if (topicFilterFault(`$link/${name}/#`) !== void 0 || name.includes("/")) {
    throw linkError("LINK_ROUTE_INVALID", `"${name}" cannot be the name of a link`);
  }
  for (const [index, route] of routes.entries()) {
    const fault = routeFault(route);
    if (fault !== void 0) throw linkError("LINK_ROUTE_INVALID", `link ${name}, route ${index}: ${fault}`);
  }
}
export {
  createLinks,
  linkErrors,
  routeFault2 as routeFault
};
//# sourceMappingURL=links.js.map
