/** Looks at every value that the gateway publishes. See test/peers/modbus-bus.py for what a true one is. */

/** Clocks of two processes on one machine, and a machine that is busy, ms. */
const SLACK_MS = 150;
const MAX_EXAMPLES = 10;

interface Published {
  readonly v: bigint | null;
  readonly q: string;
  readonly t: number;
}

export class Witness {
  values = 0;
  wrong = 0;
  readonly examples: string[] = [];
  readonly #timeoutMs: number;
  /** Sample times by unit and range: the values of one exchange have the same. */
  readonly #lastRead = new Map<string, number>();
  readonly #reads = new Map<number, number>();

  /** @param timeoutMs - an answer that is older was not meant for the request it was taken for */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get reads(): number {
    return [...this.#reads.values()].reduce((sum, reads) => sum + reads, 0);
  }

  readsOf(unit: number): number {
    return this.#reads.get(unit) ?? 0;
  }

  see(topic: string, payload: string): void {
    const [, unitText, addressText] = /\/u(\d+)\/p(\d+)$/.exec(topic) ?? [];
    if (unitText === undefined) return;
    const [unit, address] = [Number(unitText), Number(addressText)];
    const { v, q, t } = parse(payload);
    if (q !== 'good' || v === null) return;
    this.values++;
    const fault = this.#fault(unit, address >> 2, v, t);
    if (fault !== undefined) {
      this.wrong++;
      if (this.examples.length < MAX_EXAMPLES) this.examples.push(`${topic} ${payload}: ${fault}`);
    }
    const range = `${unit} ${Math.floor(address / 100)}`;
    if (this.#lastRead.get(range) === t) return;
    this.#lastRead.set(range, t);
    this.#reads.set(unit, this.readsOf(unit) + 1);
  }

  #fault(unit: number, block: number, value: bigint, at: number): string | undefined {
    const ms = Number((value >> 16n) & 0xffff_ffffn);
    const whose = Number(value >> 48n);
    if (whose !== (unit << 8) + (block & 0xff)) return `it is of unit ${whose >> 8}, block ${whose & 0xff}`;
    const check = (unit * 40503 + block * 9973 + ms * 31 + (ms >>> 16) * 17) % 0x1_0000;
    if (Number(value & 0xffffn) !== check) return `its check is not ${check}`;
    const age = ((at % 2 ** 32) - ms + 2 ** 32) % 2 ** 32;
    const isOld = age > this.#timeoutMs + SLACK_MS && age < 2 ** 32 - SLACK_MS;
    return isOld ? `it was asked for ${age} ms before it was taken for an answer` : undefined;
  }
}

/** 64-bit integers digit by digit. */
function parse(payload: string): Published {
  const [, digits] = /"v":(\d+|null)/.exec(payload) ?? [];
  const rest = JSON.parse(payload) as { q: string; t: number };
  return { v: digits === undefined || digits === 'null' ? null : BigInt(digits), q: rest.q, t: rest.t };
}
