/** `hpmq function dev`: what the author saves runs in the gateway, when it can be built and its cases pass. */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import type { FunctionView } from '../../api/contract.js';
import { systemClock } from '../../core/clock.js';
import { errorView, toGatewayError } from '../../core/errors.js';
import { EXIT } from '../../core/exit.js';
import { FileWatch } from '../../core/file-watch.js';
import { MAX_MODULE_BYTES } from '../../core/function.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { count, timeText, visible } from '../text.js';

/** Between two looks at the files, ms: an editor writes in several steps, and what it wrote is to stand still once. */
const LOOK_EVERY = 200;

export function defineDev(command: HpmqCommand, cli: Cli, ask: (name: string) => Promise<FunctionView>): void {
  command
    .verb('dev [path]')
    .description('Builds, tests and deploys a function whenever its files change, and shows what it says; Ctrl-C ends')
    .requiredOption('--name <function>', 'of the configuration of the running gateway')
    .withExamples(
      ['function dev --name mask', 'the function of this folder; what fails leaves the version that runs'],
      ['function dev mask.ts --name mask', 'one file; its cases are in mask.test.yaml'],
    )
    .action(
      cli.action(async (path: string | undefined, { name }: { name: string }) => {
        const view = await ask(name);
        return new Dev(cli, resolve(path ?? '.'), view, ask).run();
      }),
    );
}

class Dev {
  readonly #cli: Cli;
  readonly #path: string;
  readonly #name: string;
  readonly #ask: (name: string) => Promise<FunctionView>;
  #view: FunctionView;
  #files: readonly string[] = [];
  #watch: FileWatch | undefined;
  #isStale = true;
  #wake: () => void = () => {};

  constructor(cli: Cli, path: string, view: FunctionView, ask: (name: string) => Promise<FunctionView>) {
    this.#cli = cli;
    this.#path = path;
    this.#name = view.name;
    this.#view = view;
    this.#ask = ask;
  }

  async run(): Promise<number> {
    const { openProject } = await import('../function-project.js');
    openProject(this.#path);
    const { stopSignal } = this.#cli;
    stopSignal.addEventListener('abort', () => this.#wake());
    const said = this.#say();
    try {
      while (!stopSignal.aborted) {
        if (this.#isStale) await this.#turn();
        else await new Promise<void>((wake) => this.#await(wake));
      }
    } finally {
      this.#watch?.[Symbol.dispose]();
    }
    await said;
    this.#view = await this.#ask(this.#name).catch(() => this.#view);
    const version = runs(this.#view);
    if (this.#cli.output.isJson) this.#cli.output.jsonLine({ event: 'end', version: version?.digest ?? null });
    else this.#cli.output.line(`${this.#name}: ${text(version)} runs`);
    return EXIT.OK;
  }

  #await(wake: () => void): void {
    this.#wake = wake;
    if (this.#isStale || this.#cli.stopSignal.aborted) wake();
  }

  /** Never rejects: the author mends it, and saves again. */
  async #turn(): Promise<void> {
    this.#isStale = false;
    await this.#look();
    try {
      await this.#build();
    } catch (thrown) {
      const error = toGatewayError(thrown);
      const { output } = this.#cli;
      if (output.isJson) output.jsonLine({ event: 'refused', error: errorView(error) });
      else {
        this.#tell(`${error.message} (${error.code})`);
        output.line(`  hint  ${error.hint}`);
      }
      this.#keeps();
    }
  }

  /** Before the files are read: no change is missed. */
  async #look(): Promise<void> {
    const { sourcesOf } = await import('../function-project.js');
    const list = () => {
      try {
        return sourcesOf(this.#path);
      } catch {
        return [];
      }
    };
    const changed = () => {
      this.#isStale = true;
      this.#wake();
    };
    this.#watch?.[Symbol.dispose]();
    this.#files = list();
    const looked = () => {
      if (list().join('\n') !== this.#files.join('\n')) changed();
    };
    this.#watch = new FileWatch(this.#files, systemClock, changed, looked, LOOK_EVERY);
    this.#watch.start();
  }

  async #build(): Promise<void> {
    const [{ moduleOf, openProject }, { openModule, playCases, resultLines }] = await Promise.all([
      import('../function-project.js'),
      import('../function-cases.js'),
    ]);
    const { file, cases } = openProject(this.#path);
    const { output } = this.#cli;
    const bytes = await moduleOf(file);
    if (bytes.length > MAX_MODULE_BYTES) {
      throw cliError('CLI_BAD_MODULE', `${file} has ${bytes.length} bytes, more than ${MAX_MODULE_BYTES}`);
    }
    if (cases.length === 0) await openModule(bytes);
    const results = await playCases(bytes, cases);
    const failed = results.filter(({ ok }) => !ok).length;
    if (output.isJson) output.jsonLine({ event: 'tested', cases: results, failed });
    else {
      for (const result of results) for (const line of resultLines(result)) output.line(line);
      this.#tell(`${basename(file)} is built; ${count(results.length, 'case')}, ${failed} failed`);
    }
    if (failed > 0) return this.#keeps();
    if (this.#cli.stopSignal.aborted) return;
    await this.#deploy(bytes, basename(file));
  }

  async #deploy(bytes: Buffer, source: string): Promise<void> {
    const { output } = this.#cli;
    this.#view = await this.#ask(this.#name);
    const isNew = runs(this.#view)?.digest !== `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (isNew) {
      const body = { module: bytes.toString('base64'), source };
      const params = { function: this.#name };
      this.#view = await this.#cli.request('POST /v1/functions/{function}/deploy', { params, body });
    }
    const version = runs(this.#view);
    if (output.isJson) output.jsonLine({ event: isNew ? 'deployed' : 'same', version: version?.digest ?? null });
    else this.#tell(`${this.#name}: ${text(version)} ${isNew ? 'runs now' : 'runs already'}`);
  }

  #keeps(): void {
    const version = runs(this.#view);
    if (!this.#cli.output.isJson) this.#tell(`${this.#name}: ${text(version)} goes on`);
    else this.#cli.output.jsonLine({ event: 'kept', version: version?.digest ?? null });
  }

  #tell(what: string): void {
    this.#cli.output.line(`${timeText(Date.now())} ${visible(what)}`);
  }

  async #say(): Promise<void> {
    const { followLog, lineText } = await import('../function-logs.js');
    const { output } = this.#cli;
    const query = { limit: '1' };
    const params = { function: this.#name };
    const { items } = await this.#cli.request('GET /v1/functions/{function}/logs', { params, query });
    for await (const line of followLog(this.#cli, this.#name, items.at(-1)?.sequence ?? 0, true)) {
      if (output.isJson) output.jsonLine({ event: 'log', ...line });
      else output.line(lineText(line));
    }
  }
}

const runs = ({ versions }: FunctionView) => versions.find(({ current }) => current);

const text = (version: FunctionView['versions'][number] | undefined): string =>
  version === undefined ? 'no version' : `${version.digest.slice(0, 19)} (${version.source})`;
