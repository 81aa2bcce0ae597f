/** The algebra of filters against the plain matcher, on an alphabet small enough to meet every case. */
import fc from 'fast-check';
import t from 'tap';
import { fillPattern } from '../../src/broker/access/filters.js';
import { topicFilterFault, topicMatches } from '../../src/core/topic.js';
import { covers, type Filter, matches, overlaps, parseFilter } from '../../src/core/topic-filter.js';

const words = ['', 'a', 'b', '$s'];
const level = fc.constantFrom(...words);
const topic = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((text) => text !== '');
const filter = fc
  .tuple(fc.array(fc.constantFrom(...words, '+'), { maxLength: 4 }), fc.boolean())
  .map(([levels, isMultiLevel]) => [...levels, ...(isMultiLevel ? ['#'] : [])].join('/'))
  .filter((text) => topicFilterFault(text) === undefined);

/** Every topic of up to six levels over the alphabet and one word that no filter names. */
function* allTopics(depth: number, prefix: readonly string[] = []): Generator<string> {
  if (prefix.length > 0 && prefix.join('/') !== '') yield prefix.join('/');
  if (depth > 0) for (const word of [...words, 'x', '$x']) yield* allTopics(depth - 1, [...prefix, word]);
}
const topics = [...allTopics(5)];

t.test('matches: as the plain matcher', async (t) => {
  fc.assert(
    fc.property(filter, topic, (f, name) => matches(parseFilter(f), name.split('/')) === topicMatches(f, name)),
    { numRuns: 5_000 },
  );
  t.pass();
});

t.test('covers: exactly when every topic of the inner filter matches the outer', async (t) => {
  let covered = 0;
  fc.assert(
    fc.property(filter, filter, (outer, inner) => {
      const naive = topics.every((name) => !topicMatches(inner, name) || topicMatches(outer, name));
      if (naive) covered++;
      return covers(parseFilter(outer), parseFilter(inner)) === naive;
    }),
    { numRuns: 400 },
  );
  t.ok(covered > 10, `${covered} of them were covered`);
});

t.test('overlaps: exactly when a topic matches both; both ways the same', async (t) => {
  fc.assert(
    fc.property(filter, filter, (a, b) => {
      const naive = topics.some((name) => topicMatches(a, name) && topicMatches(b, name));
      const [one, other] = [parseFilter(a), parseFilter(b)];
      return overlaps(one, other) === naive && overlaps(other, one) === naive;
    }),
    { numRuns: 400 },
  );
  t.pass();
});

t.test('no topic is empty: /# is /+/#', async (t) => {
  const [short, long, single] = ['/#', '/+/#', '+'].map(parseFilter) as [Filter, Filter, Filter];
  t.ok(covers(long, short) && covers(short, long));
  t.notOk(overlaps(short, single));
});

const name = fc
  .array(fc.constantFrom('a', 'b', '+', '#', '/', '$', '%u', '%c', '%'), { maxLength: 5 })
  .map((parts) => parts.join(''));
const pattern = fc
  .array(fc.constantFrom('a', '+', '%u', '%c', 'x-%u', '%c%u', '%cn'), { minLength: 1, maxLength: 3 })
  .chain((levels) => fc.constantFrom(levels.join('/'), `${levels.join('/')}/#`));

t.test('a name never widens a rule: it fills its own level, as text, or the rule allows nothing', async (t) => {
  let filled = 0;
  fc.assert(
    fc.property(pattern, name, name, topic, (rule, user, clientId, published) => {
      const found = fillPattern(rule, 'allow', { user, clientId, commonName: undefined });
      const usesUser = /%u/.test(rule);
      const usesClient = /%c(?!n)/.test(rule);
      const unsafe = (text: string) => text === '' || /[/+#]/.test(text);
      const first = rule.split('/')[0]!.replace(/%(cn|c|u)/g, (_, key) => (key === 'u' ? user : clientId));
      if (
        /%cn/.test(rule) ||
        (usesUser && unsafe(user)) ||
        (usesClient && unsafe(clientId)) ||
        (first.startsWith('$') && !rule.startsWith('$'))
      ) {
        return found === undefined;
      }
      filled++;
      // Level by level, without building a filter text from foreign parts.
      const levels = rule.split('/');
      const names = published.split('/');
      const plain = levels.map((one) =>
        one === '+' || one === '#' ? one : one.replace(/%(cn|c|u)/g, (_, key) => (key === 'u' ? user : clientId)),
      );
      const depth = levels.at(-1) === '#' ? levels.length - 1 : levels.length;
      const fits =
        (levels.at(-1) === '#' ? names.length >= depth : names.length === depth) &&
        plain.slice(0, depth).every((one, i) => one === '+' || one === names[i]) &&
        !(plain[0] === '+' && published.startsWith('$'));
      return found !== undefined && matches(found, names) === fits;
    }),
    { numRuns: 5_000 },
  );
  t.ok(filled > 100, `${filled} rules applied`);
});

t.test('a name does not become a topic of the broker', async (t) => {
  const names = { user: 'SYS', clientId: '$SYS', commonName: undefined };
  t.equal(fillPattern('%c/#', 'allow', names), undefined);
  t.ok(matches(fillPattern('%c/#', 'deny', names)!, ['$SYS', 'x']));
  t.ok(matches(fillPattern('$%u/#', 'allow', names)!, ['$SYS', 'x']), 'unless the rule itself says so');
  t.ok(matches(fillPattern('c/%c/#', 'allow', names)!, ['c', '$SYS', 'x']));
});

t.test('a name with a slash is denied what it names, and allowed nothing', async (t) => {
  const names = { user: 'a/b', clientId: 'c', commonName: undefined };
  t.equal(fillPattern('home/%u/#', 'allow', names), undefined);
  const denied = fillPattern('home/%u/#', 'deny', names)!;
  t.ok(matches(denied, ['home', 'a', 'b', 'x']));
  t.notOk(matches(denied, ['home', 'a', 'c']));
  t.equal(fillPattern('home/%u/#', 'deny', { ...names, user: '+' }), undefined, 'no topic has a plus');
});
