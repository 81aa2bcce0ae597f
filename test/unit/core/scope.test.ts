import t from 'tap';
import { Scope } from '../../../src/core/scope.js';

t.test('closes in reverse order and waits for its tasks', async (t) => {
  const order: string[] = [];
  const scope = new Scope((error) => t.fail(String(error)));
  scope.defer(() => void order.push('first'));
  scope.use({ [Symbol.dispose]: () => void order.push('second') });
  scope.use({ [Symbol.asyncDispose]: async () => void order.push('third') });
  scope.run(async (signal) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => setImmediate(resolve)));
    order.push('task');
  });
  await scope[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
  t.ok(scope.signal.aborted);
  t.strictSame(
    order.filter((step) => step !== 'task'),
    ['third', 'second', 'first'],
  );
  t.ok(order.includes('task'));
});

t.test('a task that fails is reported, one that ends because of the close is not', async (t) => {
  const errors: unknown[] = [];
  const scope = new Scope((error) => errors.push(error));
  const failure = new Error('broken');
  scope.run(async () => {
    throw failure;
  });
  scope.run((signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))));
  await new Promise(setImmediate);
  await scope[Symbol.asyncDispose]();
  t.strictSame(errors, [failure]);
  let ran = false;
  scope.run(async () => {
    ran = true;
  });
  t.notOk(ran, 'nothing starts in a closed scope');
});

t.test('all steps of the close run, and their failures come together', async (t) => {
  const scope = new Scope(() => {});
  let closed = 0;
  scope.defer(() => void closed++);
  scope.defer(() => {
    throw new Error('one');
  });
  scope.defer(async () => {
    throw new Error('two');
  });
  await t.rejects(scope[Symbol.asyncDispose](), {
    name: 'AggregateError',
    errors: [{ message: 'two' }, { message: 'one' }],
  });
  t.equal(closed, 1);
});
