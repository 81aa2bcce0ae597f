/* Texts of JSON, UTF-8, base64url, numbers of any length. */
#ifndef HPMQ_TEXT_H
#define HPMQ_TEXT_H
#include "json.h"

/* RFC 3629: no overlong forms, no surrogates. */
static int is_utf8(hpmq_bytes text) {
  for (hpmq_u32 i = 0; i < text.length;) {
    hpmq_u32 lead = text.data[i++], more, code, least;
    if (lead < 0x80) continue;
    if (lead >= 0xf5 || lead < 0xc2) return 0;
    more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
    code = lead & (0x3fu >> more);
    if (text.length - i < more) return 0;
    for (; more > 0; more--, i++) {
      if ((text.data[i] & 0xc0) != 0x80) return 0;
      code = code << 6 | (text.data[i] & 0x3f);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
  }
  return 1;
}

static void put_utf8(hpmq_writer *to, hpmq_u32 code) {
  if (code < 0x80) hpmq_put_u8(to, (hpmq_u8)code);
  else {
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    hpmq_put_u8(to, (hpmq_u8)((0xff00u >> (more + 1) & 0xff) | code >> (6 * more)));
    while (more-- > 0) hpmq_put_u8(to, (hpmq_u8)(0x80 | (code >> (6 * more) & 0x3f)));
  }
}

/* Four hexadecimal digits; 0x10000: they are none. */
static hpmq_u32 hex4(const hpmq_u8 *at, const hpmq_u8 *end) {
  hpmq_u32 code = 0;
  if (end - at < 4) return 0x10000;
  for (int i = 0; i < 4; i++) {
    hpmq_u32 one = at[i], digit = one >= '0' && one <= '9' ? one - '0' : (one | 32) >= 'a' && (one | 32) <= 'f' ? (one | 32) - 'a' + 10 : 16;
    if (digit > 15) return 0x10000;
    code = code << 4 | digit;
  }
  return code;
}

/* What a JSON text says, from between its quotes (RFC 8259 §7). @returns 0: it is no text, or no UTF-8 */
static int put_unescaped(hpmq_writer *to, hpmq_bytes inner) {
  static const char names[] = "\"\\/bfnrt", says[] = "\"\\/\b\f\n\r\t";
  const hpmq_u8 *at = inner.data, *end = at + inner.length, *from = at;
  if (!is_utf8(inner)) return 0;
  for (; at < end; at++) {
    if (*at < ' ' || *at == '"') return 0;
    if (*at != '\\') continue;
    hpmq_put(to, from, (hpmq_u32)(at - from));
    if (++at >= end) return 0;
    if (*at == 'u') {
      hpmq_u32 code = hex4(at + 1, end);
      if (code > 0xffff || (code >= 0xdc00 && code < 0xe000)) return 0;
      at += 4;
      if (code >= 0xd800 && code < 0xdc00) {
        if (end - at < 3 || at[1] != '\\' || at[2] != 'u') return 0;
        hpmq_u32 low = hex4(at + 3, end);
        if (low < 0xdc00 || low > 0xdfff) return 0;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
      put_utf8(to, code);
    } else {
      int i = 0;
      while (names[i] && names[i] != *at) i++;
      if (!names[i]) return 0;
      hpmq_put_u8(to, (hpmq_u8)says[i]);
    }
    from = at + 1;
  }
  hpmq_put(to, from, (hpmq_u32)(end - from));
  return 1;
}

/* Between quotes, and escaped. @returns 0: it is no UTF-8 */
static int put_text(hpmq_writer *to, hpmq_bytes text) {
  static const char hex[] = "0123456789abcdef";
  if (!is_utf8(text)) return 0;
  hpmq_put_u8(to, '"');
  hpmq_u32 from = 0;
  for (hpmq_u32 i = 0; i < text.length; i++) {
    hpmq_u8 one = text.data[i];
    if (one >= ' ' && one != '"' && one != '\\') continue;
    hpmq_put(to, text.data + from, i - from);
    from = i + 1;
    hpmq_put_u8(to, '\\');
    if (one == '\n') hpmq_put_u8(to, 'n');
    else if (one == '\t') hpmq_put_u8(to, 't');
    else if (one >= ' ') hpmq_put_u8(to, one);
    else {
      hpmq_put_text(to, "u00");
      hpmq_put_u8(to, (hpmq_u8)hex[one >> 4]);
      hpmq_put_u8(to, (hpmq_u8)hex[one & 15]);
    }
  }
  hpmq_put(to, text.data + from, text.length - from);
  hpmq_put_u8(to, '"');
  return 1;
}

/* RFC 4648 §5 without padding, as RFC 8949 §6.1 wants it; §4 with padding for `is_plain`. */
static void put_base64(hpmq_writer *to, hpmq_bytes bytes, int is_plain) {
  const char *digits = is_plain ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                                : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (hpmq_u32 i = 0; i < bytes.length; i += 3) {
    hpmq_u32 left = bytes.length - i, three = (hpmq_u32)bytes.data[i] << 16;
    if (left > 1) three |= (hpmq_u32)bytes.data[i + 1] << 8;
    if (left > 2) three |= bytes.data[i + 2];
    for (hpmq_u32 j = 0; j < 4; j++) {
      if (j <= left) hpmq_put_u8(to, (hpmq_u8)digits[three >> (18 - 6 * j) & 63]);
      else if (is_plain) hpmq_put_u8(to, '=');
    }
  }
}

static void put_u64(hpmq_writer *to, hpmq_u64 value) {
  char digits[20];
  int at = 20;
  do digits[--at] = (char)('0' + value % 10);
  while (value /= 10);
  hpmq_put(to, digits + at, (hpmq_u32)(20 - at));
}

#endif
