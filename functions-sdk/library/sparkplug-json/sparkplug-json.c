/* Payloads of Sparkplug B (protobuf) as JSON. Births teach which name and type an alias has; kv keeps that. */
#include "../decimal.h"

typedef struct {
  const hpmq_u8 *at;
  const hpmq_u8 *end;
} input;

typedef struct {
  hpmq_u32 number;
  hpmq_u32 wire;
  /* Of wire types 0, 1, 5. */
  hpmq_u64 value;
  /* Of wire type 2. */
  hpmq_bytes bytes;
} field;

static int take_varint(input *from, hpmq_u64 *value) {
  *value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (from->at >= from->end) return 0;
    hpmq_u8 one = *from->at++;
    if (shift == 63 && one > 1) return 0;
    *value |= (hpmq_u64)(one & 127) << shift;
    if (one < 128) return 1;
  }
  return 0;
}

/* @returns 1: there is one, 0: it is the end, -1: it is no protobuf */
static int take_field(input *from, field *to) {
  hpmq_u64 key;
  if (from->at >= from->end) return 0;
  if (!take_varint(from, &key) || key >> 3 == 0 || key >> 32) return -1;
  to->number = (hpmq_u32)(key >> 3);
  to->wire = key & 7;
  to->bytes = (hpmq_bytes){0, 0};
  to->value = 0;
  if (to->wire == 0) return take_varint(from, &to->value) ? 1 : -1;
  if (to->wire == 2) {
    hpmq_u64 length;
    if (!take_varint(from, &length) || length > (hpmq_u64)(from->end - from->at)) return -1;
    to->bytes = (hpmq_bytes){from->at, (hpmq_u32)length};
    from->at += length;
    return 1;
  }
  int width = to->wire == 1 ? 8 : to->wire == 5 ? 4 : 0;
  if (!width || from->end - from->at < width) return -1;
  hpmq_copy(&to->value, from->at, (hpmq_u32)width);
  from->at += width;
  return 1;
}

/* Sparkplug 3.0 §6.4.16 */
static const char *const type_names[] = {
    "Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double", "Boolean",
    "String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet", "PropertySetList",
    "Int8Array", "Int16Array", "Int32Array", "Int64Array", "UInt8Array", "UInt16Array", "UInt32Array", "UInt64Array",
    "FloatArray", "DoubleArray", "BooleanArray", "StringArray", "DateTimeArray"};
#define TYPES (sizeof type_names / sizeof type_names[0])

enum { NAME = 1, ALIAS = 2, TIME = 3, TYPE = 4, IS_HISTORICAL = 5, IS_TRANSIENT = 6, IS_NULL = 7, INT = 10, LONG, FLOAT, DOUBLE, BOOLEAN, TEXT, BYTES, DATASET, TEMPLATE, EXTENSION };

/* @returns 0: it is not as the types say. Data sets and templates are not turned into JSON. */
static int put_value(hpmq_writer *to, const field *of, hpmq_u32 type) {
  float single;
  hpmq_u32 low = (hpmq_u32)of->value;
  switch (of->number) {
    case INT:
    case LONG:
      if (of->wire != 0) return 0;
      if (type == 1) hpmq_put_i64(to, (signed char)of->value);
      else if (type == 2) hpmq_put_i64(to, (short)of->value);
      else if (type == 3) hpmq_put_i64(to, (int)of->value);
      else if (type == 4) hpmq_put_i64(to, (hpmq_i64)of->value);
      else put_u64(to, of->number == INT ? low : of->value);
      return 1;
    case FLOAT:
      if (of->wire != 5) return 0;
      hpmq_copy(&single, &low, 4);
      put_double(to, single);
      return 1;
    case DOUBLE:
      if (of->wire != 1) return 0;
      put_double(to, from_bits(of->value));
      return 1;
    case BOOLEAN:
      if (of->wire != 0) return 0;
      hpmq_put_text(to, of->value ? "true" : "false");
      return 1;
    case TEXT: return of->wire == 2 && put_text(to, of->bytes);
    case BYTES:
      if (of->wire != 2) return 0;
      hpmq_put_u8(to, '"');
      put_base64(to, of->bytes, 1);
      hpmq_put_u8(to, '"');
      return 1;
  }
  return 0;
}

