/* JSON (RFC 8259) to CBOR (RFC 8949) and back. What is not well-formed goes nowhere. */
#include "../decimal.h"

typedef struct {
  const hpmq_u8 *at;
  const hpmq_u8 *end;
} input;

static void put_big_endian(hpmq_writer *to, hpmq_u64 value, int bytes) {
  while (bytes-- > 0) hpmq_put_u8(to, (hpmq_u8)(value >> (8 * bytes)));
}

static int width_of(hpmq_u64 value) { return value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value >> 32 ? 8 : 4; }
static int more_of(int width) { return width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27; }

static void put_head(hpmq_writer *to, int major, hpmq_u64 value) {
  int width = width_of(value);
  hpmq_put_u8(to, (hpmq_u8)(major << 5 | (width ? more_of(width) : (int)value)));
  put_big_endian(to, value, width);
}

static void put_float(hpmq_writer *to, double value) {
  float single = (float)value;
  if ((double)single == value) {
    hpmq_u32 bits;
    hpmq_copy(&bits, &single, 4);
    hpmq_put_u8(to, 0xfa);
    put_big_endian(to, bits, 4);
  } else {
    hpmq_put_u8(to, 0xfb);
    put_big_endian(to, bits_of(value), 8);
  }
}

static int take_word(input *from, const char *word) {
  hpmq_u32 length = hpmq__text_length(word);
  if ((hpmq_u32)(from->end - from->at) < length || !hpmq_starts_with((hpmq_bytes){from->at, length}, word)) return 0;
  from->at += length;
  return 1;
}

static int put_cbor_text(input *from, hpmq_writer *to) {
  const hpmq_u8 *behind = json_text_end(from->at, from->end);
  hpmq_writer text = {0, 0, 0, 0};
  if (*from->at != '"' || !behind) return 0;
  hpmq_bytes inner = {from->at + 1, (hpmq_u32)(behind - from->at) - 2};
  from->at = behind;
  int is_plain = is_utf8(inner);
  for (hpmq_u32 i = 0; is_plain && i < inner.length; i++) is_plain = inner.data[i] != '\\' && inner.data[i] >= ' ';
  if (!is_plain) {
    if (!put_unescaped(&text, inner)) return 0;
    inner = hpmq_written(&text);
  }
  put_head(to, 3, inner.length);
  hpmq_put_bytes(to, inner);
  return 1;
}

/* The head of a container is one byte until its members are counted. */
static void widen(hpmq_writer *to, hpmq_u32 head, int major, hpmq_u32 count) {
  int width = width_of(count);
  hpmq_u32 behind = to->length - head - 1;
  hpmq_put(to, "\0\0\0\0\0\0\0", (hpmq_u32)width);
  __builtin_memmove(to->data + head + 1 + width, to->data + head + 1, behind);
  to->data[head] = (hpmq_u8)(major << 5 | (width ? more_of(width) : (int)count));
  for (int i = 0; i < width; i++) to->data[head + 1 + i] = (hpmq_u8)(count >> (8 * (width - 1 - i)));
}

static int to_cbor(input *from, hpmq_writer *to, int depth) {
  from->at = json_space(from->at, from->end);
  if (from->at >= from->end || depth > JSON_DEPTH) return 0;
  hpmq_u8 first = *from->at;
  if (first == '"') return put_cbor_text(from, to);
  if (first == '{' || first == '[') {
    int is_object = first == '{';
    hpmq_u8 last = is_object ? '}' : ']';
    hpmq_u32 head = to->length, count = 0;
    hpmq_put_u8(to, 0);
    from->at = json_space(from->at + 1, from->end);
    while (from->at < from->end && !(count == 0 && *from->at == last)) {
      if (is_object) {
        if (!put_cbor_text(from, to)) return 0;
        from->at = json_space(from->at, from->end);
        if (!take_word(from, ":")) return 0;
      }
      if (!to_cbor(from, to, depth + 1)) return 0;
      count++;
      from->at = json_space(from->at, from->end);
      if (!take_word(from, ",")) break;
      from->at = json_space(from->at, from->end);
    }
    if (from->at >= from->end || *from->at != last) return 0;
    from->at++;
    widen(to, head, is_object ? 5 : 4, count);
    return 1;
  }
  if (first == 't' || first == 'f' || first == 'n') {
    if (!take_word(from, first == 't' ? "true" : first == 'f' ? "false" : "null")) return 0;
    hpmq_put_u8(to, first == 't' ? 0xf5 : first == 'f' ? 0xf4 : 0xf6);
    return 1;
  }
  const hpmq_u8 *behind = json_end(from->at, from->end);
  json_value number;
  if (!behind || !read_number((hpmq_bytes){from->at, (hpmq_u32)(behind - from->at)}, &number)) return 0;
  from->at = behind;
  if (number.is_whole && !(number.is_negative && number.whole == 0)) put_head(to, number.is_negative, number.is_negative ? number.whole - 1 : number.whole);
  else put_float(to, number.value);
  return 1;
}

static double half(hpmq_u32 bits) {
  int exponent = bits >> 10 & 31;
  double value = bits & 1023;
  if (exponent == 31) value = value ? __builtin_nan("") : __builtin_inf();
  else if (exponent == 0) value /= 16777216.0;
  else value = (value + 1024) * (double)(1u << exponent) / 33554432.0;
  return bits >> 15 ? -value : value;
}

