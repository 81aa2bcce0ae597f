import { AccessReload } from "./access-reload.js";
import { createApiServer } from "./api/server.js";
import { auditedView } from "./audited-view.js";
import { createBroker } from "./broker/broker.js";
import { createAudit } from "./core/audit.js";
import { createMessage } from "./core/message.js";
import { createDevices } from "./devices/devices.js";
import { openTransport } from "./devices/transport/open.js";
import { createLinks } from "./links/links.js";
import { version } from "./version.js";
import { createView } from "./view.js";
async function startGateway(options) {
  const { config, clock, logging, socket } = options;
  const { id } = config.gateway;
  const log = logging.log;
  const audit = createAudit(logging.audit);
  const stack = new AsyncDisposableStack();
  const starting = new AbortController();
  let phase = "starting";
  try {
    const broker = createBroker({
      config: config.broker,
      gatewayId: id,
      log: log.child({ svc: "broker" }),
      clock,
      version
    });
    const devices = createDevices({
      ports: config.ports,
      devices: config.devices,
      gatewayId: id,
      adapters: new Map(options.adapters.map((adapter) => [adapter.type, adapter])),
      router: broker.router,
      openTransport,
      log: log.child({ svc: "devices" }),
      audit,
      clock
    });
    const links = createLinks({
      links: config.links,
      gatewayId: id,
      router: broker.router,
      log: log.child({ svc: "links" }),
      clock
    });
    const access = config.broker.access;
    const reload = access && stack.use(
      new AccessReload({
        access,
        apply: (next) => broker.replaceAccess(next),
        clock,
        log: log.child({ svc: "broker" }),
        audit
      })
    );
    const view = stack.use(
      createView({
        gatewayId: id,
        version,
        startedAt: clock.now(),
        readOnly: config.tui.readOnly,
        clock,
        logging,
        broker,
        devices,
        links,
        config: options.shown,
        moreAlarms: () => reload?.alarms() ?? [],
        phase: () => phase
      })
    );
    const api = createApiServer({ view: auditedView(view, audit), socket, log: log.child({ svc: "api" }), clock });
    for (const service of [api, broker, links, devices]) {
      stack.use(service);
      await service.start(starting.signal);
    }
    const announce = (state, reason) => broker.router.publish(
      createMessage({
        topic: `hpmq/${id}/$state`,
        payload: JSON.stringify({ state, since: clock.now(), version, reason }),
        qos: 1,
        retain: true,
        origin: `gateway:${id}`,
        receivedAt: clock.now()
      })
    );
    await announce("online");
    phase = "up";
    log.info({ gateway: id, config: options.shown.file, listeners: broker.addresses(), socket }, "gateway is up");
    return {
      addresses: broker.addresses(),
      async [Symbol.asyncDispose]() {
        phase = "stopping";
        try {
          await announce("offline", "stopped");
        } finally {
          await stack.disposeAsync();
        }
        log.info("gateway stopped");
      }
    };
  } catch (error) {
    starting.abort();
    await stack.disposeAsync().catch((closeError) => log.error({ error: closeError }, "cleanup failed"));
    throw error;
  }
}
export {
  startGateway
};
//# sourceMappingURL=gateway.js.map
