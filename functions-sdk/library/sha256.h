/* HMAC-SHA-256 (RFC 2104, FIPS 180-4). */
#ifndef HPMQ_SHA256_H
#define HPMQ_SHA256_H
#include "hpmq-function.h"

static const hpmq_u32 sha256_rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

typedef struct {
  hpmq_u32 state[8];
  hpmq_u8 block[64];
  hpmq_u32 length;
} sha256;

static void sha256_start(sha256 *of) {
  static const hpmq_u32 first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  hpmq_copy(of->state, first, 32);
  of->length = 0;
}

static hpmq_u32 turned(hpmq_u32 value, int bits) { return value >> bits | value << (32 - bits); }

static void sha256_block(sha256 *of) {
  hpmq_u32 w[64], s[8];
  for (int i = 0; i < 16; i++)
    w[i] = (hpmq_u32)of->block[4 * i] << 24 | (hpmq_u32)of->block[4 * i + 1] << 16 | (hpmq_u32)of->block[4 * i + 2] << 8 | of->block[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7] + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3) +
           (turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10);
  hpmq_copy(s, of->state, 32);
  for (int i = 0; i < 64; i++) {
    hpmq_u32 one = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha256_rounds[i] + w[i];
    hpmq_u32 two = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    for (int j = 7; j > 0; j--) s[j] = s[j - 1];
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) of->state[i] += s[i];
}

static void sha256_add(sha256 *of, const hpmq_u8 *data, hpmq_u32 length) {
  for (hpmq_u32 i = 0; i < length; i++) {
    of->block[of->length++ % 64] = data[i];
    if (of->length % 64 == 0) sha256_block(of);
  }
}

static void sha256_end(sha256 *of, hpmq_u8 *digest) {
  hpmq_u64 bits = (hpmq_u64)of->length * 8;
  hpmq_u8 one = 0x80, tail[8];
  sha256_add(of, &one, 1);
  for (one = 0; of->length % 64 != 56;) sha256_add(of, &one, 1);
  for (int i = 0; i < 8; i++) tail[i] = (hpmq_u8)(bits >> (56 - 8 * i));
  sha256_add(of, tail, 8);
  for (int i = 0; i < 32; i++) digest[i] = (hpmq_u8)(of->state[i / 4] >> (24 - 8 * (i % 4)));
}

static void hmac_sha256(hpmq_bytes key, hpmq_bytes data, hpmq_u8 *digest) {
  sha256 of;
  hpmq_u8 pad[64] = {0};
  if (key.length > 64) {
    sha256_start(&of);
    sha256_add(&of, key.data, key.length);
    sha256_end(&of, pad);
  } else hpmq_copy(pad, key.data, key.length);
  for (int i = 0; i < 64; i++) pad[i] ^= 0x36;
  sha256_start(&of);
  sha256_add(&of, pad, 64);
  sha256_add(&of, data.data, data.length);
  sha256_end(&of, digest);
  for (int i = 0; i < 64; i++) pad[i] ^= 0x36 ^ 0x5c;
  sha256_start(&of);
  sha256_add(&of, pad, 64);
  sha256_add(&of, digest, 32);
  sha256_end(&of, digest);
}

#endif
