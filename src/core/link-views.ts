/** Parts of a LinkView: times are Unix ms, durations ms. */

export interface LinkEndpointView {
  /** `mqtts://a.example.com:8883 via eth0` */
  readonly endpoint: string;
  readonly state: 'unknown' | 'good' | 'failed';
  readonly isCurrent: boolean;
  /** It failed lately and is tried last. */
  readonly isHeld: boolean;
  /** Measured, ms; null: not yet. */
  readonly rttMs: number | null;
  readonly connects: number;
}

/** Why and for how long a link was without connection. */
export interface LinkOutageView {
  readonly at: number;
  /** What was lost or left; null: the first attempts after start. */
  readonly endpoint: string | null;
  readonly code: string;
  readonly message: string;
  /** Attempts that failed meanwhile. */
  readonly failures: number;
  /** When it was connected again; null: not yet. */
  readonly endedAt: number | null;
}

export interface LinkCertificateView {
  readonly side: 'own' | 'far';
  readonly subject: string;
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
}
