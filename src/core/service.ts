/** What gateway.ts starts in order and stops in reverse. */
export type ServiceState = 'starting' | 'up' | 'degraded' | 'down' | 'stopping';

export interface ServiceStatus {
  readonly state: ServiceState;
  /** Unix ms since when. */
  readonly since: number;
  readonly reason?: string;
  readonly hint?: string;
}

export interface Service extends AsyncDisposable {
  readonly name: string;
  /** Resolves when ready to serve. */
  start(signal: AbortSignal): Promise<void>;
  status(): ServiceStatus;
}
