/* A number passes when it is far enough from the last one that passed on its topic. */
#include "../json.h"

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  (void)context;
  double value, last, band = hpmq_config_number("band", 0), percent = hpmq_config_number("percent", 0);
  if (json_number(json_find(in->payload, config_text("path")), &value)) {
    hpmq_bytes kept = hpmq_kv_get(in->topic);
    if (kept.length == 8) {
      hpmq_copy(&last, kept.data, 8);
      double distance = value < last ? last - value : value - last;
      double relative = (last < 0 ? -last : last) * percent / 100;
      if (distance <= (band > relative ? band : relative)) return HPMQ_OK;
    }
    if (hpmq_kv_set(in->topic, (hpmq_bytes){(const hpmq_u8 *)&value, 8}) != 0) hpmq_log(HPMQ_WARN, "grants.kv is full: this topic passes unfiltered");
  }
  hpmq_add(out, in);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)
