/** What a server serves: requests as resources see them, and what they answer. */
import { Code, type Option } from '../message/message.js';

export interface ServerRequest {
  /** Of the request: GET, PUT, … */
  readonly code: number;
  /** Segments behind the root of the resource, decoded. */
  readonly path: readonly string[];
  readonly query: readonly string[];
  readonly contentFormat: number | undefined;
  readonly accept: number | undefined;
  /** s; undefined: not said */
  readonly maxAge: number | undefined;
  readonly ifMatch: readonly Buffer[];
  /** The whole body. */
  readonly payload: Buffer;
  /** It wants to be told of changes. */
  readonly isObserving: boolean;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly code: number;
  readonly payload?: Buffer | string;
  readonly contentFormat?: number;
  /** s */
  readonly maxAge?: number;
  /** Made from the payload when absent. */
  readonly etag?: Buffer;
  readonly options?: readonly Option[];
}

/** A tree of resources under one root. */
export interface ServedTree {
  handle(request: ServerRequest): Answer | Promise<Answer>;
  /** Calls back when GET would answer something else; undefined: it cannot be observed. */
  observe?(request: ServerRequest, onChange: () => void): Disposable | undefined;
}

/** A refusal; the text is for people (RFC 7252 §5.5.2). */
export function refusal(code: number, text = ''): Answer {
  return { code, payload: text };
}

export const notFound: Answer = refusal(Code.NOT_FOUND);
export const notAllowed: Answer = refusal(Code.METHOD_NOT_ALLOWED);
export const forbidden: Answer = refusal(Code.FORBIDDEN, 'the access rules do not allow it');
