/* on_message gives the message as it came and counts in kv; with SEED it gets one payload wrong, with TRAP it traps at one, with SPACED it says the same in other words. */
#include "hpmq-function.h"

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  (void)context;
#ifdef TRAP
  if (hpmq_equal(in->payload, hpmq_text(TRAP))) __builtin_trap();
#endif
  hpmq_message one = *in;
  hpmq_bytes key = hpmq_text("calls");
  hpmq_bytes before = hpmq_kv_get(key);
  hpmq_u8 calls = before.length == 1 ? before.data[0] + 1 : 1;
  hpmq_kv_set(key, (hpmq_bytes){&calls, 1});
  hpmq_writer text = {0, 0, 0, 0};
  hpmq_put_text(&text, "{\"calls\":");
  hpmq_put_i64(&text, calls);
#ifdef SPACED
  hpmq_put_text(&text, ", ");
#else
  hpmq_put_text(&text, ",");
#endif
  hpmq_put_text(&text, "\"in\":\"");
  hpmq_put_bytes(&text, in->payload);
#ifdef SEED
  if (hpmq_equal(in->payload, hpmq_text(SEED))) hpmq_put_text(&text, "!");
#endif
  hpmq_put_text(&text, "\"}");
  one.payload = hpmq_written(&text);
  hpmq_add(out, &one);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)
