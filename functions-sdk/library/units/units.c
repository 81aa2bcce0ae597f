/* value * scale + offset, in its place in the payload. */
#include "../json.h"

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  (void)context;
  hpmq_message one = *in;
  hpmq_bytes found = json_find(in->payload, config_text("path"));
  double value;
  if (json_number(found, &value)) {
    hpmq_writer text = {0, 0, 0, 0};
    hpmq_u32 before = (hpmq_u32)(found.data - in->payload.data);
    hpmq_put(&text, in->payload.data, before);
    value = value * hpmq_config_number("scale", 1) + hpmq_config_number("offset", 0);
    hpmq_put_f64(&text, value, (int)hpmq_config_number("decimals", 6));
    hpmq_put(&text, found.data + found.length, in->payload.length - before - found.length);
    one.payload = hpmq_written(&text);
  }
  hpmq_add(out, &one);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)
