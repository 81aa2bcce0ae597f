/**
 * Updates over MQTT: `hpmq/<gateway>/$request/update/<verb>` with a JSON object, answered at the Response Topic of a user who
 * may publish to it himself, else at `hpmq/<gateway>/$response/update/<verb>`.
 *
 *   install {"transaction":"7","url":"https://…","allowDowngrade":false,"restart":true}
 *   status | mark-good | rollback {"transaction":"8"}
 *   → {"transaction":"7","status":"accepted"|"progress"|"done"|"refused"|"failed",…}
 *
 * Who may is decided by the broker's rules for these topics. Who has no user, or comes by a link that is not named for it,
 * is not answered: the log says that he asked.
 */
import type { Audit } from '../core/audit.js';
import type { Clock } from '../core/clock.js';
import { errorView, toGatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { createMessage, type Message } from '../core/message.js';
import { type Router, type Sink, subscriptionTo } from '../core/router.js';
import { Scope } from '../core/scope.js';
import { topicNameFault } from '../core/topic.js';
import { updateError } from './errors.js';
import { isUrl } from './source.js';
import type { Updates } from './updates.js';

const MAX_PAYLOAD = 8_192;
/** Requests in work; more are refused. */
const MAX_REQUESTS = 8;
/** Answers to an installation: one for so many percent. */
const PERCENT_STEP = 10;

export interface UpdateTopicsOptions {
  readonly gatewayId: string;
  readonly router: Router;
  readonly updates: Updates;
  /** `update.links`: from beyond these, too. */
  readonly links: readonly string[];
  /** undefined: nobody that is known. */
  readonly userOf: (clientId: string) => string | undefined;
  readonly mayPublish: (clientId: string, topic: string) => boolean;
  readonly log: Log;
  readonly audit: Audit;
  readonly clock: Clock;
}

interface Request {
  readonly transaction?: string | number;
  readonly url?: unknown;
  readonly allowDowngrade?: unknown;
  readonly restart?: unknown;
}

type Verb = 'install' | 'status' | 'mark-good' | 'rollback';
const VERBS: readonly string[] = ['install', 'status', 'mark-good', 'rollback'] satisfies Verb[];

export class UpdateTopics implements AsyncDisposable {
  readonly #options: UpdateTopicsOptions;
  readonly #prefix: string;
  readonly #scope: Scope;
  #inWork = 0;

  constructor(options: UpdateTopicsOptions) {
    this.#options = options;
    this.#prefix = `hpmq/${options.gatewayId}/$request/update/`;
    this.#scope = new Scope((error) => options.log.error({ err: error }, 'an update request failed'));
    const origin = `gateway:${options.gatewayId}` as const;
    const sink: Sink = {
      id: 'gateway:update',
      kind: 'api',
      origin,
      durable: false,
      deliver: (message) => {
        this.#take(message);
        return true;
      },
    };
    const attachment = this.#scope.use(options.router.attach(sink));
    // Requests are not retained: an old one must not come again with each start.
    for (const _retained of attachment.subscribe(subscriptionTo(`${this.#prefix}+`, { retainHandling: 2 })));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope[Symbol.asyncDispose]();
  }

  #take(message: Message): void {
    const verb = message.topic.slice(this.#prefix.length);
    if (!VERBS.includes(verb)) return;
    const who = this.#who(message);
    if (!this.#isKnown(message)) {
      this.#record(who, verb, 'UPDATE_FORBIDDEN');
      return;
    }
    const topic = this.#answerTopic(message, verb);
    const answer = (body: object) => this.#answer(message, topic, body);
    if (this.#inWork >= MAX_REQUESTS) {
      answer({ status: 'refused', ...errorView(updateError('UPDATE_BUSY', `${MAX_REQUESTS} requests are in work`)) });
      return;
    }
    this.#inWork++;
    this.#scope.run(async () => {
      let request: Request = {};
      try {
        request = parse(message);
        authorise(message, request);
        const said = await this.#do(verb as Verb, request, who, (body) => answer(withTransaction(request, body)));
        answer(withTransaction(request, { status: 'done', ...said }));
        if (verb !== 'status') this.#record(who, verb, 'done');
        // The answer is on its way first.
        const restarts = (verb === 'install' || verb === 'rollback') && request.restart !== false;
        if (restarts && (said as { needs?: string }).needs !== undefined) {
          await this.#options.clock.sleep(500, this.#scope.signal);
          this.#options.updates.restart(`update ${verb} by ${who}`);
        }
      } catch (error) {
        if (this.#scope.signal.aborted) return;
        const failure = toGatewayError(error);
        const status = failure.fault === 'caller' ? 'refused' : 'failed';
        answer(withTransaction(request, { status, ...errorView(failure) }));
        this.#record(who, verb, failure.code);
      } finally {
        this.#inWork--;
      }
    });
  }

  async #do(verb: Verb, request: Request, who: string, tell: (body: object) => void): Promise<object> {
    const { updates, log } = this.#options;
    switch (verb) {
      case 'status':
        return { update: await updates.view() };
      case 'mark-good':
        return updates.markGood();
      case 'rollback':
        return updates.rollback();
      case 'install': {
        const { url, allowDowngrade = false } = request;
        if (typeof url !== 'string' || !isUrl(url)) {
          throw updateError('UPDATE_UNREACHABLE', 'a request to install needs "url", an http or https address');
        }
        log.info({ who, host: new URL(url).host }, 'an update is installed on request');
        tell({ status: 'accepted' });
        let told = -1;
        return updates.install(url, allowDowngrade === true, ({ phase, percent }) => {
          const step = percent === null ? told : Math.floor(percent / PERCENT_STEP);
          if (step === told) return;
          told = step;
          tell({ status: 'progress', phase, percent });
        });
      }
    }
  }

  #who({ origin }: Message): string {
    const [kind, name = ''] = [origin.slice(0, origin.indexOf(':')), origin.slice(origin.indexOf(':') + 1)];
    if (kind !== 'client') return origin;
    // Looked at now: the client may be gone in a moment.
    const user = this.#options.userOf(name);
    return user === undefined ? `client ${name} (anonymous)` : `client ${name} (user ${user})`;
  }

  #isKnown({ origin }: Message): boolean {
    const { userOf, links } = this.#options;
    if (origin.startsWith('client:')) return userOf(origin.slice('client:'.length)) !== undefined;
    return origin.startsWith('link:') && links.includes(origin.slice('link:'.length));
  }

  /** Looked up now: the client may be gone when there is an answer. */
  #answerTopic({ origin, properties }: Message, verb: string): string {
    const { gatewayId, mayPublish } = this.#options;
    const wanted = properties?.responseTopic;
    const isHis =
      wanted !== undefined &&
      !wanted.startsWith('$') &&
      topicNameFault(wanted) === undefined &&
      origin.startsWith('client:') &&
      mayPublish(origin.slice('client:'.length), wanted);
    return isHis ? wanted : `hpmq/${gatewayId}/$response/update/${verb}`;
  }

  #record(who: string, verb: string, outcome: string): void {
    this.#options.audit({ who, action: `update ${verb}`, target: this.#options.gatewayId, outcome });
  }

  #answer({ properties }: Message, topic: string, body: object): void {
    const { gatewayId, router, clock, log } = this.#options;
    const correlationData = properties?.correlationData;
    const result = router.publish(
      createMessage({
        topic,
        payload: JSON.stringify(body),
        qos: 1,
        origin: `gateway:${gatewayId}`,
        receivedAt: clock.now(),
        ...(correlationData !== undefined && { properties: { correlationData } }),
      }),
    );
    result?.catch((error: unknown) => log.warn({ err: error }, 'an answer to an update request was not kept'));
  }
}

function authorise({ origin, retain }: Message, { allowDowngrade }: Request): void {
  if (retain) throw updateError('UPDATE_FORBIDDEN', 'a retained request is not taken: it would come again');
  if (allowDowngrade === true && !origin.startsWith('client:')) {
    throw updateError('UPDATE_FORBIDDEN', 'an older version is installed for users of this box, not through a link');
  }
}

function withTransaction({ transaction }: Request, body: object): object {
  return transaction === undefined ? body : { transaction, ...body };
}

function parse({ payload }: Message): Request {
  if (payload.length === 0) return {};
  if (payload.length > MAX_PAYLOAD) throw updateError('UPDATE_NOTHING', `a request has at most ${MAX_PAYLOAD} bytes`);
  try {
    const found: unknown = JSON.parse(payload.toString('utf8'));
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) {
      const { transaction } = found as Request;
      const isFine = typeof transaction === 'string' ? transaction.length <= 256 : typeof transaction === 'number';
      if (transaction === undefined || isFine) return found as Request;
    }
  } catch {
    // Said below.
  }
  throw updateError('UPDATE_NOTHING', 'the request is not a JSON object', {
    hint: 'send {"transaction":"…"}, for install with "url"',
  });
}
