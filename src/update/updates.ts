/**
 * Updates in the gateway: watches a version on trial, and does for MQTT clients what `hpmq update` does for people.
 *
 *   evidence (gateway, store, links) ─▶ nothing missing for a while ─▶ confirmed
 *                                       time over ─▶ given up, the version before takes the process over
 */
import type { Clock, Timer } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import { toGatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { UpdateProgress, UpdateView } from '../core/update-views.js';
import type { BoxUpdater } from './box-updater.js';
import { updateError } from './errors.js';
import { type Evidence, factsOf, missingOf } from './proof.js';
import { TRIAL_WINDOW } from './state.js';
import type { Installed, Updater } from './updater.js';

const LOOK_INTERVAL = 1_000;
/** Nothing may be missing for so long, or a tenth of the window if that is less, ms. */
const STEADY = 10_000;

export interface UpdatesOptions {
  /** Loaded when it is first needed; undefined: this program is not updated by itself. */
  readonly updater: () => Promise<Updater | undefined>;
  /** This process was chosen by the installed program: it ends its own trial. */
  readonly isChosen: boolean;
  /** Data folder of this gateway: another one that runs the same version does not decide on it. */
  readonly data: string;
  readonly version: string;
  readonly evidence: () => Evidence;
  /** The gateway ends, and what is current starts in its place. */
  readonly restart: (reason: string) => void;
  readonly log: Log;
  readonly clock: Clock;
}

export class Updates implements Disposable {
  readonly #options: UpdatesOptions;
  readonly #startedAt: number;
  readonly #end = new AbortController();
  #timer: Timer | undefined;
  #steadySince: number | undefined;
  #installing: UpdateProgress | null = null;
  #isClaimed = false;

  constructor(options: UpdatesOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
  }

  /** Begins to watch the trial, if there is one. */
  start(): void {
    if (this.#options.isChosen) void this.#look();
  }

  async view(): Promise<UpdateView> {
    const { version, evidence, clock } = this.#options;
    const updater = await this.#options.updater();
    if (updater === undefined) {
      return {
        ...{ form: 'none', slot: 'installed', version, state: 'confirmed', previous: null, pending: null },
        ...{ trial: null, last: null, missing: [], leftMs: null, installing: null },
      };
    }
    const status = await updater.status();
    const facts = status.trial ?? { links: [] };
    const passed = clock.monotonic() - this.#startedAt;
    return {
      ...status,
      missing: missingOf(facts, evidence()),
      leftMs: status.state === 'trial' && status.trial !== null ? Math.max(0, status.trial.windowMs - passed) : null,
      installing: this.#installing,
    };
  }

  /** @throws GatewayError UPDATE_… */
  async install(
    source: string,
    allowDowngrade: boolean,
    onProgress: (progress: UpdateProgress) => void,
  ): Promise<Installed> {
    if (this.#installing !== null) throw updateError('UPDATE_BUSY', 'another update is being installed on this box');
    this.#installing = { phase: 'checking', percent: null };
    try {
      const updater = await this.#theUpdater();
      return await updater.install({
        source,
        allowDowngrade,
        facts: factsOf(this.#options.evidence().links),
        windowMs: TRIAL_WINDOW,
        signal: this.#end.signal,
        onProgress: (progress) => {
          this.#installing = progress;
          onProgress(progress);
        },
      });
    } finally {
      this.#installing = null;
    }
  }

  async markGood(): Promise<{ readonly version: string }> {
    return (await this.#theUpdater()).markGood();
  }

  async rollback(): Promise<Installed> {
    return (await this.#theUpdater()).rollback();
  }

  /** What was installed, or rolled back to, starts. */
  restart(reason: string): void {
    void this.#restart(reason);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#end.abort(updateError('UPDATE_FAILED', 'the gateway stopped while it installed an update'));
  }

  async #restart(reason: string): Promise<void> {
    const { log, restart } = this.#options;
    try {
      const updater = await this.#options.updater();
      if (updater?.requestReboot === undefined) restart(reason);
      else updater.requestReboot();
    } catch (error) {
      log.error({ err: error }, 'the machine could not be asked to restart');
    }
  }

  async #theUpdater(): Promise<Updater> {
    const updater = await this.#options.updater();
    if (updater === undefined) {
      throw updateError('UPDATE_NOT_SUPPORTED', 'this hpmq is not the executable: it runs from its sources');
    }
    return updater;
  }

  async #look(): Promise<void> {
    const { evidence, log, clock, restart } = this.#options;
    try {
      const updater = await this.#options.updater();
      if (updater?.form !== 'executable') return;
      const { state, trial, version } = await updater.status();
      // Confirmed, or given up, by somebody else.
      if (state !== 'trial' || trial === null) return;
      if (!this.#isClaimed && !(await (updater as BoxUpdater).claim(this.#options.data))) {
        log.warn({ version }, 'the version on trial is that of another gateway, which decides on it');
        return;
      }
      this.#isClaimed = true;
      const now = clock.monotonic();
      const missing = missingOf(trial, evidence());
      if (missing.length > 0) this.#steadySince = undefined;
      else this.#steadySince ??= now;
      if (this.#steadySince !== undefined && now - this.#steadySince >= Math.min(STEADY, trial.windowMs / 10)) {
        await updater.markGood();
        log.info({ version }, 'the new version proved itself: it stays');
        return;
      }
      if (now - this.#startedAt >= trial.windowMs) {
        const reason = missing.join('; ') || 'it was not steady';
        const next = await (updater as BoxUpdater).giveUp('failed', reason);
        log.error(
          { version, back: next.version, reason },
          'the new version did not prove itself in time: it is given up',
        );
        restart(`version ${version} is given up`);
        return;
      }
    } catch (error) {
      const failure: GatewayError = toGatewayError(error);
      log.error({ code: failure.code, reason: failure.message }, 'the trial of the new version cannot be watched');
    }
    if (!this.#end.signal.aborted) this.#timer = clock.after(LOOK_INTERVAL, () => void this.#look());
  }
}
