/** Options of the commands that speak to registries. */

export interface LoginOptions {
  readonly username?: string;
  readonly passwordFile?: string;
}

export interface ImageOptions {
  readonly file?: string;
  readonly compat?: boolean;
  readonly trigger?: readonly string[];
  readonly annotation?: readonly string[];
}

export interface BuildOptions extends ImageOptions {
  readonly output: string;
  readonly tag: string;
}

export interface KeyOptions {
  readonly passphraseFile?: string;
}

export interface KeygenOptions extends KeyOptions {
  readonly output: string;
  /** false: --no-passphrase. */
  readonly passphrase: boolean;
}

export interface PullOptions extends LoginOptions {
  readonly output?: string;
  readonly deploy?: boolean;
}
