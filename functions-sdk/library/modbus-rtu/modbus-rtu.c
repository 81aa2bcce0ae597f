/* Answers of Modbus RTU devices (function codes 3 and 4) as points, or as JSON: for serial servers that pass frames on as they are. */
#include "../json.h"

/* MODBUS over Serial Line V1.02 §6.2.2 */
static hpmq_u32 crc(const hpmq_u8 *data, hpmq_u32 length) {
  hpmq_u32 value = 0xffff;
  for (hpmq_u32 i = 0; i < length; i++) {
    value ^= data[i];
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? (value >> 1) ^ 0xa001 : value >> 1;
  }
  return value;
}

/* Why it is no answer that can be read; 0: it is one. */
static const char *fault(hpmq_bytes frame) {
  if (frame.length < 5) return "frame is too short";
  hpmq_u32 sum = frame.data[frame.length - 2] | (hpmq_u32)frame.data[frame.length - 1] << 8;
  if (crc(frame.data, frame.length - 2) != sum) return "CRC is wrong";
  if (frame.data[1] & 0x80) return "the device answered with an exception";
  if (frame.data[1] != 3 && frame.data[1] != 4) return "function code is not 3 or 4";
  if (frame.data[2] != frame.length - 5 || frame.data[2] % 2) return "byte count is wrong";
  return 0;
}

static hpmq_u32 word(hpmq_bytes frame, hpmq_u32 at) { return (hpmq_u32)frame.data[3 + at * 2] << 8 | frame.data[4 + at * 2]; }

/* @returns 0: it is not in the frame, or its type is unknown */
static int read(hpmq_bytes frame, hpmq_bytes point, double *value) {
  double at = 0, scale = 1;
  hpmq_bytes type = json_member_of(point, hpmq_text("type")), order = json_member_of(point, hpmq_text("wordOrder"));
  json_number(json_member_of(point, hpmq_text("at")), &at);
  json_number(json_member_of(point, hpmq_text("scale")), &scale);
  hpmq_u32 count = frame.data[2] / 2, first = (hpmq_u32)at;
  if (at < 0 || at >= count) return 0;
  if (!type.data || hpmq_equal(type, hpmq_text("\"uint16\""))) *value = word(frame, first);
  else if (hpmq_equal(type, hpmq_text("\"int16\""))) *value = (short)word(frame, first);
  else {
    if (first + 2 > count) return 0;
    int is_little = hpmq_equal(order, hpmq_text("\"little\""));
    hpmq_u32 both = word(frame, first + (is_little ? 1 : 0)) << 16 | word(frame, first + (is_little ? 0 : 1));
    if (hpmq_equal(type, hpmq_text("\"uint32\""))) *value = both;
    else if (hpmq_equal(type, hpmq_text("\"int32\""))) *value = (int)both;
    else if (hpmq_equal(type, hpmq_text("\"float32\""))) {
      float single;
      hpmq_copy(&single, &both, 4);
      *value = single;
    } else return 0;
  }
  *value *= scale;
  return 1;
}

static const char *name_of(hpmq_bytes text) {
  char *name = hpmq_take(text.length + 1);
  hpmq_copy(name, text.data, text.length);
  name[text.length] = 0;
  return name;
}

static const char *register_name(hpmq_u32 number) {
  hpmq_writer text = {0, 0, 0, 0};
  hpmq_put_u8(&text, 'r');
  hpmq_put_i64(&text, number);
  hpmq_put_u8(&text, 0);
  return (const char *)text.data;
}

static int decode(hpmq_bytes device, hpmq_bytes frame, hpmq_points *out) {
  (void)device;
  const char *why = fault(frame);
  hpmq_bytes points = hpmq_config("points");
  json_member one;
  double value;
  if (!json_is_array(points)) {
    if (why) return HPMQ_REFUSED;
    for (hpmq_u32 i = 0; i < frame.data[2] / 2u; i++) hpmq_add_number(out, register_name(i), word(frame, i));
    return HPMQ_OK;
  }
  for (const hpmq_u8 *at = points.data + 1, *end = points.data + points.length; json_next(at, end, 0, &one); at = one.next) {
    hpmq_bytes name = json_member_of(one.value, hpmq_text("name"));
    if (!json_is_text(name)) continue;
    if (why) hpmq_add_bad(out, name_of(json_inner(name)), why);
    else if (read(frame, one.value, &value)) hpmq_add_number(out, name_of(json_inner(name)), value);
    else hpmq_add_bad(out, name_of(json_inner(name)), "not in this frame");
  }
  return HPMQ_OK;
}
HPMQ_ON_DECODE(decode)

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  (void)context;
  hpmq_bytes frame = in->payload, points = hpmq_config("points");
  if (fault(frame)) return HPMQ_REFUSED;
  hpmq_writer text = {0, 0, 0, 0};
  json_member one;
  double value;
  hpmq_put_text(&text, "{\"unit\":");
  hpmq_put_i64(&text, frame.data[0]);
  if (json_is_array(points)) {
    for (const hpmq_u8 *at = points.data + 1, *end = points.data + points.length; json_next(at, end, 0, &one); at = one.next) {
      hpmq_bytes name = json_member_of(one.value, hpmq_text("name"));
      if (!json_is_text(name) || !read(frame, one.value, &value)) continue;
      hpmq_put_u8(&text, ',');
      hpmq_put_bytes(&text, name);
      hpmq_put_u8(&text, ':');
      hpmq_put_f64(&text, value, 6);
    }
  } else {
    hpmq_put_text(&text, ",\"registers\":[");
    for (hpmq_u32 i = 0; i < frame.data[2] / 2u; i++) {
      if (i) hpmq_put_u8(&text, ',');
      hpmq_put_i64(&text, word(frame, i));
    }
    hpmq_put_u8(&text, ']');
  }
  hpmq_put_u8(&text, '}');
  hpmq_message made = *in;
  made.payload = hpmq_written(&text);
  hpmq_add(out, &made);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)
