/* Gives readings below raw/ on below another topic, and drops those that say the same as the one before. */
#include "hpmq-function.h"

static int on_message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  if (hpmq_is_there(context->previous) && hpmq_equal(context->previous, in->payload)) return HPMQ_OK;
  hpmq_message one = *in;
  if (hpmq_starts_with(in->topic, "raw/")) {
    /* JSON text: with its quotation marks. */
    hpmq_bytes prefix = hpmq_config("prefix");
    hpmq_writer topic = {0};
    if (prefix.length > 2) hpmq_put(&topic, prefix.data + 1, prefix.length - 2);
    else hpmq_put_text(&topic, "clean");
    hpmq_put(&topic, in->topic.data + 3, in->topic.length - 3);
    one.topic = hpmq_written(&topic);
  }
  hpmq_add(out, &one);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(on_message)
