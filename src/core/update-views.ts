/** Updates, as API, CLI and MQTT show them. */

/** What was true before an update, and must be true again. */
export interface UpdateFacts {
  /** Links that were up. */
  readonly links: readonly string[];
}

export interface UpdateOutcome {
  readonly version: string;
  readonly outcome: 'confirmed' | 'failed' | 'rolled-back';
  /** Why it failed. */
  readonly reason: string | null;
  /** Unix ms. */
  readonly at: number;
}

export interface UpdateStatus {
  /** none: this program is not updated by itself. */
  readonly form: 'image' | 'executable' | 'none';
  /** `A`, `B`; of the executable `installed` or the name of its version's folder. */
  readonly slot: string;
  readonly version: string;
  /** confirmed: it stays; trial: it must prove itself; pending: another one is installed, and starts with the next start. */
  readonly state: 'confirmed' | 'trial' | 'pending';
  /** What a rollback goes back to; null: nothing. */
  readonly previous: string | null;
  /** Version that waits for the next start; null: none. */
  readonly pending: string | null;
  /** startsLeft: null where the boot loader counts. */
  readonly trial: (UpdateFacts & { readonly startsLeft: number | null; readonly windowMs: number }) | null;
  readonly last: UpdateOutcome | null;
}

export interface UpdateProgress {
  readonly phase: string;
  /** 0 to 100; null: nobody knows. */
  readonly percent: number | null;
}

/** Of the gateway that runs: what it has not yet shown, and how long it may take. */
export interface UpdateView extends UpdateStatus {
  readonly missing: readonly string[];
  /** Of the trial, ms; null: no version is on trial. */
  readonly leftMs: number | null;
  /** An installation that the gateway does for somebody; null: none. */
  readonly installing: UpdateProgress | null;
}
