/* Members of JSON payloads are dropped or masked before the message goes on. What is no JSON object does not go on at all. */
#include "../json.h"

static hpmq_bytes drops, masks;
static hpmq_u32 keeps;

typedef struct path {
  const struct path *above;
  hpmq_bytes name;
} path;

/* Whether `a.b` is the way to here. */
static int matches(hpmq_bytes wanted, const path *here) {
  hpmq_u32 length = wanted.length;
  for (; here; here = here->above) {
    hpmq_u32 start = length;
    if (here->name.length > length) return 0;
    start = length - here->name.length;
    if (!hpmq_equal((hpmq_bytes){wanted.data + start, here->name.length}, here->name)) return 0;
    if (!here->above) return start == 0;
    if (start == 0 || wanted.data[start - 1] != '.') return 0;
    length = start - 1;
  }
  return 0;
}

static int listed(hpmq_bytes list, const path *here) {
  json_member one;
  if (!json_is_array(list)) return 0;
  for (const hpmq_u8 *at = list.data + 1, *end = list.data + list.length; json_next(at, end, 0, &one); at = one.next)
    if (json_is_text(one.value) && matches(json_inner(one.value), here)) return 1;
  return 0;
}

static void mask(hpmq_writer *to, hpmq_bytes value) {
  hpmq_bytes text = json_is_text(value) ? json_inner(value) : value;
  hpmq_put_text(to, "\"***");
  int is_plain = !json_is_object(value) && !json_is_array(value) && text.length > 2 * keeps;
  for (hpmq_u32 i = 0; is_plain && i < text.length; i++) is_plain = text.data[i] >= ' ' && text.data[i] < 127 && text.data[i] != '\\';
  if (is_plain) hpmq_put(to, text.data + text.length - keeps, keeps);
  hpmq_put_u8(to, '"');
}

/* Elements of arrays have the path of the array. @returns 0: it is no JSON */
static int copy(hpmq_writer *to, hpmq_bytes value, const path *here, int depth) {
  int is_object = json_is_object(value);
  if (here && listed(masks, here)) {
    mask(to, value);
    return 1;
  }
  if (!is_object && !json_is_array(value)) {
    hpmq_put_bytes(to, value);
    return 1;
  }
  if (depth >= JSON_DEPTH) return 0;
  json_member member;
  const hpmq_u8 *at = value.data + 1, *end = value.data + value.length;
  int count = 0;
  hpmq_put_u8(to, is_object ? '{' : '[');
  for (; json_next(at, end, is_object, &member); at = member.next) {
    path below = {here, is_object ? json_inner(member.key) : (hpmq_bytes){0, 0}};
    const path *there = is_object ? &below : here;
    /* A name that is written with escapes cannot be compared: it is not let through. */
    int is_hidden = 0;
    for (hpmq_u32 i = 0; is_object && i < below.name.length; i++) is_hidden |= below.name.data[i] == '\\';
    if (is_hidden || (there && listed(drops, there))) continue;
    if (count++) hpmq_put_u8(to, ',');
    if (is_object) {
      hpmq_put_bytes(to, member.key);
      hpmq_put_u8(to, ':');
    }
    if (!copy(to, member.value, there, depth + 1)) return 0;
  }
  at = json_space(at, end);
  if (at + 1 != end || *at != (is_object ? '}' : ']')) return 0;
  hpmq_put_u8(to, is_object ? '}' : ']');
  return 1;
}

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  (void)context;
  hpmq_bytes payload = json_trim(in->payload);
  const hpmq_u8 *end = json_end(payload.data, payload.data + payload.length);
  if ((!json_is_object(payload) && !json_is_array(payload)) || end != payload.data + payload.length) return HPMQ_REFUSED;
  drops = hpmq_config("drop");
  masks = hpmq_config("mask");
  double keep = hpmq_config_number("keep", 4);
  keeps = keep < 0 ? 0 : keep > 64 ? 64 : (hpmq_u32)keep;
  hpmq_message one = *in;
  hpmq_writer text = {0, 0, 0, 0};
  if (!copy(&text, payload, 0, 0)) return HPMQ_REFUSED;
  one.payload = hpmq_written(&text);
  hpmq_add(out, &one);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)
