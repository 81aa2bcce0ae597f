/** What the views of links have in common in tests that care about something else. */
export const quietLink = {
  endpoint: null,
  endpoints: [],
  heartbeat: 'off',
  provenAt: null,
  rttMs: { p50: null, p99: null },
  connects: 0,
  history: [],
  certificates: [],
} as const;
