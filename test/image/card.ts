/** A card with the image on it, and the files that a person puts onto its boot partition. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** genimage.cfg: the boot partition begins at 1 MiB. */
const BOOT_OFFSET = 1024 * 1024;

export class Card implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'hpmq-card-'));
  readonly image = join(this.folder, 'card.img');
  /** Private key of somebody whose public key may be put onto the card. */
  readonly key = join(this.folder, 'id');
  readonly #fat = `${this.image}@@${BOOT_OFFSET}`;

  /** @param bytes - size of the card; the data partition grows into what the image leaves */
  constructor(image: string, bytes: number) {
    execFileSync('cp', ['--sparse=always', image, this.image]);
    truncateSync(this.image, bytes);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', this.key]);
  }

  put(name: string, content: string | Buffer): void {
    const file = join(this.folder, 'file');
    writeFileSync(file, content);
    execFileSync('mcopy', ['-o', '-i', this.#fat, file, `::${name}`]);
  }

  read(name: string): string {
    return execFileSync('mtype', ['-i', this.#fat, `::${name}`], { encoding: 'latin1' });
  }

  /** Names in the root of the boot partition. */
  names(): readonly string[] {
    return execFileSync('mdir', ['-b', '-i', this.#fat, '::'], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.replace(/^::\//, ''))
      .filter((line) => line !== '');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
