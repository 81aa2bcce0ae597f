/** What is built in: the adapters, and the error codes of all parts. Loaded when a command needs them. */
import type { AnyAdapter } from './core/adapter.js';
import type { ErrorCatalogue } from './core/errors.js';

export async function loadAdapters(): Promise<readonly AnyAdapter[]> {
  const [modbus, simulator] = await Promise.all([
    import('../adapters/modbus/index.js'),
    import('../adapters/simulator/index.js'),
  ]);
  return [modbus.default, simulator.default];
}

/** Every error code there is, for `hpmq explain`; those of the command line itself are not here. */
export async function loadCatalogues(): Promise<readonly ErrorCatalogue[]> {
  const [core, config, api, broker, devices, links, view, access, demo, tui, imports, modbus, simulator] =
    await Promise.all([
      import('./core/errors.js'),
      import('./config/errors.js'),
      import('./api/errors.js'),
      import('./broker/errors.js'),
      import('./devices/errors.js'),
      import('./links/errors.js'),
      import('./view.js'),
      import('./access-reload.js'),
      import('./demo/child.js'),
      import('./tui/errors.js'),
      import('./import/errors.js'),
      import('../adapters/modbus/errors.js'),
      import('../adapters/simulator/errors.js'),
    ]);
  return [
    core.coreErrors,
    config.configErrors,
    api.apiErrors,
    broker.brokerErrors,
    devices.devicesErrors,
    links.linkErrors,
    view.viewErrors,
    access.accessErrors,
    demo.demoErrors,
    tui.tuiErrors,
    imports.importErrors,
    modbus.modbusErrors,
    simulator.simulatorErrors,
  ];
}
