/** What can happen to a link: to the near broker, to the far one, and to the network between them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Choice } from '../../support/random.js';
import type { Relay } from '../../support/relay.js';
import type { Side } from './sides.js';

export const faultNames = [
  'near killed',
  'near frozen',
  'far killed',
  'far crashed',
  'far frozen',
  'reset',
  'torn',
  'refused',
  'held',
  'black hole',
  'black hole up',
  'black hole down',
] as const;
export type FaultName = (typeof faultNames)[number];

const WEIGHTS: Readonly<Record<FaultName, number>> = {
  'near killed': 5,
  'near frozen': 1,
  'far killed': 4,
  'far crashed': 4,
  'far frozen': 2,
  reset: 2,
  torn: 2,
  refused: 1,
  held: 1,
  'black hole': 1,
  'black hole up': 1,
  'black hole down': 2,
};

/** All but those that Mosquitto does not survive without breaking promises of its own. */
export const survivable = faultNames.filter((name) => name !== 'far crashed');

export interface Scene {
  readonly near: Side;
  readonly far: Side;
  readonly relay: Relay;
}

export function chooseFault(choice: Choice, only: readonly FaultName[]): FaultName {
  return choice.weighted(only.map((name) => [WEIGHTS[name], name] as const));
}

/** Lets it happen, for so long (ms), and end. */
export async function suffer(fault: FaultName, duration: number, { near, far, relay }: Scene): Promise<void> {
  switch (fault) {
    case 'near killed':
      await near.kill();
      await near.start();
      return;
    case 'near frozen':
      near.freeze();
      await sleep(duration);
      near.thaw();
      return;
    case 'far crashed':
      await far.kill();
      await sleep(duration);
      await far.start();
      return;
    case 'far killed':
      // Mosquitto writes down what it acknowledged only when it ends: killed, it would lose what no link can bring back.
      if (far.name === 'mosquitto') await far.stop();
      else await far.kill();
      await sleep(duration);
      await far.start();
      return;
    case 'far frozen':
      far.freeze();
      await sleep(duration);
      far.thaw();
      return;
    case 'reset':
      relay.reset();
      return;
    case 'torn':
      relay.tear(duration % 2 < 1 ? 'up' : 'down');
      await sleep(Math.min(duration, 100));
      relay.pass();
      return;
    case 'refused':
      relay.refuse();
      break;
    case 'held':
      relay.hold();
      break;
    case 'black hole':
      relay.swallow('up', 'down');
      break;
    case 'black hole up':
      relay.swallow('up');
      break;
    case 'black hole down':
      relay.swallow('down');
      break;
  }
  await sleep(duration);
  relay.pass();
}
