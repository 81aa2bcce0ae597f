/** `hpmq provision` on disks that fail, and killed at each of its steps: strace stands between it and the kernel. */
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { tempFolder } from '../support/gateway.js';
import { needs } from '../support/peers.js';
import { CONFIG, type Machine, machine, SETTINGS, USERS } from '../support/provision-machine.js';

const wholeFile = t;
let provisioned: string | undefined;

/** A machine that was provisioned, at its next start: nothing is in /run, and something new on the card. */
async function nextStart(t: Test): Promise<Machine> {
  const box = machine(t);
  if (provisioned === undefined) {
    box.put('hpmq.yaml', CONFIG);
    box.put('hpmq/users.yaml', USERS);
    box.put('provision.yaml', SETTINGS);
    t.equal((await box.provision()).code, 0);
    provisioned = tempFolder(wholeFile);
    for (const folder of ['etc', 'data'])
      cpSync(join(box.root, folder), join(provisioned, folder), { recursive: true });
    box.forgetRun();
  } else cpSync(provisioned, box.root, { recursive: true });
  box.put('config.txt', 'of the firmware');
  box.put('hpmq.yaml', CONFIG.replace('plant-7', 'plant-8'));
  box.put('hpmq/users.yaml', USERS.replace('anna', 'berta'));
  box.put('provision.yaml', SETTINGS.replace('plant-7', 'plant-8').replace('to-ken-1', 'to-ken-2'));
  return box;
}

const network = (box: Machine) => [
  box.read('run/hpmq-system/hostname'),
  /country=DE/.test(box.read('run/hpmq-system/wifi.conf')),
];

t.test(
  'a folder of the card that cannot be read: network and the rest of the card are there',
  needs('strace'),
  async (t) => {
    const box = await nextStart(t);
    const { code, stdout } = await box.faulty('getdents64:error=EIO', 'boot/firmware/hpmq');
    t.equal(code, 1, stdout);
    t.match(stdout, /hpmq: cannot be read: .*EIO/);
    t.strictSame(network(box), ['plant-8\n', true]);
    t.ok(existsSync(join(box.boot, 'hpmq/users.yaml')), 'what could not be read stays');
    t.match(box.read('boot/firmware/provision.log'), /hpmq: cannot be read/);
  },
);

t.test('a file that cannot be read, a card that cannot be read at all', needs('strace'), async (t) => {
  for (const [inject, at] of [
    ['read:error=EIO', ['boot/firmware/provision.yaml']],
    [
      'lstat,stat,statx,newfstatat,read,openat:error=EIO',
      ['boot/firmware', 'boot/firmware/provision.yaml', 'boot/firmware/hpmq', 'boot/firmware/hpmq.yaml'],
    ],
  ] as const) {
    const box = await nextStart(t);
    const { code, stdout } = await box.faulty(inject, ...at);
    t.equal(code, 1, stdout);
    t.strictSame(network(box), ['plant-7\n', true], 'what was provisioned before');
    t.ok(existsSync(join(box.boot, 'provision.yaml')));
    t.equal((await box.provision()).code, 0, 'and when it can be read, it is taken in');
    t.strictSame(network(box), ['plant-8\n', true]);
  }
});

t.test(
  'a data partition that is full: nothing of it changes, the card keeps its files, the network is there',
  needs('strace'),
  async (t) => {
    for (const at of [
      'etc/hpmq/.users.yaml.hpmq-new',
      'etc/hpmq/.hpmq.yaml.hpmq-new',
      'data/system/.provision.json.hpmq-new',
    ]) {
      const box = await nextStart(t);
      const before = box.read('data/system/provision.json');
      const { code, stdout } = await box.faulty('write:error=ENOSPC', at);
      t.equal(code, 1, stdout);
      t.match(stdout, /cannot be written: .*ENOSPC/);
      t.notMatch(stdout, /taken in:/);
      t.strictSame(network(box), ['plant-8\n', true], 'applied for this time');
      t.equal(box.read('data/system/provision.json'), before);
      if (at.startsWith('etc')) {
        t.equal(box.read('etc/hpmq/hpmq.yaml'), CONFIG);
        t.equal(box.read('etc/hpmq/users.yaml'), USERS, 'all of the configuration or none');
        t.equal(box.read('etc/hpmq/secrets/join-token'), 'to-ken-1');
      }
      t.strictSame(readdirSync(box.boot).sort(), [
        'config.txt',
        'hpmq',
        'hpmq.yaml',
        'provision.log',
        'provision.yaml',
      ]);
      t.strictSame(leftOvers(box), []);
      t.equal((await box.provision()).code, 0);
      isWhole(t, box, at);
    }
  },
);