static int is_birth, may_learn;

/* group/node[/device]#alias */
static hpmq_bytes key_of(hpmq_bytes source, hpmq_u64 alias) {
  hpmq_writer key = {0, 0, 0, 0};
  hpmq_put_bytes(&key, source);
  hpmq_put_u8(&key, '#');
  put_u64(&key, alias);
  return hpmq_written(&key);
}

static void learn(hpmq_bytes key, hpmq_bytes name, hpmq_u32 type) {
  hpmq_writer kept = {0, 0, 0, 0};
  hpmq_put_u8(&kept, (hpmq_u8)type);
  hpmq_put_bytes(&kept, name);
  hpmq_bytes before = hpmq_kv_get(key), now = hpmq_written(&kept);
  if (hpmq_is_there(before) && hpmq_equal(before, now)) return;
  if (hpmq_kv_set(key, now) != 0 && may_learn) {
    may_learn = 0;
    hpmq_log(HPMQ_WARN, "grants.kv is full: aliases stay without names");
  }
}

static void put_name(hpmq_writer *to, const char *name) {
  if (to->data[to->length - 1] != '{') hpmq_put_u8(to, ',');
  hpmq_put_u8(to, '"');
  hpmq_put_text(to, name);
  hpmq_put_text(to, "\":");
}

static int put_metric(hpmq_writer *to, hpmq_bytes metric, hpmq_bytes source) {
  input from = {metric.data, metric.data + metric.length};
  field one, value = {0, 0, 0, {0, 0}};
  hpmq_bytes name = {0, 0};
  hpmq_u64 alias = 0, time = 0;
  hpmq_u32 type = 0, has_alias = 0, has_time = 0, is_null = 0, is_historical = 0, is_transient = 0;
  for (int more; (more = take_field(&from, &one)) != 0;) {
    if (more < 0 || (one.number <= IS_NULL && one.wire != (one.number == NAME ? 2 : 0))) return 0;
    switch (one.number) {
      case NAME: name = one.bytes; break;
      case ALIAS: alias = one.value, has_alias = 1; break;
      case TIME: time = one.value, has_time = 1; break;
      case TYPE: type = one.value < TYPES ? (hpmq_u32)one.value : 0; break;
      case IS_HISTORICAL: is_historical = one.value != 0; break;
      case IS_TRANSIENT: is_transient = one.value != 0; break;
      case IS_NULL: is_null = one.value != 0; break;
      default:
        if (one.number >= INT && one.number <= EXTENSION) value = one;
    }
  }
  if (has_alias && source.length > 0 && source.length < 400) {
    hpmq_bytes key = key_of(source, alias);
    if (is_birth && name.length > 0 && name.length < 0xff00) learn(key, name, type);
    else if (name.length == 0 || type == 0) {
      hpmq_bytes kept = hpmq_kv_get(key);
      if (kept.length > 0) {
        if (name.length == 0) name = (hpmq_bytes){kept.data + 1, kept.length - 1};
        if (type == 0 && kept.data[0] < TYPES) type = kept.data[0];
      }
    }
  }
  hpmq_put_u8(to, '{');
  if (name.length > 0) {
    put_name(to, "name");
    if (!put_text(to, name)) return 0;
  }
  if (has_alias) {
    put_name(to, "alias");
    put_u64(to, alias);
  }
  if (has_time) {
    put_name(to, "timestamp");
    put_u64(to, time);
  }
  if (type > 0) {
    put_name(to, "datatype");
    hpmq_put_u8(to, '"');
    hpmq_put_text(to, type_names[type]);
    hpmq_put_u8(to, '"');
  }
  if (is_historical) put_name(to, "isHistorical"), hpmq_put_text(to, "true");
  if (is_transient) put_name(to, "isTransient"), hpmq_put_text(to, "true");
  if (is_null) put_name(to, "value"), hpmq_put_text(to, "null");
  else if (value.number >= INT && value.number <= BYTES) {
    put_name(to, "value");
    if (!put_value(to, &value, type)) return 0;
  }
  hpmq_put_u8(to, '}');
  return 1;
}

