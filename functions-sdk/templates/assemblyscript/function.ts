// Gives readings below raw/ on below another topic, and drops those that say the same as the one before.
import { hpmq, isSame, MessageInput, Messages, NOTHING } from './hpmq';

export { hpmq_abi, hpmq_alloc, hpmq_free } from './hpmq';

export function on_message(pointer: usize, length: u32): u64 {
  const input = MessageInput.read(pointer, length);
  const message = input.message;
  const previous = input.previous;
  if (previous !== null && isSame(previous, message.payload)) return NOTHING;
  // JSON text: with its quotation marks.
  const prefix = hpmq.config('prefix');
  if (message.topic.startsWith('raw/')) {
    message.topic = (prefix === null ? 'clean' : prefix.slice(1, -1)) + message.topic.slice(3);
  }
  const out = new Messages();
  out.add(message);
  return out.answer();
}
