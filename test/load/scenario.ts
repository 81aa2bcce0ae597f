/** What a scenario is given and what it says. */
export interface ScenarioOptions {
  /** Tens of clients, and no judgement on time. */
  readonly short: boolean;
  /** `dist/bin/hpmq.js` of another build; undefined: this one. */
  readonly entry: string | undefined;
  /** Of a scenario with several forms, only those whose name has this in it. */
  readonly only: string;
}

export interface Verdict {
  readonly scenario: string;
  /** Empty: it holds. */
  readonly failures: readonly string[];
  readonly figures: Readonly<Record<string, string | number>>;
}

export type Scenario = (options: ScenarioOptions) => AsyncIterable<Verdict>;

/** One line: `slow-readers qos0: ok  readers 1000, …`. */
export function shownVerdict({ scenario, failures, figures }: Verdict): string {
  const facts = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  const head = `${scenario}: ${failures.length === 0 ? 'ok' : 'FAILED'}  ${facts.join(', ')}`;
  return failures.length === 0 ? head : `${head}\n  ${failures.join('\n  ')}`;
}

export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;

/** `broker.limits` of a run, as YAML. */
export function brokerYaml(limits: Readonly<Record<string, number | string>>): string {
  const lines = Object.entries(limits).map(([name, value]) => `    ${name}: ${value}`);
  return [
    'gateway: { id: load }',
    'broker:',
    '  listeners: [{ type: tcp, port: 0 }]',
    ...(lines.length === 0 ? [] : ['  limits:', ...lines]),
    'log: { level: info }',
    '',
  ].join('\n');
}
