/// <reference path="./hpmq.d.ts" />

/**
 * Gives readings below `raw/` on below another topic, and drops those that say the same as the one before.
 *
 * @param {Message} message
 * @param {Context} context
 * @returns {Outputs}
 */
export function onMessage(message, context) {
  if (context.previousText() === message.text()) return null;
  const prefix = hpmq.config('prefix') ?? 'clean';
  return { topic: message.topic.replace(/^raw/, prefix) };
}
