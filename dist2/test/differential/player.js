import { connect, PINGREQ } from "../support/mqtt-writer.js";
import { Link } from "./link.js";
import { SLOTS } from "./scenario.js";
const CONNECTS_AT_ONCE = 60;
const ROUNDS = 3;
const MOST_ANSWERS = 30;
const UNSEEN = { packets: [], isClosed: true, isBroken: false };
class Player {
  #port;
  #probe;
  constructor(port) {
    this.#port = port;
  }
  async play(scenarios) {
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
        await fence(probe, some.length + 1);
      }
      let packets = 1;
      for (const stage of stages) packets = Math.max(packets, stage.send(index));
      await fence(probe, packets + ROUNDS);
      for (let answers = 0; answers < MOST_ANSWERS; answers++) {
        let hasSent = false;
        for (const stage of stages) hasSent = stage.answer() || hasSent;
        if (!hasSent) break;
        await fence(probe, RECEIVE_BURST + ROUNDS);
      }
      for (const stage of stages) stage.note(index);
    }
    for (const stage of stages) stage.end();
    await fence(probe, ROUNDS);
    return stages.map((stage) => stage.views);
  }
  stop() {
    this.#probe?.cut();
    this.#probe = void 0;
  }
  async #start() {
    if (this.#probe !== void 0) return this.#probe;
    const probe = new Link(this.#port, 5, false);
    await probe.ready;
    await probe.roundTrip(connect({ version: 5, clientId: "probe" }));
    this.#probe = probe;
    return probe;
  }
}
const RECEIVE_BURST = 4;
async function fence(probe, rounds) {
  for (let round = 0; round < rounds; round++) await probe.roundTrip(PINGREQ);
}
class Stage {
  views = [];
  #port;
  #scenario;
  #links = new Array(SLOTS).fill(void 0);
  constructor(port, scenario) {
    this.#port = port;
    this.#scenario = scenario;
  }
  #step(index) {
    return this.#scenario.steps[index];
  }
  /** @returns whether a connection was cut */
  cut(index) {
    const step = this.#step(index);
    if (step === void 0 || step.does !== "cut" && step.does !== "open") return false;
    const link = this.#links[step.slot];
    if (link === void 0 || link.isClosed) return false;
    link.cut();
    return true;
  }
  opens(index) {
    return this.#step(index)?.does === "open";
  }
  async open(index) {
    const step = this.#step(index);
    if (step?.does !== "open") return;
    const link = new Link(this.#port, versionOf(step.bytes), this.#scenario.isAutomatic[step.slot]);
    this.#links[step.slot] = link;
    await link.ready;
  }
  /** @returns how many packets were sent, about */
  send(index) {
    const step = this.#step(index);
    if (step === void 0) return 0;
    const link = this.#links[step.slot];
    if (link === void 0 || link.isClosed) return 0;
    if (step.does === "reply") link.reply(step.reply, step.which, step.code);
    else if (step.does !== "cut") {
      link.send(step.bytes);
      return step.bytes.length > 200 ? 5 : Math.min(8, step.bytes.length >> 1);
    }
    return 1;
  }
  answer() {
    let hasSent = false;
    for (const link of this.#links) if (link !== void 0) hasSent = link.answer() || hasSent;
    return hasSent;
  }
  note(index) {
    if (this.#step(index) === void 0) return;
    this.views.push(
      this.#links.map(
        (link) => link === void 0 ? UNSEEN : { packets: link.take(), isClosed: link.isClosed, isBroken: link.isBroken }
      )
    );
  }
  end() {
    for (const link of this.#links) link?.cut();
  }
}
function versionOf(bytes) {
  const length = bytes.length > 4 ? bytes.readUInt16BE(2) : 0;
  const level = (bytes[4 + length] ?? 4) & 127;
  return level >= 5 ? 5 : level === 3 ? 3 : 4;
}
export {
  Player
};
//# sourceMappingURL=player.js.map
