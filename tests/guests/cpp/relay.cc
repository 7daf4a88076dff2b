// SPDX-License-Identifier: Apache-2.0
// Hands on what it gets to the program, in every type, and gives back what the program answers: a component
// that imports nothing of WASI, so that it is called directly. It is written against the canonical ABI: the
// core values of a function's parameters are the same on the way in and out, and a result that is more than
// one lies in memory. As CALLER it is without the types: it calls a few functions, as often as it is told.

#include <stddef.h>
#include <stdint.h>

#define ECHO "berth:every/echo@1.0.0"
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

extern unsigned char __heap_base;

namespace {

constexpr uint32_t kPage = 1 << 16;

uint32_t free_at = 0;
/// What was given out is over: its reader has it, or the call is.
bool over = true;

}  // namespace

EXPORT("cabi_realloc") void* cabi_realloc(void* old, size_t old_bytes, size_t align, size_t bytes) {
  if (over) free_at = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&__heap_base));
  over = false;
  const uint64_t at = (uint64_t{free_at} + align - 1) / align * align;
  const uint64_t have = uint64_t{__builtin_wasm_memory_size(0)} * kPage;
  if (at + bytes > have) {
    const auto pages = static_cast<size_t>((at + bytes - have + kPage - 1) / kPage);
    if (__builtin_wasm_memory_grow(0, pages) == static_cast<size_t>(-1)) __builtin_trap();
  }
  free_at = static_cast<uint32_t>(at + bytes);
  auto* const given = reinterpret_cast<unsigned char*>(static_cast<uintptr_t>(at));
  if (old != nullptr) __builtin_memcpy(given, old, old_bytes < bytes ? old_bytes : bytes);
  return given;
}

IMPORT("$root", "log") void import_log(const char* line, size_t length);
IMPORT("$root", "add") int32_t import_add(int32_t a, int32_t b);
struct Text {
  const char* at;
  size_t length;
};
IMPORT("$root", "greet") void import_greet(const char* name, size_t length, Text* result);

EXPORT("say") void export_say(const char* line, size_t length) {
  import_log(line, length);
  over = true;
}

EXPORT("adds") uint32_t export_adds(uint32_t times) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < times; ++i) sum = import_add(sum, 1);
  return static_cast<uint32_t>(sum);
}

EXPORT("greets") uint32_t export_greets(uint32_t times) {
  uint32_t bytes = 0;
  for (uint32_t i = 0; i < times; ++i) {
    Text answer;
    import_greet("sixteen letters!", 16, &answer);
    bytes += answer.length;
    over = true;
  }
  return bytes;
}

#ifndef CALLER

namespace {

/// Where results lie that are more than one core value.
alignas(8) unsigned char results[128];

int32_t relayed() {
  over = true;
  return static_cast<int32_t>(reinterpret_cast<intptr_t>(results));
}

int32_t result_at() {
  return static_cast<int32_t>(reinterpret_cast<intptr_t>(results));
}

}  // namespace

// One core value out.
#define RELAY(symbol, name, R, parameters, ...)        \
  IMPORT(ECHO, name) R import_##symbol parameters;     \
  EXPORT(ECHO "#" name) R export_##symbol parameters { \
    const R result = import_##symbol(__VA_ARGS__);     \
    over = true;                                       \
    return result;                                     \
  }
// More than one: they lie in memory.
#define WITH_RESULT(...) (__VA_ARGS__, int32_t result)
#define RELAY_MORE(symbol, name, parameters, declared, ...)  \
  IMPORT(ECHO, name) void import_##symbol declared;          \
  EXPORT(ECHO "#" name) int32_t export_##symbol parameters { \
    import_##symbol(__VA_ARGS__, result_at());               \
    return relayed();                                        \
  }
#define RELAY_LIST(symbol, name) \
  RELAY_MORE(symbol, name, (int32_t at, int32_t count), WITH_RESULT(int32_t at, int32_t count), at, count)

RELAY(bools, "bools", int32_t, (int32_t v), v)
RELAY(s8s, "s8s", int32_t, (int32_t v), v)
RELAY(u8s, "u8s", int32_t, (int32_t v), v)
RELAY(s16s, "s16s", int32_t, (int32_t v), v)
RELAY(u16s, "u16s", int32_t, (int32_t v), v)
RELAY(s32s, "s32s", int32_t, (int32_t v), v)
RELAY(u32s, "u32s", int32_t, (int32_t v), v)
RELAY(s64s, "s64s", int64_t, (int64_t v), v)
RELAY(u64s, "u64s", int64_t, (int64_t v), v)
RELAY(f32s, "f32s", float, (float v), v)
RELAY(f64s, "f64s", double, (double v), v)
RELAY(chars, "chars", int32_t, (int32_t v), v)
RELAY(colours, "colours", int32_t, (int32_t v), v)
RELAY(accesses, "accesses", int32_t, (int32_t v), v)
RELAY(all_bits, "all-bits", int32_t, (int32_t v), v)
RELAY(empty_results, "empty-results", int32_t, (int32_t v), v)
RELAY_LIST(texts, "texts")
RELAY_LIST(bytes, "bytes")
RELAY_LIST(numbers, "numbers")
RELAY_LIST(doubles, "doubles")
RELAY_LIST(many_bools, "many-bools")
RELAY_LIST(many_chars, "many-chars")
RELAY_LIST(many_texts, "many-texts")
RELAY_LIST(nested, "nested")
RELAY_LIST(many_readings, "many-readings")
RELAY_LIST(many_shapes, "many-shapes")
RELAY_LIST(many_options, "many-options")
RELAY_MORE(points, "points", (float x, float y), WITH_RESULT(float x, float y), x, y)
RELAY_MORE(readings, "readings",
           (int64_t id, int32_t name, int32_t name_length, int32_t values, int32_t count, int32_t ok,
            int32_t a, int32_t b, int64_t c, float d),
           WITH_RESULT(int64_t id, int32_t name, int32_t name_length, int32_t values, int32_t count,
                       int32_t ok, int32_t a, int32_t b, int64_t c, float d),
           id, name, name_length, values, count, ok, a, b, c, d)
RELAY_MORE(tuples, "tuples", (int32_t a, int32_t at, int32_t length, int64_t c),
           WITH_RESULT(int32_t a, int32_t at, int32_t length, int64_t c), a, at, length, c)
RELAY_MORE(shapes, "shapes", (int32_t which, int64_t a, int32_t b, float c, float d),
           WITH_RESULT(int32_t which, int64_t a, int32_t b, float c, float d), which, a, b, c, d)
RELAY_MORE(options, "options", (int32_t some, int32_t at, int32_t length),
           WITH_RESULT(int32_t some, int32_t at, int32_t length), some, at, length)
RELAY_MORE(results, "results", (int32_t which, int32_t a, int32_t b),
           WITH_RESULT(int32_t which, int32_t a, int32_t b), which, a, b)
RELAY_MORE(deep, "deep", (int32_t some, int32_t which, int32_t a, int32_t b),
           WITH_RESULT(int32_t some, int32_t which, int32_t a, int32_t b), some, which, a, b)
// More than sixteen parameters lie in memory, too.
RELAY_MORE(joined, "joined", (int32_t parameters), WITH_RESULT(int32_t parameters), parameters)

IMPORT(ECHO, "nothing") void import_nothing();
EXPORT(ECHO "#nothing") void export_nothing() {
  import_nothing();
}

#endif
