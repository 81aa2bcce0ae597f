/* The guest's side of ABI hpmq-fn/1 for tests: no libc, memory that is taken once and used again after each call. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("hpmq"), import_name(#name)))
#define PAGE 65536u

extern u8 __heap_base;
static u32 top;

static void *take(u32 length) {
  if (top == 0) top = (u32)&__heap_base;
  u32 start = (top + 7) & ~7u;
  u32 have = __builtin_wasm_memory_size(0) * PAGE;
  if (start + length > have) {
    u32 pages = (start + length - have + PAGE - 1) / PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == (unsigned long)-1) __builtin_trap();
  }
  top = start + length;
  return (void *)start;
}

#ifndef ABI
#define ABI 1
#endif
EXPORT(hpmq_abi) u32 hpmq_abi(void) { return ABI; }
EXPORT(hpmq_alloc) void *hpmq_alloc(u32 length) { return take(length); }
EXPORT(hpmq_free) void hpmq_free(void *start, u32 length) { top = (u32)&__heap_base; }

static u64 frame(const void *start, u32 length) { return (u64)(u32)start << 32 | length; }
static u16 read16(const u8 *at) { return at[0] | at[1] << 8; }
static u32 read32(const u8 *at) { return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24; }

/* Bytes of the message record at the start of the input. */
static u32 record_length(const u8 *in) {
  u32 at = 1 + 2 + read16(in + 1);
  at += 4 + read32(in + at);
  u32 count = read16(in + at);
  for (at += 2; count > 0; count--) {
    at += 1 + 2 + read16(in + at + 1);
    at += 4 + read32(in + at);
  }
  return at;
}
