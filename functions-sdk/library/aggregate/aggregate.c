/* Numbers of a window of time in one message per topic. Windows begin at multiples of their length since 1970. */
#include "../decimal.h"

#define TOPICS 1000
#define TOPIC_LENGTH 200
/* What one call sends; limits.outputs is 100 unless it says otherwise. */
#define BATCH 100

typedef struct {
  hpmq_u8 topic[TOPIC_LENGTH];
  hpmq_u32 length, hash, count;
  hpmq_i64 start, used;
  double min, max, sum, last;
  hpmq_u8 qos;
} series;

static series table[TOPICS];
static hpmq_u32 used, turn, is_warned;

/* 10, "500ms", "10s", "5m", "1h"; ms. */
static hpmq_i64 window_of(void) {
  hpmq_bytes text = hpmq_config("window");
  double number, unit = 1000;
  if (json_is_text(text)) {
    text = json_inner(text);
    hpmq_u32 n = text.length;
    if (n > 2 && text.data[n - 2] == 'm' && text.data[n - 1] == 's') unit = 1, n -= 2;
    else if (n > 1 && text.data[n - 1] == 's') n--;
    else if (n > 1 && text.data[n - 1] == 'm') unit = 60000, n--;
    else if (n > 1 && text.data[n - 1] == 'h') unit = 3600000, n--;
    text.length = n;
  }
  if (!json_number(text, &number)) number = 60, unit = 1000;
  number *= unit;
  return number < 100 ? 100 : number > 86400000.0 * 31 ? 86400000ll * 31 : (hpmq_i64)number;
}

static hpmq_i64 start_of(hpmq_i64 now, hpmq_i64 window) { return now - now % window; }

static void put_member(hpmq_writer *to, const char *name, double value) {
  hpmq_put_text(to, name);
  put_double(to, value);
}

static void emit(series *of, hpmq_i64 window, hpmq_messages *out) {
  hpmq_writer topic = {0, 0, 0, 0}, text = {0, 0, 0, 0};
  hpmq_message made = {of->qos, 0, {0, 0}, {0, 0}, 0, {0, 0}};
  hpmq_bytes suffix = config_text("suffix");
  hpmq_put(&topic, of->topic, of->length);
  if (suffix.data) hpmq_put_bytes(&topic, suffix);
  else hpmq_put_text(&topic, "/aggregate");
  hpmq_put_text(&text, "{\"from\":");
  hpmq_put_i64(&text, of->start);
  hpmq_put_text(&text, ",\"to\":");
  hpmq_put_i64(&text, of->start + window);
  hpmq_put_text(&text, ",\"count\":");
  hpmq_put_i64(&text, of->count);
  put_member(&text, ",\"min\":", of->min);
  put_member(&text, ",\"max\":", of->max);
  put_member(&text, ",\"mean\":", of->sum / of->count);
  put_member(&text, ",\"last\":", of->last);
  hpmq_put_u8(&text, '}');
  made.topic = hpmq_written(&topic);
  made.payload = hpmq_written(&text);
  hpmq_add(out, &made);
  of->count = 0;
}

/* Of this topic; the place of one that has nothing open and was silent longest, when the table is full; 0: there is none. */
static series *series_of(hpmq_bytes topic) {
  hpmq_u32 hash = 2166136261u;
  series *oldest = 0;
  if (topic.length > TOPIC_LENGTH) return 0;
  for (hpmq_u32 i = 0; i < topic.length; i++) hash = (hash ^ topic.data[i]) * 16777619u;
  for (hpmq_u32 i = 0; i < used; i++) {
    series *one = &table[i];
    if (one->hash == hash && hpmq_equal((hpmq_bytes){one->topic, one->length}, topic)) return one;
    if (one->count == 0 && (!oldest || one->used < oldest->used)) oldest = one;
  }
  if (used < TOPICS) oldest = &table[used++];
  if (!oldest) return 0;
  oldest->hash = hash;
  oldest->length = topic.length;
  oldest->count = 0;
  hpmq_copy(oldest->topic, topic.data, topic.length);
  return oldest;
}

static int message(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
  (void)context;
  json_value number;
  hpmq_i64 window = window_of(), now = hpmq_now();
  if (!read_number(json_find(in->payload, config_text("path")), &number) || !(number.value - number.value == 0)) {
    hpmq_add(out, in);
    return HPMQ_OK;
  }
  series *of = series_of(in->topic);
  if (!of) {
    if (!is_warned) hpmq_log(HPMQ_WARN, "there are too many topics, or one is too long: what has no place passes as it came");
    is_warned = 1;
    hpmq_add(out, in);
    return HPMQ_OK;
  }
  hpmq_i64 start = start_of(now, window);
  double value = number.value;
  if (of->count > 0 && of->start != start) emit(of, window, out);
  if (of->count == 0) {
    of->start = start;
    of->min = of->max = value;
    of->sum = 0;
  }
  of->count++;
  of->sum += value;
  of->last = value;
  if (value < of->min) of->min = value;
  if (value > of->max) of->max = value;
  of->used = now;
  of->qos = in->qos;
  if (hpmq_equal(hpmq_config("keep"), hpmq_text("true"))) hpmq_add(out, in);
  return HPMQ_OK;
}
HPMQ_ON_MESSAGE(message)

/* Begins where the last call ended: each gets its turn. */
static int timer(hpmq_i64 now, hpmq_messages *out) {
  hpmq_i64 window = window_of(), start = start_of(now, window);
  for (hpmq_u32 i = 0; i < used && out->count < BATCH; i++) {
    if (turn >= used) turn = 0;
    series *one = &table[turn++];
    if (one->count > 0 && one->start != start) emit(one, window, out);
  }
  return HPMQ_OK;
}
HPMQ_ON_TIMER(timer)