t.test('a system file that cannot be written does not keep the others from it', needs('strace'), async (t) => {
  const box = await nextStart(t);
  const { code, stdout } = await box.faulty('write:error=ENOSPC', 'run/hpmq-system/.hostname.hpmq-new');
  t.equal(code, 1, stdout);
  t.match(stdout, /run\/hpmq-system\/hostname: cannot be written/);
  t.match(box.read('run/hpmq-system/wifi.conf'), /country=DE/);
  t.equal(box.read('etc/hpmq/secrets/join-token'), 'to-ken-2');
});

t.test(
  'a card that cannot be written: told at each start, and later changes on the machine hold',
  needs('strace'),
  async (t) => {
    const box = await nextStart(t);
    const card = ['boot/firmware/hpmq.yaml', 'boot/firmware/hpmq/users.yaml', 'boot/firmware/provision.yaml'];
    const first = await box.faulty('rename,renameat,renameat2:error=EROFS', ...card);
    t.equal(first.code, 1);
    t.match(first.stdout, /provision\.yaml: was taken in, but cannot be removed here: .*EROFS/);
    box.change('etc/hpmq/users.yaml', USERS);
    const second = await box.faulty('rename,renameat,renameat2:error=EROFS', ...card);
    t.equal(second.code, 1);
    t.equal(box.read('etc/hpmq/users.yaml'), USERS);
    t.equal((await box.provision()).code, 0);
    t.equal(box.read('etc/hpmq/users.yaml'), USERS);
    t.strictSame(readdirSync(box.boot).sort(), ['config.txt', 'provision.log']);
  },
);

t.test('a file that cannot be overwritten is removed all the same, and told', needs('strace'), async (t) => {
  const box = await nextStart(t);
  const { code, stdout } = await box.faulty('pwrite64:error=EIO:when=1');
  t.equal(code, 1);
  t.match(stdout, /hpmq-taken: was taken in, but cannot be/);
  t.strictSame(readdirSync(box.boot).sort(), ['config.txt', 'provision.log']);
});

/** What a killed run changes on card and data partition; `run` is new at each start. */
const DISKS = [
  'boot/firmware/hpmq',
  ...['hpmq.yaml', 'hpmq/users.yaml', 'provision.yaml'].flatMap((name) => [
    `boot/firmware/${name}`,
    `boot/firmware/${name}.hpmq-taken`,
  ]),
  // As they are named before they are put in place: strace looks at the first name of rename(2) only.
  ...['.hpmq.yaml', '.hpmq.yaml.previous', '.users.yaml', 'secrets/.join-token'].map(
    (name) => `etc/hpmq/${name}.hpmq-new`,
  ),
  'data/system/.provision.json.hpmq-new',
];

for (const call of ['rename', 'pwrite64', 'unlink', 'rmdir']) {
  t.test(`killed at each ${call}, the next start completes it`, needs('strace'), async (t) => {
    let steps = 0;
    for (let isKilled = true; isKilled; steps++) {
      const box = await nextStart(t);
      ({ isKilled } = await box.faulty(`${call}:signal=SIGKILL:when=${steps + 1}`, ...DISKS));
      for (const name of filesOn(box)) {
        t.ok(
          name.endsWith('.hpmq-taken') || /\S/.test(readFileSync(join(box.boot, name), 'utf8').replaceAll('\0', '')),
          `${call} ${steps}: ${name} is whole, or never read`,
        );
      }
      const { code, stdout } = await box.provision();
      t.equal(code, 0, `${call} ${steps}: ${stdout}`);
      isWhole(t, box, `${call} ${steps}`);
    }
    t.ok(steps > (call === 'rename' ? 9 : 1), `${steps} steps`);
  });
}

function filesOn(box: Machine): readonly string[] {
  return readdirSync(box.boot, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(box.boot.length + 1));
}

function leftOvers(box: Machine): readonly string[] {
  return ['etc/hpmq', 'data/system', 'boot/firmware'].flatMap((folder) =>
    readdirSync(join(box.root, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /hpmq-(new|taken)$/.test(name),
    ),
  );
}

function isWhole(t: Test, box: Machine, when: string): void {
  t.strictSame(network(box), ['plant-8\n', true], when);
  t.match(box.read('etc/hpmq/hpmq.yaml'), /plant-8/, when);
  t.match(box.read('etc/hpmq/users.yaml'), /berta/, when);
  t.equal(box.read('etc/hpmq/secrets/join-token'), 'to-ken-2', when);
  t.equal(box.read('etc/hpmq/hpmq.yaml.previous'), CONFIG, `${when}: the one before`);
  t.strictSame(
    filesOn(box).filter((name) => !['config.txt', 'provision.log'].includes(name)),
    [],
    when,
  );
  t.strictSame(leftOvers(box), [], when);
  t.strictSame(JSON.parse(box.read('data/system/provision.json')).taken, {}, when);
}
