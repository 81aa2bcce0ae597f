/**
 * `npm run package:check`: the .deb in a real Debian that booted its own systemd (systemd-nspawn, as root): install, run,
 * watchdog, crash, upgrade, remove, purge; then the same box with `hpmq service install`. Needs `npm run build`.
 *
 *   npm run package:check -- --suite trixie
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repoRoot } from '../support/peers.js';
import { type Box, eventually, startBox } from './box.js';

const { values } = parseArgs({ options: { suite: { type: 'string', default: 'bookworm' } } });
const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
const NEXT = '999.0.0';

let checks = 0;
function ok(what: string, detail = ''): void {
  checks++;
  console.log(`ok   ${what}${detail === '' ? '' : `: ${detail}`}`);
}

/** This version and, with nothing else changed, a later one. */
function makePackages(): void {
  const script = join(repoRoot, 'images/package.mjs');
  execFileSync(process.execPath, [script, arch, '--no-oci', '--compression', 'none', '--output', folder]);
  const tree = join(folder, 'tree');
  execFileSync('dpkg-deb', ['-R', join(folder, `hpmq_${version}_${arch}.deb`), tree]);
  const control = join(tree, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*/m, `Version: ${NEXT}`));
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '-b', tree, join(folder, `hpmq_${NEXT}_${arch}.deb`)]);
  rmSync(tree, { recursive: true });
  chmodSync(folder, 0o755);
  copyFileSync(join(repoRoot, 'dist', `hpmq-linux-${process.arch}`), join(folder, 'hpmq'));
}

function must(box: Box, command: string): string {
  const { code, text } = box.sh(command);
  assert.equal(code, 0, `${command} ended with ${code}: ${text}`);
  return text;
}

const property = (box: Box, name: string): string => must(box, `systemctl show hpmq --property=${name} --value`);
const install = (box: Box, which: string): string => must(box, `dpkg -i /packages/hpmq_${which}_${arch}.deb`);
/** @param not - the process that it must not be */
function isUp(box: Box, not = '0'): boolean {
  const text = must(box, 'systemctl show hpmq --property=ActiveState,SubState,MainPID');
  return (
    text.includes('SubState=running') &&
    text.includes('ActiveState=active') &&
    !text.includes(`MainPID=${not}\n`) &&
    !text.endsWith(`MainPID=${not}`)
  );
}

