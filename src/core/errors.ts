/**
 * Errors are values with a fault: who has to act. Throw only GatewayError; a TypeError or RangeError that reaches the
 * top is a bug of ours and is treated as one (see {@link toGatewayError}).
 */

/** Who acts: the author of the config, the client, a field technician, the network operator, the operator, or us. */
export type Fault = 'config' | 'caller' | 'device' | 'peer' | 'limit' | 'bug';

export interface ErrorKind {
  readonly fault: Fault;
  /** What to do, one imperative sentence, first letter small. */
  readonly hint: string;
}

/** Error code → its fault and hint. Each module owns one; `hpmq explain CODE` reads them all. */
export type ErrorCatalogue = Readonly<Record<string, ErrorKind>>;

export type Details = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Facts for the reader; never payloads or secrets. */
  readonly details?: Details;
  /** Replaces the hint of the catalogue where a more exact one is known. */
  readonly hint?: string;
}

export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: string;
  readonly fault: Fault;
  readonly hint: string;
  readonly details: Details;

  constructor(code: string, kind: ErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fault = kind.fault;
    this.hint = options.hint ?? kind.hint;
    this.details = options.details ?? {};
  }
}

/** Makes the constructor of one module's errors: `modbusError('MODBUS_TIMEOUT', 'unit 3 did not answer …')`. */
export function errorsOf<C extends ErrorCatalogue>(catalogue: C) {
  return (code: keyof C & string, message: string, options?: ErrorOptions): GatewayError =>
    new GatewayError(code, catalogue[code] as ErrorKind, message, options);
}

export const coreErrors = {
  INTERNAL: { fault: 'bug', hint: 'this is a defect of hpmq; please report it with the stack from the log' },
  STOPPED: { fault: 'limit', hint: 'the gateway is stopping; try again when it is back' },
} as const satisfies ErrorCatalogue;

export const coreError = errorsOf(coreErrors);

/** Wraps whatever was thrown; anything that is not ours is a bug and keeps its stack as cause. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return coreError('INTERNAL', message, { cause: error });
}

/** The error as it is shown to people and machines: API, `--json`, MQTT payloads. */
export interface ErrorView {
  readonly code: string;
  readonly fault: Fault;
  readonly message: string;
  readonly hint: string;
  readonly details?: Details;
}

export function errorView(error: GatewayError): ErrorView {
  const { code, fault, message, hint, details } = error;
  return Object.keys(details).length > 0 ? { code, fault, message, hint, details } : { code, fault, message, hint };
}
