/** Whose packet it is: which types, flags, Reason Codes and properties it may have depends on that. */
export type Sender = 'client' | 'server';
