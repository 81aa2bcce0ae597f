/** What a colour says; text says it too. */
export type Tone = 'ok' | 'warn' | 'bad' | 'muted';
