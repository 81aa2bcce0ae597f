/* Doubles as decimals and back, correctly rounded: the shortest text that reads as the same number. */
#ifndef HPMQ_DECIMAL_H
#define HPMQ_DECIMAL_H
#include "text.h"

/* Enough for 10^19 · 10^343 and 2^1140. */
#define LIMBS 48
typedef struct {
  hpmq_u32 limb[LIMBS];
  int length;
} big;

static void big_from(big *of, hpmq_u64 value) {
  of->limb[0] = (hpmq_u32)value;
  of->limb[1] = (hpmq_u32)(value >> 32);
  of->length = value >> 32 ? 2 : value ? 1 : 0;
}

static void big_times(big *of, hpmq_u32 factor) {
  hpmq_u64 carry = 0;
  for (int i = 0; i < of->length; i++) {
    carry += (hpmq_u64)of->limb[i] * factor;
    of->limb[i] = (hpmq_u32)carry;
    carry >>= 32;
  }
  if (!carry) return;
  if (of->length == LIMBS) __builtin_trap();
  of->limb[of->length++] = (hpmq_u32)carry;
}

static void big_shift(big *of, int bits) {
  int words = bits / 32;
  if (of->length == 0) return;
  if (of->length + words >= LIMBS) __builtin_trap();
  for (int i = of->length - 1; words && i >= 0; i--) of->limb[i + words] = of->limb[i];
  for (int i = 0; i < words; i++) of->limb[i] = 0;
  of->length += words;
  big_times(of, 1u << bits % 32);
}

static void big_power(big *of, int power) {
  for (; power >= 9; power -= 9) big_times(of, 1000000000u);
  for (; power > 0; power--) big_times(of, 10);
}

static int big_compare(const big *a, const big *b) {
  if (a->length != b->length) return a->length < b->length ? -1 : 1;
  for (int i = a->length - 1; i >= 0; i--)
    if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
  return 0;
}

static hpmq_u64 bits_of(double value) {
  hpmq_u64 bits;
  hpmq_copy(&bits, &value, 8);
  return bits;
}

static double from_bits(hpmq_u64 bits) {
  double value;
  hpmq_copy(&value, &bits, 8);
  return value;
}

static double scaled(double value, int power) {
  for (; power >= 22; power -= 22) value *= 1e22;
  for (; power > 0; power--) value *= 10;
  for (; power <= -22; power += 22) value /= 1e22;
  for (; power < 0; power++) value /= 10;
  return value;
}

/* digits · 10^power against the middle between this double (its bits) and the next one. */
static int against_middle(hpmq_u64 digits, int power, hpmq_u64 bits) {
  static big a, b;
  int exponent = (int)(bits >> 52);
  hpmq_u64 mantissa = (bits & ((1ull << 52) - 1)) | (exponent ? 1ull << 52 : 0);
  int two = (exponent ? exponent : 1) - 1075 - 1;
  big_from(&a, digits);
  big_from(&b, mantissa * 2 + 1);
  big_power(power > 0 ? &a : &b, power > 0 ? power : -power);
  big_shift(two > 0 ? &b : &a, two > 0 ? two : -two);
  return big_compare(&a, &b);
}

/* digits · 10^power, rounded to nearest, ties to even. Infinity: it is too large. */
static double decimal(hpmq_u64 digits, int power) {
  if (digits == 0 || power < -343) return 0;
  if (power > 309) return __builtin_inf();
  if (digits <= 1ull << 53 && power >= -22 && power <= 22) return power < 0 ? (double)digits / scaled(1, -power) : (double)digits * scaled(1, power);
  hpmq_u64 bits = bits_of(scaled((double)digits, power));
  if (bits >= 0x7ff0000000000000ull) bits = 0x7fefffffffffffffull;
  for (int i = 0; i < 128; i++) {
    int above = against_middle(digits, power, bits);
    if (above > 0 || (above == 0 && (bits & 1))) {
      if (++bits == 0x7ff0000000000000ull) break;
    } else if (bits > 0) {
      above = against_middle(digits, power, bits - 1);
      if (above > 0 || (above == 0 && !(bits & 1))) break;
      bits--;
    } else break;
  }
  return from_bits(bits);
}

