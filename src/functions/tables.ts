/** Tables of the store that belong to functions. */
export const KV_TABLE = 'function-kv';

export const functionsTables = [KV_TABLE] as const;
