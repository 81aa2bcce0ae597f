/** The gateway as a CoAP server: points, topics and mailboxes, for every client that comes. */
import type { Endpoint, RunningServer, ServedReference, ServerContext, ServerRole } from '../../../src/adapter.js';
import { ContentFormat } from '../formats/content.js';
import { formatLinks, type Link, matchesQuery } from '../formats/link-format.js';
import { Code, codeText } from '../message/message.js';
import { szxOf } from '../message/options.js';
import { Mailboxes } from './mailboxes.js';
import { ServerPeer } from './peer.js';
import { PointTree } from './points.js';
import { type Answer, notAllowed, type ServedTree, type ServerRequest } from './resource.js';
import { type RoleOptions, roleSchema } from './role-schema.js';
import { TopicTree } from './topics.js';

export const serverRole: ServerRole<typeof roleSchema> = {
  endpoints: ['udp'],
  schema: roleSchema,

  check(role) {
    const isEmpty = role.points === 'none' && !role.topics && Object.keys(role.mailboxes).length === 0;
    const issues = isEmpty
      ? [{ path: ['points'], message: 'nothing is served; serve points, topics or mailboxes' }]
      : [];
    if (role.write && role.points === 'none') {
      issues.push({ path: ['write'], message: 'there are no points to write; remove it, or serve points' });
    }
    return issues;
  },

  references: ({ points }) =>
    typeof points === 'string'
      ? []
      : points.map((one, index): ServedReference => ({ path: ['points', index], ...one, isWritten: false })),

  create: (role, context) => new CoapServerRole(role, context),
};

class CoapServerRole implements RunningServer {
  readonly #role: RoleOptions;
  readonly #context: ServerContext;
  readonly #exceptions: Record<string, number> = {};
  #mailboxes: Mailboxes | undefined;
  #requests = 0;
  #visitors = 0;

  constructor(role: RoleOptions, context: ServerContext) {
    this.#role = role;
    this.#context = context;
    if (Object.keys(role.mailboxes).length === 0) return;
    const visitor = { user: role.user, clientId: `coap-${context.name}`, host: '127.0.0.1' };
    this.#mailboxes = new Mailboxes(role, context.topics(visitor), context.clock);
  }

  async serve(wire: Parameters<RunningServer['serve']>[0], who: string, _endpoint: Endpoint, signal: AbortSignal) {
    const { clock, name } = this.#context;
    const controller = new AbortController();
    const closed = new Promise<void>((resolve) => wire.once('close', () => resolve()));
    const onStop = () => wire.destroy();
    signal.addEventListener('abort', onStop, { once: true });
    const topics = this.#context.topics({
      user: this.#role.user,
      clientId: `coap-${name}-${who}-${++this.#visitors}`,
      host: who,
    });
    const points = new PointTree(this.#role, this.#context, topics, `coap client ${who} (server ${name})`);
    const published = new TopicTree(this.#role, topics, () => clock.now());
    const trees = new Map<string, ServedTree>();
    if (this.#role.points !== 'none') trees.set('points', points);
    if (this.#role.topics) trees.set('ps', published);
    if (this.#mailboxes !== undefined) trees.set('mailbox', this.#mailboxes);
    const links = () => this.#links(trees, points, published);
    const core: ServedTree = { handle: (request) => wellKnown(request, links) };
    const peer = new ServerPeer({
      wire,
      clock,
      transmission: { ackTimeout: this.#role.ackTimeout, maxRetransmit: this.#role.maxRetransmit },
      szx: szxOf(this.#role.blockSize),
      maxBytes: this.#role.maxBytes,
      signal: controller.signal,
      onAnswer: (code) => this.#count(code),
      tree([first, second]) {
        if (first === '.well-known' && second === 'core') return { tree: core, depth: 2 };
        const tree = first === undefined ? undefined : trees.get(first);
        return tree === undefined ? undefined : { tree, depth: 1 };
      },
    });
    if (signal.aborted) onStop();
    await closed;
    signal.removeEventListener('abort', onStop);
    controller.abort();
    peer.close();
  }

  figures() {
    return { requests: this.#requests, exceptions: { ...this.#exceptions }, dropped: 0 };
  }

  #count(code: number): void {
    this.#requests++;
    if (code < Code.BAD_REQUEST) return;
    const text = codeText(code);
    this.#exceptions[text] = (this.#exceptions[text] ?? 0) + 1;
  }

  *#links(trees: ReadonlyMap<string, ServedTree>, points: PointTree, published: TopicTree): Iterable<Link> {
    if (trees.has('points')) {
      yield { target: '/points', attributes: { ct: '40' } };
      yield* points.links();
    }
    if (trees.has('ps')) {
      yield { target: '/ps', attributes: { rt: 'core.ps.coll', ct: '40' } };
      yield* published.links();
    }
    for (const name of this.#mailboxes?.names() ?? []) {
      yield { target: `/mailbox/${name}`, attributes: { rt: 'hpmq.mailbox', obs: '' } };
    }
  }
}

/** RFC 6690 §4, with its filters. */
function wellKnown({ code, query }: ServerRequest, links: () => Iterable<Link>): Answer {
  if (code !== Code.GET) return notAllowed;
  const fitting = [...links()].filter((link) => query.every((one) => matchesQuery(link, one)));
  return { code: Code.CONTENT, payload: formatLinks(fitting), contentFormat: ContentFormat.linkFormat };
}
