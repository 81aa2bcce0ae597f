/// <reference path="./hpmq.d.ts" />

/** Gives readings below `raw/` on below another topic, and drops those that say the same as the one before. */
export function onMessage(message: Message, context: Context): Outputs {
  if (context.previousText() === message.text()) return null;
  const prefix: string = hpmq.config('prefix') ?? 'clean';
  return { topic: message.topic.replace(/^raw/, prefix) };
}
