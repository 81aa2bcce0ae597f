import t from 'tap';
import { HashingQueue } from '../../../../src/broker/access/hashing.js';
import { settle } from '../../../support/manual-clock.js';

/** Tasks that end when the test says so. */
class Tasks {
  readonly started: string[] = [];
  readonly #open = new Map<string, () => void>();

  task(name: string) {
    return () =>
      new Promise<string>((resolve) => {
        this.started.push(name);
        this.#open.set(name, () => resolve(name));
      });
  }

  async end(name: string): Promise<void> {
    this.#open.get(name)!();
    await settle();
  }
}

t.test('two at a time, one per address, addresses in turn', async (t) => {
  const queue = new HashingQueue();
  const tasks = new Tasks();
  const done = ['a1', 'a2', 'a3', 'b1', 'c1', 'c2'].map((name) => queue.run(name[0]!, tasks.task(name)));
  t.strictSame(tasks.started, ['a1', 'b1'], 'a flood of one address has one thread');
  await tasks.end('b1');
  t.strictSame(tasks.started, ['a1', 'b1', 'c1']);
  await tasks.end('a1');
  t.strictSame(tasks.started, ['a1', 'b1', 'c1', 'a2']);
  for (const name of ['c1', 'a2', 'c2', 'a3']) await tasks.end(name);
  t.strictSame(await Promise.all(done), ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']);
  t.equal(queue.size, 0);
});

t.test('an address that fills its line is told so at once; the others have theirs', async (t) => {
  const queue = new HashingQueue();
  const tasks = new Tasks();
  const taken = Array.from({ length: 1_000 }, (_, i) => queue.run('a', tasks.task(`a${i}`)));
  t.equal(taken.filter((one) => one !== undefined).length, 129, 'one runs, 128 wait');
  t.ok(queue.run('b', tasks.task('b')) !== undefined);
  t.strictSame(tasks.started, ['a0', 'b']);
});

t.test('from very many addresses: bounded in all', async (t) => {
  const queue = new HashingQueue();
  const tasks = new Tasks();
  for (let i = 0; i < 10_000; i++) void queue.run(`a${i}`, tasks.task(`a${i}`));
  t.equal(queue.size, 4_098);
});

t.test('a task that fails gives its place back', async (t) => {
  const queue = new HashingQueue();
  await t.rejects(queue.run('a', () => Promise.reject(new Error('no memory')))!, { message: 'no memory' });
  t.equal(await queue.run('a', async () => 7), 7);
  await settle();
  t.equal(queue.size, 0);
});