static int put_payload(hpmq_writer *to, hpmq_bytes payload, hpmq_bytes source) {
  input from = {payload.data, payload.data + payload.length};
  hpmq_writer metrics = {0, 0, 0, 0};
  field one;
  hpmq_put_u8(to, '{');
  for (int more; (more = take_field(&from, &one)) != 0;) {
    if (more < 0) return 0;
    if ((one.number == 1 || one.number == 3) && one.wire == 0) {
      put_name(to, one.number == 1 ? "timestamp" : "seq");
      put_u64(to, one.value);
    } else if (one.number == 2 && one.wire == 2) {
      if (metrics.length > 0) hpmq_put_u8(&metrics, ',');
      if (!put_metric(&metrics, one.bytes, source)) return 0;
    } else if (one.number == 4 && one.wire == 2) {
      put_name(to, "uuid");
      if (!put_text(to, one.bytes)) return 0;
    } else if (one.number == 5 && one.wire == 2) {
      put_name(to, "body");
      hpmq_put_u8(to, '"');
      put_base64(to, one.bytes, 1);
      hpmq_put_u8(to, '"');
    } else if (one.number <= 5) return 0;
  }
  put_name(to, "metrics");
  hpmq_put_u8(to, '[');
  hpmq_put_bytes(to, hpmq_written(&metrics));
  hpmq_put_text(to, "]}");
  return 1;
}

/* spBv1.0/group/type/node[/device]: the levels. @returns how many; 0: it is no such topic */
static int split(hpmq_bytes topic, hpmq_bytes *levels) {
  int count = 0;
  hpmq_u32 from = 0;
  for (hpmq_u32 i = 0; i <= topic.length; i++) {
    if (i < topic.length && topic.data[i] != '/') continue;
    if (count == 5) return 0;
    levels[count++] = (hpmq_bytes){topic.data + from, i - from};
    from = i + 1;
  }
  return count >= 4 && hpmq_equal(levels[0], hpmq_text("spBv1.0")) && !hpmq_equal(levels[1], hpmq_text("STATE")) ? count : 0;
}

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  (void)context;
  hpmq_bytes levels[5], prefix = config_text("prefix");
  hpmq_writer text = {0, 0, 0, 0}, source = {0, 0, 0, 0}, topic = {0, 0, 0, 0};
  hpmq_message made = *in;
  int count = split(in->topic, levels);
  if (!count) {
    hpmq_add(out, in);
    return HPMQ_OK;
  }
  is_birth = hpmq_equal(levels[2], hpmq_text("NBIRTH")) || hpmq_equal(levels[2], hpmq_text("DBIRTH"));
  may_learn = 1;
  hpmq_put_bytes(&source, levels[1]);
  for (int i = 3; i < count; i++) {
    hpmq_put_u8(&source, '/');
    hpmq_put_bytes(&source, levels[i]);
  }
  if (!put_payload(&text, in->payload, hpmq_written(&source))) return HPMQ_REFUSED;
  made.payload = hpmq_written(&text);
  if (prefix.length > 0) {
    hpmq_put_bytes(&topic, prefix);
    hpmq_put(&topic, in->topic.data + levels[0].length, in->topic.length - levels[0].length);
    made.topic = hpmq_written(&topic);
  }
  hpmq_add(out, &made);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)
