/**
 * Plays scenarios to one broker, many side by side, step by step. After each step a probe's round trips tell that the
 * broker has dealt with everything: it reads sockets in the order in which they became readable, so no time is waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, PINGREQ, type Version } from '../support/mqtt-writer.js';
import type { ServerPacket } from '../support/server-packets.js';
import { Link } from './link.js';
import { type Scenario, SLOTS, type Step } from './scenario.js';

export interface SlotView {
  readonly packets: readonly ServerPacket[];
  readonly isClosed: boolean;
  readonly isBroken: boolean;
}

/** What each slot saw during one step. */
export type StepView = readonly SlotView[];

/** mosquitto listens with a backlog of 100. */
const CONNECTS_AT_ONCE = 60;
/** One to be accepted, one to be read, one for what is written later than it is read. */
const ROUNDS = 3;
/** An exchange of QoS 2 takes four turns; beyond this two ends talk in circles. */
const MOST_ANSWERS = 30;

/** A millisecond each, for a connection to close after the last packet of the broker. */
const MOST_LOOKS = 500;

const UNSEEN: SlotView = { packets: [], isClosed: true, isBroken: false };

export class Player {
  readonly #port: number;
  #probe: Link | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** @param patience - ms of real time for each step beyond the probe's word, where a busy machine must not decide */
  async play(scenarios: readonly Scenario[], patience = 0): Promise<StepView[][]> {
    const probe = await this.#start();
    const stages = scenarios.map((scenario) => new Stage(this.#port, scenario));
    const steps = Math.max(...scenarios.map((scenario) => scenario.steps.length));
    for (let index = 0; index < steps; index++) {
      let isCut = false;
      for (const stage of stages) isCut = stage.cut(index) || isCut;
      if (isCut) await fence(probe, ROUNDS);
      const opening = stages.filter((stage) => stage.opens(index));
      for (let at = 0; at < opening.length; at += CONNECTS_AT_ONCE) {
        const some = opening.slice(at, at + CONNECTS_AT_ONCE);
        await Promise.all(some.map((stage) => stage.open(index)));
        // Node accepts one connection in each turn.
        await fence(probe, some.length + 1);
      }
      let packets = 1;
      for (const stage of stages) packets = Math.max(packets, stage.send(index));
      await fence(probe, packets + ROUNDS);
      for (let answers = 0; answers < MOST_ANSWERS; answers++) {
        let hasSent = false;
        for (const stage of stages) hasSent = stage.answer() || hasSent;
        if (!hasSent && (patience === 0 || answers > 0)) break;
        if (patience > 0) await sleep(patience);
        // Acknowledgements come in bursts, and mosquitto reads one packet of a client in each turn.
        await fence(probe, RECEIVE_BURST + ROUNDS);
      }
      // A busy kernel may bring the end of a connection later than an answer over another one.
      for (let looks = 0; looks < MOST_LOOKS && stages.some((stage) => stage.isAboutToClose); looks++) {
        await sleep(1);
        await fence(probe, ROUNDS);
      }
      for (const stage of stages) stage.note(index);
    }
    for (const stage of stages) stage.end();
    await fence(probe, ROUNDS);
    return stages.map((stage) => stage.views);
  }

  stop(): void {
    this.#probe?.cut();
    this.#probe = undefined;
  }

  async #start(): Promise<Link> {
    if (this.#probe !== undefined) return this.#probe;
    const probe = new Link(this.#port, 5, false);
    await probe.ready;
    await probe.roundTrip(connect({ version: 5, clientId: 'probe' }));
    this.#probe = probe;
    return probe;
  }
}

const RECEIVE_BURST = 4;

async function fence(probe: Link, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) await probe.roundTrip(PINGREQ);
}

/** One scenario as it goes. */
class Stage {
  readonly views: StepView[] = [];
  readonly #port: number;
  readonly #scenario: Scenario;
  readonly #links = new Array<Link | undefined>(SLOTS).fill(undefined);

  constructor(port: number, scenario: Scenario) {
    this.#port = port;
    this.#scenario = scenario;
  }

  #step(index: number): Step | undefined {
    return this.#scenario.steps[index];
  }

  /** @returns whether a connection was cut */
  cut(index: number): boolean {
    const step = this.#step(index);
    if (step === undefined || (step.does !== 'cut' && step.does !== 'open')) return false;
    const link = this.#links[step.slot];
    if (link === undefined || link.isClosed) return false;
    link.cut();
    return true;
  }

  opens(index: number): boolean {
    return this.#step(index)?.does === 'open';
  }

  async open(index: number): Promise<void> {
    const step = this.#step(index);
    if (step?.does !== 'open') return;
    const link = new Link(this.#port, versionOf(step.bytes), this.#scenario.isAutomatic[step.slot]!);
    this.#links[step.slot] = link;
    await link.ready;
  }

  /** @returns how many packets were sent, about */
  send(index: number): number {
    const step = this.#step(index);
    if (step === undefined) return 0;
    const link = this.#links[step.slot];
    if (link === undefined || link.isClosed) return 0;
    if (step.does === 'reply') link.reply(step.reply, step.which, step.code);
    else if (step.does !== 'cut') {
      link.send(step.bytes);
      // Each takes two bytes at least; long ones are single.
      return step.bytes.length > 200 ? 5 : Math.min(8, step.bytes.length >> 1);
    }
    return 1;
  }

  answer(): boolean {
    let hasSent = false;
    for (const link of this.#links) if (link !== undefined) hasSent = link.answer() || hasSent;
    return hasSent;
  }

  get isAboutToClose(): boolean {
    return this.#links.some((link) => link?.isLeft === true && !link.isClosed);
  }

  note(index: number): void {
    if (this.#step(index) === undefined) return;
    this.views.push(
      this.#links.map((link) =>
        link === undefined ? UNSEEN : { packets: link.take(), isClosed: link.isClosed, isBroken: link.isBroken },
      ),
    );
  }

  end(): void {
    for (const link of this.#links) link?.cut();
  }
}

/** As the CONNECT says, if it can be read at all. */
function versionOf(bytes: Buffer): Version {
  const length = bytes.length > 4 ? bytes.readUInt16BE(2) : 0;
  const level = (bytes[4 + length] ?? 4) & 0x7f;
  return level >= 5 ? 5 : level === 3 ? 3 : 4;
}
