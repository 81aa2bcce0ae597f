/** `hpmq device plan`: how devices are read, what that takes, and whether it is possible. */
import type { PlanView } from '../../api/contract.js';
import { EXIT } from '../../core/exit.js';
import { durationText, fits, percentText, planProblems } from '../../core/plan-text.js';
import type { Cli } from '../cli.js';
import { cliError } from '../errors.js';
import { resolveDevice, unknown } from '../names.js';
import type { Column } from '../table.js';
import { count, visible } from '../text.js';

/** With a file: of that file, with the latencies of the running gateway where there is one. */
export async function showPlan(cli: Cli, device: string | undefined): Promise<number> {
  const file = cli.globals.config;
  const plans = file === undefined ? await runningPlans(cli, device) : await plansOfFile(cli, file, device);
  if (cli.output.isJson) cli.output.json({ items: plans });
  else if (plans.length === 0) cli.output.note('there are no devices on a wire');
  for (const plan of cli.output.isJson ? [] : plans) {
    for (const line of planLines(plan)) cli.output.line(line);
    if (device === undefined) continue;
    cli.output.line('');
    await cli.output.list(readColumns, plan.reads, 'nothing is read');
  }
  return plans.every(fits) ? EXIT.OK : EXIT.NO;
}

async function runningPlans(cli: Cli, device: string | undefined): Promise<readonly PlanView[]> {
  const names =
    device === undefined
      ? (await cli.request('GET /v1/devices')).items.map(({ name }) => name)
      : [(await resolveDevice(cli, device)).name];
  const plans: PlanView[] = [];
  for (const name of names)
    plans.push(await cli.request('GET /v1/devices/{device}/plan', { params: { device: name } }));
  return plans;
}

async function plansOfFile(cli: Cli, file: string, device: string | undefined): Promise<readonly PlanView[]> {
  const [{ loadConfig }, { loadAdapters }, { configuredPlans }] = await Promise.all([
    import('../../config/load.js'),
    import('../../builtin.js'),
    import('../../core/plan-views.js'),
  ]);
  const adapters = await loadAdapters();
  const { config } = loadConfig({ file, env: cli.env, cwd: process.cwd(), adapters });
  const measured = await latencies(cli);
  const plans = configuredPlans(config.ports, config.devices, adapters, (name) => measured.get(name));
  if (device === undefined) return plans;
  const found = plans.filter((plan) => plan.device === device);
  if (found.length > 0) return found;
  if (Object.hasOwn(config.devices, device)) {
    throw cliError('CLI_UNKNOWN_DEVICE', `the device "${device}" is on no wire: there is nothing to plan`);
  }
  throw await unknown(
    'CLI_UNKNOWN_DEVICE',
    `there is no device "${device}" in ${file}`,
    device,
    Object.keys(config.devices),
  );
}

/** What the running gateway has measured; nothing where none runs. */
async function latencies(cli: Cli): Promise<ReadonlyMap<string, number>> {
  try {
    const { items } = await cli.request('GET /v1/devices');
    return new Map(items.flatMap(({ name, latencyMs }) => (latencyMs === null ? [] : [[name, latencyMs] as const])));
  } catch {
    return new Map();
  }
}

function planLines(plan: PlanView): readonly string[] {
  const points = plan.groups.reduce((sum, group) => sum + group.points, 0);
  const latency = `${plan.isMeasured ? 'measured' : 'assumed'} latency ${durationText(plan.latencyMs)}`;
  const shared =
    plan.portLoad > plan.load + 1e-9
      ? `, all devices of it ${durationText(plan.portCycleMs)} and ${percentText(plan.portLoad)}`
      : '';
  return [
    `${visible(plan.device)}: ${count(plan.reads.length, 'request')} for ${count(points, 'point')}, ` +
      `${durationText(plan.cycleMs)} each round, ${percentText(plan.load)} of port ${visible(plan.port)}${shared} (${latency})`,
    ...(plan.absent.length === 0
      ? []
      : [
          `  the device does not have ${plan.absent.map(({ space, start, units }) => `${space}:${start}${units > 1 ? `+${units}` : ''}`).join(', ')}`,
        ]),
    ...planProblems(plan).map((problem) => `  ${problem}`),
  ];
}

const readColumns: readonly Column<PlanView['reads'][number]>[] = [
  { title: 'EVERY', value: ({ every }) => durationText(every), align: 'right' },
  { title: 'TABLE', value: ({ space }) => space },
  { title: 'START', value: ({ start }) => (start === null ? '—' : String(start)), align: 'right' },
  { title: 'LENGTH', value: ({ units }) => String(units), align: 'right' },
  { title: 'POINTS', value: ({ points }) => String(points), align: 'right' },
  { title: 'UNUSED', value: ({ idle }) => String(idle), align: 'right' },
  { title: 'TIME', value: ({ ms }) => durationText(ms), align: 'right' },
];