async function checkPackage(box: Box): Promise<void> {
  install(box, version);
  await eventually('the service runs', () => isUp(box));
  ok('installed and started', property(box, 'StatusText'));
  assert.match(must(box, 'hpmq status'), /up/);
  const pid = property(box, 'MainPID');
  assert.equal(must(box, `stat -c %U /proc/${pid}`), 'hpmq');
  assert.match(must(box, 'id -nG hpmq'), /dialout/);
  ok('runs as hpmq, member of dialout', must(box, `grep VmRSS /proc/${pid}/status`).replace(/\s+/g, ' '));
  assert.match(must(box, `grep -E '^Cap(Eff|Bnd)' /proc/${pid}/status`), /CapEff:\s+0+400\nCapBnd:\s+0+400/);
  ok('has CAP_NET_BIND_SERVICE and nothing else');
  assert.equal(
    must(box, 'stat -c %a:%U:%G /etc/hpmq /etc/hpmq/hpmq.yaml /run/hpmq/control.sock /var/lib/hpmq'),
    '2750:root:hpmq\n640:root:hpmq\n660:hpmq:hpmq\n750:hpmq:hpmq',
  );
  ok('owners and modes');

  must(box, 'mosquitto_pub -h 127.0.0.1 -q 1 -r -t kept -m value');
  const kept = () => assert.equal(must(box, 'mosquitto_sub -h 127.0.0.1 -t kept -C 1 -W 5'), 'value');
  kept();
  must(box, 'useradd -m -G hpmq member && useradd -m stranger');
  must(box, 'runuser -u member -- hpmq status');
  assert.notEqual(box.sh('runuser -u stranger -- hpmq status').code, 0);
  ok('the control socket is open to the group hpmq and to nobody else');

  must(box, "printf 'secret-1\\n' | hpmq user add anna --users-file /etc/hpmq/users.yaml");
  assert.equal(must(box, 'stat -c %a:%U:%G /etc/hpmq/users.yaml'), '640:root:hpmq');
  ok('users that root adds can be read by the gateway');

  await checkLife(box, kept);
  ok('systemd-analyze security', must(box, 'systemd-analyze security hpmq --no-pager | tail -1'));
  assert.match(box.sh('/packages/hpmq service install').text, /SERVICE_PACKAGED/);
  ok('service install leaves a packaged service alone');
  const rules = box.sh('udevadm verify /lib/udev/rules.d/60-hpmq.rules');
  if (!rules.text.includes('Unknown command verb')) {
    assert.equal(rules.code, 0, rules.text);
    ok('udev rules', rules.text.split('\n').at(-1));
  }

  must(box, "echo '# ours' >> /etc/hpmq/hpmq.yaml");
  const before = property(box, 'MainPID');
  install(box, NEXT);
  await eventually('restarted', () => isUp(box, before));
  assert.match(must(box, 'tail -1 /etc/hpmq/hpmq.yaml'), /# ours/);
  kept();
  ok('an upgrade restarts it; configuration and data stay');

  must(box, 'dpkg -r hpmq');
  assert.equal(box.sh('systemctl is-active hpmq').code === 0, false);
  assert.equal(box.sh('test -e /usr/bin/hpmq').code, 1);
  must(box, 'test -s /var/lib/hpmq/store.sqlite && test -s /etc/hpmq/hpmq.yaml');
  install(box, version);
  await eventually('the service runs', () => isUp(box));
  kept();
  ok('a removed package keeps configuration and data; the next one goes on with them');

  must(box, 'dpkg --purge hpmq');
  assertNothingLeft(box);
  ok('a purged package leaves nothing');
}

/** Watchdog, crash, wrong configuration. */
async function checkLife(box: Box, kept: () => void): Promise<void> {
  must(
    box,
    "mkdir -p /etc/systemd/system/hpmq.service.d && printf '[Service]\\nWatchdogSec=3s\\nRestartSec=1s\\n' > /etc/systemd/system/hpmq.service.d/test.conf",
  );
  must(box, 'systemctl daemon-reload && systemctl restart hpmq');
  const fed = property(box, 'WatchdogTimestampMonotonic');
  await eventually('the watchdog is fed', () => property(box, 'WatchdogTimestampMonotonic') !== fed);
  ok('the watchdog is fed');

  const stopped = property(box, 'MainPID');
  must(box, `kill -STOP ${stopped}`);
  await eventually('the watchdog ends it', () => isUp(box, stopped));
  assert.match(must(box, 'journalctl -u hpmq --no-pager'), /Watchdog timeout/);
  kept();
  ok('a gateway that stands still is started anew by the watchdog');

  const killed = property(box, 'MainPID');
  must(box, `kill -KILL ${killed}`);
  await eventually('it is restarted', () => isUp(box, killed));
  kept();
  ok('kill -9: restarted, what was acknowledged is there');

  must(box, "cp /etc/hpmq/hpmq.yaml /root/saved.yaml && echo 'nonsense: 1' >> /etc/hpmq/hpmq.yaml");
  assert.notEqual(box.sh('systemctl restart hpmq').code, 0);
  assert.equal(property(box, 'ExecMainStatus'), '78');
  assert.equal(property(box, 'ActiveState'), 'failed', 'and it is not tried again');
  assert.match(must(box, 'journalctl -u hpmq --no-pager | tail -20'), /unknown key|nonsense/);
  must(
    box,
    'cat /root/saved.yaml > /etc/hpmq/hpmq.yaml; rm -r /etc/systemd/system/hpmq.service.d; systemctl daemon-reload; systemctl restart hpmq',
  );
  ok('a wrong configuration stays down with exit code 78 and the place in the journal');

  must(box, 'systemctl stop hpmq');
  assert.equal(property(box, 'Result'), 'success');
  must(box, 'systemctl start hpmq');
  ok('stop and start');
}

async function checkServiceCommand(box: Box): Promise<void> {
  const dry = must(box, '/packages/hpmq service install --dry-run');
  assertNothingLeft(box);
  const steps = must(box, '/packages/hpmq service install');
  assert.equal(dry.replace(/^would /gm, ''), steps, 'the dry run said what was done');
  assert.ok(isUp(box));
  assert.match(must(box, 'hpmq service status'), /state +active/);
  must(box, 'mosquitto_pub -h 127.0.0.1 -q 1 -r -t kept -m value');
  assert.match(must(box, '/packages/hpmq service install'), /nothing to do/);
  assert.match(
    box.sh('setpriv --reuid=stranger --clear-groups /packages/hpmq service uninstall').text,
    /SERVICE_NOT_ROOT/,
  );
  ok(
    'service install: runs, a second time there is nothing to do, and only root may',
    `${steps.split('\n').length} steps`,
  );
  must(box, 'hpmq service uninstall');
  assert.notEqual(box.sh('hpmq --version').code, 0);
  must(box, 'test -s /var/lib/hpmq/store.sqlite && /packages/hpmq service install');
  assert.equal(must(box, 'mosquitto_sub -h 127.0.0.1 -t kept -C 1 -W 5'), 'value');
  ok('service uninstall keeps configuration and data');
  must(box, 'hpmq service uninstall --purge --yes');
  assertNothingLeft(box);
  ok('service uninstall --purge leaves nothing');
}

function assertNothingLeft(box: Box): void {
  const skip = ['/packages', '/proc', '/sys', '/var/log'].map((path) => `-path ${path} -prune -o`).join(' ');
  assert.equal(must(box, `find / ${skip} -iname '*hpmq*' -print`), '');
  assert.equal(must(box, 'grep hpmq /etc/passwd /etc/group || true'), '');
}

const folder = mkdtempSync(join(tmpdir(), 'hpmq-packages-'));
try {
  makePackages();
  await using box = await startBox(values.suite, { [folder]: '/packages' });
  ok(
    'the box runs',
    box.sh('. /etc/os-release; echo $PRETTY_NAME; systemctl --version | head -1').text.replace('\n', ', '),
  );
  await checkPackage(box);
  await checkServiceCommand(box);
  console.log(`${checks} passed, 0 failed`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
