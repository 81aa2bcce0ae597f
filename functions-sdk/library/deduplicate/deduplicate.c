/* A message that says what the one before it on the topic said goes nowhere. README.md says what can be configured. */
#include "../json.h"

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  if (hpmq_is_there(context->previous)) {
    hpmq_bytes path = config_text("path");
    hpmq_bytes now = in->payload, before = context->previous;
    if (path.length > 0) {
      now = json_find(now, path);
      before = json_find(before, path);
    }
    if (now.data && before.data && hpmq_equal(now, before)) return HPMQ_OK;
  }
  hpmq_add(out, in);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)
