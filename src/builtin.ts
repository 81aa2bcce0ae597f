/** What is built in: the adapters, and the error codes of all parts. Loaded when a command needs them. */
import type { AnyAdapter } from './core/adapter.js';
import type { ErrorCatalogue } from './core/errors.js';

/** By the type that the configuration names. */
const adapters: Readonly<Record<string, () => Promise<{ readonly default: AnyAdapter }>>> = {
  coap: () => import('../adapters/coap/index.js'),
  modbus: () => import('../adapters/modbus/index.js'),
  serial: () => import('../adapters/serial/index.js'),
  simulator: () => import('../adapters/simulator/index.js'),
};

/** @param types - only these; all when absent */
export async function loadAdapters(types?: ReadonlySet<string>): Promise<readonly AnyAdapter[]> {
  const wanted = Object.entries(adapters).filter(([type]) => types === undefined || types.has(type));
  return (await Promise.all(wanted.map(([, load]) => load()))).map((module) => module.default);
}

/** Every error code there is, for `hpmq explain`; those of the command line itself are not here. */
export async function loadCatalogues(): Promise<readonly ErrorCatalogue[]> {
  const [
    core,
    config,
    api,
    broker,
    persistence,
    store,
    devices,
    links,
    functions,
    history,
    registry,
    view,
    access,
    time,
    demo,
    tui,
    imports,
    systemd,
    provision,
    update,
    flash,
    coap,
    modbus,
    serial,
    simulator,
  ] = await Promise.all([
    import('./core/errors.js'),
    import('./config/errors.js'),
    import('./api/errors.js'),
    import('./broker/errors.js'),
    import('./broker/persistence/errors.js'),
    import('./store/errors.js'),
    import('./devices/errors.js'),
    import('./links/errors.js'),
    import('./functions/errors.js'),
    import('./history/errors.js'),
    import('./functions/registry/errors.js'),
    import('./view.js'),
    import('./access-reload.js'),
    import('./known-time.js'),
    import('./demo/child.js'),
    import('./tui/errors.js'),
    import('./import/errors.js'),
    import('./systemd/errors.js'),
    import('./provision/errors.js'),
    import('./update/errors.js'),
    import('./flash/errors.js'),
    import('../adapters/coap/errors.js'),
    import('../adapters/modbus/errors.js'),
    import('../adapters/serial/errors.js'),
    import('../adapters/simulator/errors.js'),
  ]);
  return [
    core.coreErrors,
    config.configErrors,
    api.apiErrors,
    broker.brokerErrors,
    persistence.persistenceErrors,
    store.storeErrors,
    devices.devicesErrors,
    links.linkErrors,
    functions.functionErrors,
    history.historyErrors,
    registry.registryErrors,
    view.viewErrors,
    access.accessErrors,
    time.timeErrors,
    demo.demoErrors,
    tui.tuiErrors,
    imports.importErrors,
    systemd.systemdErrors,
    provision.provisionErrors,
    update.updateErrors,
    flash.flashErrors,
    coap.coapErrors,
    modbus.modbusErrors,
    serial.serialErrors,
    simulator.simulatorErrors,
  ];
}