typedef struct {
  double value;
  hpmq_u64 whole;
  int is_whole;
  int is_negative;
} json_value;

/* A number as RFC 8259 §6 writes it; of more than 19 digits the rest counts as 0. @returns 0: it is none */
static int read_number(hpmq_bytes text, json_value *to) {
  const hpmq_u8 *at = text.data, *end = at + text.length;
  hpmq_u64 digits = 0;
  int power = 0, exponent = 0, is_small = 0, is_cut = 0;
  to->is_negative = at < end && *at == '-';
  to->is_whole = 1;
  if (to->is_negative) at++;
  if (at >= end || *at < '0' || *at > '9' || (*at == '0' && at + 1 < end && at[1] >= '0' && at[1] <= '9')) return 0;
  for (int is_part = 0; at < end; at++) {
    if (*at == '.' && !is_part) {
      is_part = 1;
      to->is_whole = 0;
      if (at + 1 >= end || at[1] < '0' || at[1] > '9') return 0;
      continue;
    }
    if (*at < '0' || *at > '9') break;
    hpmq_u32 one = *at - '0';
    if (is_cut || digits > (0xffffffffffffffffull - one) / 10) {
      is_cut = 1;
      if (!is_part) power++;
    } else {
      digits = digits * 10 + one;
      if (is_part) power--;
    }
    if (power > 100000 || power < -100000) return 0;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    to->is_whole = 0;
    at++;
    if (at < end && (*at == '+' || *at == '-')) is_small = *at++ == '-';
    if (at >= end) return 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
      if (exponent < 100000) exponent = exponent * 10 + (*at - '0');
  }
  if (at != end) return 0;
  if (is_cut) to->is_whole = 0;
  to->whole = digits;
  to->value = decimal(digits, power + (is_small ? -exponent : exponent));
  if (to->is_negative) to->value = -to->value;
  return 1;
}

/* null for what is no finite number. */
static void put_double(hpmq_writer *to, double value) {
  if (bits_of(value) >> 63) {
    value = -value;
    if (value == value && value < __builtin_inf()) hpmq_put_u8(to, '-');
  }
  if (!(value < __builtin_inf())) {
    hpmq_put_text(to, "null");
    return;
  }
  if (value < 9007199254740992.0 && (double)(hpmq_u64)value == value) {
    put_u64(to, (hpmq_u64)value);
    return;
  }
  int power = 0;
  for (double rest = value; rest >= 10; power++) rest /= 10;
  for (double rest = value; rest < 1; power--) rest *= 10;
  hpmq_u64 digits = 0;
  int isFound = 0, count = 1;
  for (count = 15; count <= 17 && !isFound; count++) {
    digits = (hpmq_u64)(scaled(value, count - 1 - power) + 0.5);
    hpmq_u64 base = digits;
    for (hpmq_u64 off = 0; off <= (count < 17 ? 2u : 200u) && !isFound; off++)
      for (int side = 0; side < 2 && !isFound; side++) {
        digits = side ? base - off : base + off;
        isFound = decimal(digits, power - (count - 1)) == value;
      }
  }
  power -= count - 2;
  while (digits % 10 == 0) {
    digits /= 10;
    power++;
  }
  char text[20];
  int at = 20;
  do text[--at] = (char)('0' + digits % 10);
  while (digits /= 10);
  int length = 20 - at, point = length + power;
  if (point > 0 && point <= 21) {
    int before = point < length ? point : length;
    hpmq_put(to, text + at, (hpmq_u32)before);
    for (int i = length; i < point; i++) hpmq_put_u8(to, '0');
    if (point < length) {
      hpmq_put_u8(to, '.');
      hpmq_put(to, text + at + point, (hpmq_u32)(length - point));
    }
  } else if (point <= 0 && point > -6) {
    hpmq_put_text(to, "0.");
    for (int i = point; i < 0; i++) hpmq_put_u8(to, '0');
    hpmq_put(to, text + at, (hpmq_u32)length);
  } else {
    hpmq_put_u8(to, (hpmq_u8)text[at]);
    if (length > 1) {
      hpmq_put_u8(to, '.');
      hpmq_put(to, text + at + 1, (hpmq_u32)(length - 1));
    }
    hpmq_put_u8(to, 'e');
    hpmq_put_i64(to, point - 1);
  }
}

#endif