typedef struct {
  int major;
  int more;
  hpmq_u64 value;
} head;

static int take_head(input *from, head *to) {
  if (from->at >= from->end) return 0;
  to->major = *from->at >> 5;
  to->more = *from->at++ & 31;
  to->value = (hpmq_u64)to->more;
  if (to->more < 24) return 1;
  if (to->more > 27) return to->more == 31 && to->major != 0 && to->major != 1 && to->major != 6;
  int width = 1 << (to->more - 24);
  if (from->end - from->at < width) return 0;
  for (to->value = 0; width > 0; width--) to->value = to->value << 8 | *from->at++;
  return 1;
}

static int take_bytes(input *from, const head *of, hpmq_bytes *to) {
  hpmq_writer whole = {0, 0, 0, 0};
  if (of->more != 31) {
    if (of->value > (hpmq_u64)(from->end - from->at)) return 0;
    *to = (hpmq_bytes){from->at, (hpmq_u32)of->value};
    from->at += of->value;
    return 1;
  }
  for (;;) {
    head chunk;
    hpmq_bytes part;
    if (!take_head(from, &chunk)) return 0;
    if (chunk.major == 7 && chunk.more == 31) break;
    if (chunk.major != of->major || chunk.more == 31 || !take_bytes(from, &chunk, &part)) return 0;
    if (chunk.major == 3 && !is_utf8(part)) return 0;
    hpmq_put_bytes(&whole, part);
  }
  *to = hpmq_written(&whole);
  return 1;
}

static int put_key(input *from, hpmq_writer *to, const head *of) {
  hpmq_bytes text;
  if (of->major == 3) return take_bytes(from, of, &text) && put_text(to, text);
  if (of->major > 1) return 0;
  hpmq_put_text(to, of->major ? "\"-" : "\"");
  if (of->major && of->value == 0xffffffffffffffffull) hpmq_put_text(to, "18446744073709551616");
  else put_u64(to, of->value + (hpmq_u64)of->major);
  hpmq_put_u8(to, '"');
  return 1;
}

static int to_json(input *from, hpmq_writer *to, int depth) {
  head of;
  hpmq_bytes bytes;
  int is_negative = 0;
  if (depth > JSON_DEPTH || !take_head(from, &of)) return 0;
  /* Tags say what a value means; of bignums (RFC 8949 §6.1) the sign. */
  for (int i = 0; of.major == 6; i++) {
    is_negative = of.value == 3;
    if (i > 8 || !take_head(from, &of)) return 0;
  }
  switch (of.major) {
    case 0: put_u64(to, of.value); return 1;
    case 1:
      hpmq_put_u8(to, '-');
      if (of.value == 0xffffffffffffffffull) hpmq_put_text(to, "18446744073709551616");
      else put_u64(to, of.value + 1);
      return 1;
    case 2:
      if (!take_bytes(from, &of, &bytes)) return 0;
      hpmq_put_text(to, is_negative ? "\"~" : "\"");
      put_base64(to, bytes, 0);
      hpmq_put_u8(to, '"');
      return 1;
    case 3: return take_bytes(from, &of, &bytes) && put_text(to, bytes);
    case 7:
      if (of.more == 31 || (of.more == 24 && of.value < 32)) return 0;
      if (of.more == 25) put_double(to, half((hpmq_u32)of.value));
      else if (of.more == 26) {
        hpmq_u32 bits = (hpmq_u32)of.value;
        float single;
        hpmq_copy(&single, &bits, 4);
        put_double(to, single);
      } else if (of.more == 27) put_double(to, from_bits(of.value));
      else hpmq_put_text(to, of.value == 21 ? "true" : of.value == 20 ? "false" : "null");
      return 1;
  }
  hpmq_put_u8(to, of.major == 5 ? '{' : '[');
  for (hpmq_u64 i = 0; of.more == 31 || i < of.value; i++) {
    if (from->at >= from->end) return 0;
    if (of.more == 31 && *from->at == 0xff) {
      from->at++;
      break;
    }
    if (i) hpmq_put_u8(to, ',');
    if (of.major == 5) {
      head key;
      if (!take_head(from, &key) || !put_key(from, to, &key)) return 0;
      hpmq_put_u8(to, ':');
    }
    if (!to_json(from, to, depth + 1)) return 0;
  }
  hpmq_put_u8(to, of.major == 5 ? '}' : ']');
  return 1;
}

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  (void)context;
  hpmq_bytes direction = config_text("to");
  hpmq_writer made = {0, 0, 0, 0};
  input from = {in->payload.data, in->payload.data + in->payload.length};
  hpmq_message one = *in;
  if (hpmq_equal(direction, hpmq_text("cbor"))) {
    if (!to_cbor(&from, &made, 0)) return HPMQ_REFUSED;
    from.at = json_space(from.at, from.end);
  } else if (hpmq_equal(direction, hpmq_text("json"))) {
    if (!to_json(&from, &made, 0)) return HPMQ_REFUSED;
  } else {
    hpmq_log(HPMQ_ERROR, "config.to has to be cbor or json");
    return HPMQ_REFUSED;
  }
  if (from.at != from.end) return HPMQ_REFUSED;
  one.payload = hpmq_written(&made);
  hpmq_add(out, &one);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)
