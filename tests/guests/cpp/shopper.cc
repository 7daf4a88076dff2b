// SPDX-License-Identifier: Apache-2.0
// Holds the program's carts and has counters of its own, at the level of the canonical ABI: a handle is a
// number here, so that it can be made up.

#include <stddef.h>
#include <stdint.h>

#define CARTS "shop:price/carts@1.0.0"
#define COUNTERS "shop:price/counters@1.0.0"
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

extern unsigned char __heap_base;

struct List {
  const void* at;
  size_t count;
};

namespace {

constexpr uint32_t kPage = 1 << 16;
uint32_t free_at = 0;
/// What was given out is over: the call that it was for has ended.
bool over = true;

List result;

List* returned(const void* at, size_t count) {
  result = {at, count};
  over = true;
  return &result;
}

}  // namespace

EXPORT("cabi_realloc") void* cabi_realloc(void*, size_t, size_t align, size_t bytes) {
  if (over) free_at = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&__heap_base));
  over = false;
  const uint32_t at = (free_at + static_cast<uint32_t>(align) - 1) / static_cast<uint32_t>(align) *
                      static_cast<uint32_t>(align);
  free_at = at + static_cast<uint32_t>(bytes);
  while (free_at > __builtin_wasm_memory_size(0) * kPage) {
    if (__builtin_wasm_memory_grow(0, 1) == static_cast<size_t>(-1)) __builtin_trap();
  }
  return reinterpret_cast<void*>(static_cast<uintptr_t>(at));
}

// The program's carts.
IMPORT(CARTS, "[constructor]cart") uint32_t cart_new(const char* owner, size_t length);
IMPORT(CARTS, "[method]cart.add") void cart_add(uint32_t cart, uint32_t price);
IMPORT(CARTS, "[method]cart.total") uint64_t cart_total(uint32_t cart);
IMPORT(CARTS, "[static]cart.open-carts") uint32_t cart_open_carts();
IMPORT(CARTS, "[resource-drop]cart") void cart_drop(uint32_t cart);
IMPORT(CARTS, "pay") uint64_t pay(uint32_t cart);
struct Found {
  uint8_t some;
  uint32_t cart;
};
IMPORT(CARTS, "find") void find(const char* owner, size_t length, Found* found);
IMPORT(CARTS, "all-of") void all_of(const List* owners, size_t count, List* carts);
IMPORT(CARTS, "same") uint32_t same(uint32_t a, uint32_t b);

EXPORT("shop") uint64_t shop(uint32_t carts) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < carts; ++i) {
    const uint32_t cart = cart_new("me", 2);
    for (uint32_t price = 1; price <= 3; ++price) cart_add(cart, price);
    sum += cart_total(cart);
    cart_drop(cart);
  }
  return sum;
}

EXPORT("keep") uint32_t keep(uint32_t carts) {
  uint32_t last = 0;
  for (uint32_t i = 0; i < carts; ++i) last = cart_new("kept", 4);
  return last;
}

EXPORT("total-of") uint64_t total_of(uint32_t handle) {
  return cart_total(handle);
}

EXPORT("drop-of") void drop_of(uint32_t handle) {
  cart_drop(handle);
}

EXPORT("pay-and-look") uint64_t pay_and_look(uint32_t handle) {
  const uint64_t paid = pay(handle);
  return paid + cart_total(handle);
}

EXPORT("drop-lent") void drop_lent(uint32_t cart) {
  cart_drop(cart);
}

EXPORT("look") uint64_t look(uint32_t cart) {
  const uint64_t total = cart_total(cart);
  cart_drop(cart);  // what is lent is given back
  return total;
}

EXPORT("hold") uint32_t hold(uint32_t cart) {
  cart_add(cart, 100);
  return cart;
}

EXPORT("give") uint32_t give(uint32_t handle) {
  return handle;
}

EXPORT("seek") uint32_t seek(const char* owner, size_t length) {
  Found found;
  find(owner, length, &found);
  over = true;
  if (found.some != 0) cart_drop(found.cart);
  return found.some;
}

EXPORT("both") List* both() {
  const List owners[] = {{"one", 3}, {"two", 3}};
  List carts;
  all_of(owners, 2, &carts);
  const auto* const handles = static_cast<const uint32_t*>(carts.at);
  if (same(handles[0], handles[1]) != 0 || cart_open_carts() < 2) __builtin_trap();
  return returned(handles, carts.count);
}

// The module's counters.
IMPORT("[export]" COUNTERS, "[resource-new]counter") uint32_t counter_new(uint32_t place);
IMPORT("[export]" COUNTERS, "[resource-rep]counter") uint32_t counter_place(uint32_t counter);
IMPORT("[export]" COUNTERS, "[resource-drop]counter") void counter_drop(uint32_t counter);

namespace {
uint32_t counts[1024];
bool used[1024];
uint32_t count_of_counters = 0;

uint32_t make(uint32_t start) {
  for (uint32_t place = 0; place < 1024; ++place) {
    if (used[place]) continue;
    used[place] = true;
    counts[place] = start;
    ++count_of_counters;
    return counter_new(place);
  }
  __builtin_trap();
}
}  // namespace

EXPORT(COUNTERS "#[constructor]counter") uint32_t counter_constructor(uint32_t start) {
  return make(start);
}

EXPORT(COUNTERS "#[method]counter.increment") uint32_t counter_increment(uint32_t place) {
  return ++counts[place];
}

EXPORT(COUNTERS "#[static]counter.sum") uint32_t counter_sum(uint32_t a, uint32_t b) {
  const uint32_t sum = counts[counter_place(a)] + counts[counter_place(b)];
  counter_drop(a);
  counter_drop(b);
  return sum;
}

EXPORT(COUNTERS "#[dtor]counter") void counter_destructor(uint32_t place) {
  if (counts[place] == 666) {
    for (volatile uint32_t& count = counts[place];;) count = 666;
  }
  if (counts[place] == 667) __builtin_trap();
  used[place] = false;
  --count_of_counters;
}

EXPORT(COUNTERS "#largest") uint32_t largest(const uint32_t* places, size_t count) {
  uint32_t most = 0;
  for (size_t i = 0; i < count; ++i) most = counts[places[i]] > most ? counts[places[i]] : most;
  over = true;
  return most;
}

EXPORT(COUNTERS "#some") List* some(uint32_t count) {
  static uint32_t made[1024];
  for (uint32_t i = 0; i < count; ++i) made[i] = make(i);
  return returned(made, count);
}

EXPORT(COUNTERS "#alive") uint32_t alive() {
  return count_of_counters;
}
