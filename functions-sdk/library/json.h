/* JSON in place: a value is the bytes from its first to its last character. What is no JSON is found nowhere. */
#ifndef HPMQ_JSON_H
#define HPMQ_JSON_H
#include "hpmq-function.h"

#define JSON_DEPTH 64

static const hpmq_u8 *json_space(const hpmq_u8 *at, const hpmq_u8 *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
  return at;
}

/* Behind a text; 0: it does not end. */
static const hpmq_u8 *json_text_end(const hpmq_u8 *at, const hpmq_u8 *end) {
  for (at++; at < end; at++) {
    if (*at == '\\') at++;
    else if (*at == '"') return at + 1;
  }
  return 0;
}

/* Behind a value; 0: it does not end, or is nested too deeply. */
static const hpmq_u8 *json_end(const hpmq_u8 *at, const hpmq_u8 *end) {
  int depth = 0;
  at = json_space(at, end);
  if (at >= end) return 0;
  do {
    if (at >= end) return 0;
    if (*at == '"') {
      at = json_text_end(at, end);
      if (!at) return 0;
    } else if (*at == '{' || *at == '[') {
      if (++depth > JSON_DEPTH) return 0;
      at++;
    } else if (*at == '}' || *at == ']') {
      if (--depth < 0) return 0;
      at++;
    } else if (depth > 0) {
      at++;
    } else {
      while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ' && *at != '\t' && *at != '\n' && *at != '\r') at++;
      return at;
    }
  } while (depth > 0);
  return at;
}

typedef struct {
  /* With quotes. */
  hpmq_bytes key;
  hpmq_bytes value;
  const hpmq_u8 *next;
} json_member;

/* @param at - behind `{`, `[`, or a member. @returns 0: there is none */
static int json_next(const hpmq_u8 *at, const hpmq_u8 *end, int has_key, json_member *found) {
  at = json_space(at, end);
  if (at < end && *at == ',') at = json_space(at + 1, end);
  if (at >= end || *at == '}' || *at == ']') return 0;
  found->key = (hpmq_bytes){at, 0};
  if (has_key) {
    if (*at != '"') return 0;
    const hpmq_u8 *behind = json_text_end(at, end);
    if (!behind) return 0;
    found->key.length = (hpmq_u32)(behind - at);
    at = json_space(behind, end);
    if (at >= end || *at != ':') return 0;
    at = json_space(at + 1, end);
  }
  const hpmq_u8 *behind = json_end(at, end);
  if (!behind || behind == at) return 0;
  found->value = (hpmq_bytes){at, (hpmq_u32)(behind - at)};
  found->next = behind;
  return 1;
}

static int json_is_object(hpmq_bytes value) { return value.length > 1 && value.data[0] == '{'; }
static int json_is_array(hpmq_bytes value) { return value.length > 1 && value.data[0] == '['; }
static int json_is_text(hpmq_bytes value) { return value.length > 1 && value.data[0] == '"'; }

/* Between the quotes, with its escapes. */
static hpmq_bytes json_inner(hpmq_bytes text) { return (hpmq_bytes){text.data + 1, text.length - 2}; }

static hpmq_bytes json_trim(hpmq_bytes json) {
  const hpmq_u8 *end = json.data + json.length, *at = json_space(json.data, end);
  while (end > at && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\r' || end[-1] == '\t')) end--;
  return (hpmq_bytes){at, (hpmq_u32)(end - at)};
}

/* The member of an object. */
static hpmq_bytes json_member_of(hpmq_bytes object, hpmq_bytes name) {
  json_member member;
  if (!json_is_object(object)) return (hpmq_bytes){0, 0};
  const hpmq_u8 *at = object.data + 1, *end = object.data + object.length;
  for (; json_next(at, end, 1, &member); at = member.next)
    if (hpmq_equal(json_inner(member.key), name)) return member.value;
  return (hpmq_bytes){0, 0};
}

/* By a path such as a.b; an empty one is the value itself. */
static hpmq_bytes json_find(hpmq_bytes json, hpmq_bytes path) {
  hpmq_bytes value = json_trim(json);
  hpmq_u32 from = 0;
  for (hpmq_u32 i = 0; path.length > 0 && i <= path.length; i++) {
    if (i < path.length && path.data[i] != '.') continue;
    value = json_member_of(value, (hpmq_bytes){path.data + from, i - from});
    if (!value.data) return value;
    from = i + 1;
  }
  return value;
}

/* @returns 0: it is no number */
static int json_number(hpmq_bytes text, double *number) {
  double value = 0, step = 1;
  hpmq_u32 i = 0;
  int is_negative = text.length > 0 && text.data[0] == '-', digits = 0, power = 0, is_small = 0;
  if (is_negative) i++;
  for (; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++, digits++) value = value * 10 + (text.data[i] - '0');
  if (digits == 0) return 0;
  if (i < text.length && text.data[i] == '.')
    for (i++; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
      value = value * 10 + (text.data[i] - '0');
      step *= 10;
    }
  if (i < text.length && (text.data[i] == 'e' || text.data[i] == 'E')) {
    i++;
    if (i < text.length && (text.data[i] == '-' || text.data[i] == '+')) is_small = text.data[i++] == '-';
    for (digits = 0; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++, digits++)
      if (power < 400) power = power * 10 + (text.data[i] - '0');
    if (digits == 0) return 0;
  }
  if (i != text.length) return 0;
  for (value /= step; power > 0; power--) value = is_small ? value / 10 : value * 10;
  *number = is_negative ? -value : value;
  return 1;
}

/* A text of the configuration. */
static hpmq_bytes config_text(const char *key) {
  hpmq_bytes value = hpmq_config(key);
  return json_is_text(value) ? json_inner(value) : (hpmq_bytes){0, 0};
}

#endif
