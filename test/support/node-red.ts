/** Node-RED with a flow of MQTT nodes, without its editor and without a port of its own. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { needs, type Peer, startPeer } from './peers.js';

/** Where test/peers/install puts it. */
const folder = '/opt/hpmq-test-peers/node-red/node_modules/node-red';

export function needsNodeRed() {
  return existsSync(folder) ? {} : needs('node-red');
}

/** Nodes as Node-RED's flow files have them. */
export type FlowNode = Readonly<Record<string, unknown>>;

const settings = `module.exports = {
  flowFile: 'flows.json',
  httpAdminRoot: false,
  httpNodeRoot: false,
  disableEditor: true,
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } },
  logging: { console: { level: 'info', metrics: false, audit: false } },
};
`;

/** A folder with this flow, for {@link startNodeRed}. */
export function nodeRedFolder(t: Test, nodes: readonly FlowNode[]): string {
  const home = join(t.testdir(), 'node-red');
  mkdirSync(home);
  writeFileSync(join(home, 'settings.js'), settings);
  writeFileSync(join(home, 'package.json'), '{ "name": "flows", "private": true }\n');
  writeFileSync(join(home, 'flows.json'), JSON.stringify([{ id: 'tab', type: 'tab', label: 'tab' }, ...nodes]));
  return home;
}

export function startNodeRed(t: Test, home: string): Peer {
  return startPeer(
    t,
    process.execPath,
    [join(folder, 'red.js'), '--userDir', home, '--settings', join(home, 'settings.js')],
    {
      cwd: home,
      env: { NODE_OPTIONS: '', HOME: home },
    },
  );
}
