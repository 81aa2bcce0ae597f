/* Every hook of the C SDK; test/support/sdk-contract.ts says what it gives. */
#include "hpmq-function.h"

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  if (hpmq_is_there(context->previous) && hpmq_equal(context->previous, in->payload)) return HPMQ_OK;
  hpmq_writer text = {0, 0, 0, 0};
  hpmq_put_text(&text, "{\"f\":");
  hpmq_put_f64(&text, hpmq_config_number("factor", 1.5), 6);
  hpmq_put_u8(&text, '}');
  hpmq_message one = *in;
  one.payload = hpmq_written(&text);
  hpmq_add(out, &one);
  hpmq_add(out, in);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)

static int decode(hpmq_bytes device, hpmq_bytes frame, hpmq_points *out) {
  (void)device;
  hpmq_add_number(out, "w", frame.data[0] * 0.5);
  hpmq_add_bad(out, "x", "overload");
  return HPMQ_OK;
}
HPMQ_ON_DECODE(decode)

static int encode(hpmq_bytes device, hpmq_bytes point, hpmq_value value, hpmq_frames *out) {
  (void)device;
  if (value.type != HPMQ_F64) return HPMQ_REFUSED;
  hpmq_add_frame(out, point);
  return HPMQ_OK;
}
HPMQ_ON_ENCODE(encode)

static int connect(const hpmq_request *request, const char **reason) {
  *reason = "by name";
  return hpmq_equal(hpmq_field(request, "userName"), hpmq_text("bob")) ? HPMQ_ALLOW : HPMQ_DENY;
}
HPMQ_ON_CONNECT(connect)

static int tick(hpmq_i64 now, hpmq_messages *out) {
  hpmq_message one = {0};
  hpmq_writer text = {0, 0, 0, 0};
  hpmq_put_i64(&text, now);
  one.topic = hpmq_text("t");
  one.payload = hpmq_written(&text);
  hpmq_add(out, &one);
  return HPMQ_OK;
}
HPMQ_ON_TIMER(tick)
HPMQ_ON_START(tick)
