/** Measured, roughly: what one level costs in the trees of subscriptions and of retained messages, a node with its Map, bytes. */
export const NODE_BYTES = 230;
