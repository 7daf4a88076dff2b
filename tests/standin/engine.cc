// SPDX-License-Identifier: Apache-2.0
// A small engine behind the C ABI of berth_engine.h, in C++: the thread sanitizer sees all of it, which it
// can't of Rust's standard library and of guests' fibers. Its calls come back from threads of its own, as the
// engine's do.
//
// Its guests are programs of words (program.h), not WebAssembly, and have no folders, arguments or streams.

#include <condition_variable>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "call.h"

using berth::standin::Call;
using berth::standin::parse;

struct berth_runtime {
  std::mutex lock;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Call>>
      waiting;                              // a lane takes the first, lets it go on a little and puts it back
  std::set<std::shared_ptr<Call>> running;  // not yet ended
  bool closing = false;
  std::vector<std::thread> lanes;
};

struct berth_module {
  std::string program;
  berth_engine_kind kind = {};
};

/// FNV-1a: tells changes apart, and authenticates nothing.
struct Fnv {
  uint64_t value = 0xcbf29ce484222325;

  void mix(uint8_t byte) {
    value = (value ^ byte) * 0x100000001b3;
  }
};

struct berth_hasher {
  Fnv hash;
};

struct berth_call {
  std::shared_ptr<Call> call;
};

namespace {

// As in src/base/error_table.cc.
constexpr int32_t kOk = 0;
constexpr int32_t kInvalidModule = 2;
constexpr int32_t kNotFound = 3;

constexpr std::string_view kImageMagic = "stand-in image\n";
constexpr uint64_t kInstanceBytes = 1000;

std::string_view view(berth_slice slice) {
  return {reinterpret_cast<const char*>(slice.data), slice.len};
}

berth_bytes owned(std::string_view text) {
  auto* data = new uint8_t[text.size() + 1];
  std::memcpy(data, text.data(), text.size());
  return {.data = data, .len = text.size()};
}

int32_t fail(berth_bytes* error, int32_t code, std::string_view message) {
  if (error != nullptr) *error = owned(message);
  return code;
}

/// An image is the program itself, to the first null: what berth appends to its file comes after.
int32_t open_image(berth_engine_kind kind, std::string_view image, berth_module** out, berth_bytes* error) {
  if (!image.starts_with(kImageMagic)) return fail(error, kNotFound, "no image of the stand-in's");
  image.remove_prefix(kImageMagic.size());
  *out = new berth_module{.program = std::string(image.substr(0, image.find('\0'))), .kind = kind};
  return kOk;
}

void run_lane(berth_runtime* runtime) {
  std::unique_lock guard(runtime->lock);
  while (true) {
    runtime->changed.wait(guard, [&] { return runtime->closing || !runtime->waiting.empty(); });
    if (runtime->waiting.empty()) return;
    const std::shared_ptr<Call> call = runtime->waiting.front();
    runtime->waiting.pop_front();
    guard.unlock();
    const bool goes_on = call->step();
    guard.lock();
    if (goes_on) {
      runtime->waiting.push_back(call);
      runtime->changed.notify_one();
    } else {
      runtime->running.erase(call);
    }
  }
}

}  // namespace

extern "C" {

void berth_bytes_free(berth_bytes bytes) {
  delete[] bytes.data;
}

berth_hasher* berth_hasher_new() {
  return new berth_hasher;
}

void berth_hasher_update(berth_hasher* hasher, berth_slice data) {
  for (const char byte : view(data)) hasher->hash.mix(static_cast<uint8_t>(byte));
}

void berth_hasher_finish(berth_hasher* hasher, uint8_t* hash) {
  for (size_t part = 0; part < 4; ++part) {
    hasher->hash.mix(static_cast<uint8_t>(part));
    std::memcpy(hash + 8 * part, &hasher->hash.value, 8);
  }
  delete hasher;
}

void berth_image_tag(const uint8_t* key, berth_slice name, berth_slice data, uint8_t* tag) {
  berth_hasher* hasher = berth_hasher_new();
  berth_hasher_update(hasher, {.data = key, .len = 32});
  berth_hasher_update(hasher, name);
  hasher->hash.mix(0);
  berth_hasher_update(hasher, data);
  berth_hasher_finish(hasher, tag);
}

int32_t berth_runtime_new(size_t lanes, uint32_t, uint64_t, berth_runtime** out, berth_bytes*) {
  *out = new berth_runtime;
  for (size_t i = 0; i < lanes; ++i) (*out)->lanes.emplace_back(run_lane, *out);
  return kOk;
}

int32_t berth_runtime_start(const berth_runtime*, berth_bytes*) {
  return kOk;
}

void berth_runtime_free(berth_runtime* runtime) {
  if (runtime == nullptr) return;
  {
    const std::lock_guard guard(runtime->lock);
    for (const auto& call : runtime->running) call->cancel();
    runtime->closing = true;
  }
  runtime->changed.notify_all();
  for (std::thread& lane : runtime->lanes) lane.join();
  delete runtime;
}

int32_t berth_runtime_compatibility(const berth_runtime*, berth_engine_kind kind, uint64_t* out,
                                    berth_bytes*) {
  *out = 0x57a2d000 + (kind.alone ? 2 : 0) + (kind.fuel ? 1 : 0);
  return kOk;
}

int32_t berth_compile(berth_engine_kind, uint64_t, berth_slice module, berth_bytes* image, berth_needs* needs,
                      berth_bytes* error) {
  if (!parse(view(module))) return fail(error, kInvalidModule, "no program of the stand-in's words");
  *image = owned(std::string(kImageMagic).append(view(module)) + '\0');
  *needs = {.instance_bytes = kInstanceBytes, .concurrency = false, .error_contexts = false};
  return kOk;
}

int32_t berth_module_open(const berth_runtime*, berth_engine_kind kind, berth_slice image, berth_needs,
                          berth_module** out, berth_bytes* error) {
  return open_image(kind, view(image), out, error);
}

int32_t berth_module_open_executable(const berth_runtime*, berth_engine_kind kind, berth_slice image,
                                     berth_needs, berth_module** out, berth_bytes* error) {
  return open_image(kind, view(image), out, error);
}

int32_t berth_module_open_file(const berth_runtime*, berth_engine_kind kind, berth_slice path, berth_needs,
                               berth_module** out, berth_bytes* error) {
  std::ifstream file{std::string(view(path)), std::ios::binary};
  return open_image(kind, std::string{std::istreambuf_iterator<char>(file), {}}, out, error);
}

int32_t berth_module_check_command(const berth_module*, berth_bytes*) {
  return kOk;
}

int32_t berth_module_functions(const berth_module*, bool, berth_bytes* out, berth_bytes*) {
  *out = owned("");
  return kOk;
}

int32_t berth_function_new(const berth_module*, berth_slice call, bool, berth_function**,
                           berth_bytes* error) {
  return fail(error, kNotFound, view(call));
}

void berth_function_free(berth_function*) {}

void berth_module_free(berth_module* module) {
  delete module;
}

int32_t berth_describe(berth_slice module, berth_description* out, berth_bytes* error) {
  if (!parse(view(module))) return fail(error, kInvalidModule, "no program of the stand-in's words");
  *out = {.form = BERTH_FORM_COMPONENT,
          .wit = owned(""),
          .imports = owned(""),
          .exports = owned(""),
          .export_types = owned(""),
          .export_notes = owned("")};
  return kOk;
}

int32_t berth_wit_world(berth_slice, berth_slice, berth_bytes*, berth_bytes* error) {
  return fail(error, kInvalidModule, "no WIT here");
}

void berth_description_free(berth_description description) {
  berth_bytes_free(description.wit);
  berth_bytes_free(description.imports);
  berth_bytes_free(description.exports);
  berth_bytes_free(description.export_types);
  berth_bytes_free(description.export_notes);
}

int32_t berth_call_start(const berth_runtime* runtime, const berth_module* module, const berth_guest* guest,
                         berth_call** out, berth_bytes*) {
  auto call = std::make_shared<Call>(*parse(module->program), *guest, module->kind);
  *out = new berth_call{.call = call};
  auto* own =
      const_cast<berth_runtime*>(runtime);  // any thread may start a call: the lock guards what changes
  {
    const std::lock_guard guard(own->lock);
    own->running.insert(call);
    own->waiting.push_back(std::move(call));
  }
  own->changed.notify_one();
  return kOk;
}

// It serves nobody.
int32_t berth_service_new(const berth_runtime*, const berth_module*, const berth_guest*, uint32_t, uint32_t,
                          uint16_t (*)(void*, const berth_served*), void (*)(void*), berth_service**,
                          berth_bytes*) {
  return -1;
}

int32_t berth_service_try(const berth_runtime*, const berth_service*, berth_slice, berth_slice, uint64_t,
                          void (*)(void*, const berth_tried*), void*, berth_bytes*) {
  return -1;
}

berth_service* berth_service_hold(const berth_service*) {
  return nullptr;
}

void berth_service_free(berth_service*) {}

int32_t berth_listener_bind(berth_slice, size_t, berth_listener**, berth_bytes*) {
  return -1;
}

berth_bytes berth_listener_address(const berth_listener*) {
  return {};
}

void berth_listener_free(berth_listener*) {}

void berth_completion_give(berth_completion*, const berth_route*) {}

void berth_completion_free(berth_completion*) {}

berth_http_body* berth_completion_answer(berth_completion*, const berth_http_answer*) {
  return nullptr;
}

bool berth_http_body_write(const berth_http_body*, berth_slice, uint64_t) {
  return false;
}

void berth_http_body_free(berth_http_body*, bool, uint64_t) {}

bool berth_http_body_gone(const berth_http_body*) {
  return true;
}

bool berth_completion_gone(const berth_completion*) {
  return true;
}

berth_bytes berth_headers_get(const berth_headers*, berth_slice) {
  return {};
}

int32_t berth_tls_new(berth_slice, berth_slice, berth_tls**, berth_bytes*) {
  return -1;
}

int32_t berth_tls_change(const berth_tls*, berth_slice, berth_slice, berth_bytes*) {
  return -1;
}

void berth_tls_free(berth_tls*) {}

int32_t berth_server_start(const berth_runtime*, berth_listener*, const berth_server_settings*,
                           const berth_router*, const berth_tls*, berth_server**, berth_bytes*) {
  return -1;
}

void berth_server_stop(const berth_server*) {}

uint64_t berth_server_connections(const berth_server*) {
  return 0;
}

void berth_server_free(berth_server*) {}

// Nor does it post anything.
int32_t berth_post_new(berth_slice, berth_slices, berth_slice, berth_post**, berth_bytes*) {
  return -1;
}

uint16_t berth_post_port(const berth_post*) {
  return 0;
}

bool berth_post_secure(const berth_post*) {
  return false;
}

int32_t berth_post_send(const berth_post*, berth_slice, uint64_t, berth_post_answer*, berth_bytes*) {
  return -1;
}

void berth_post_end_within(const berth_post*, uint64_t) {}

void berth_post_free(berth_post*) {}

int32_t berth_client_new(berth_slice, berth_client**, berth_bytes*) {
  return -1;
}

int32_t berth_client_fetch(const berth_client*, const berth_ask*, const berth_taker*, berth_bytes*) {
  return -1;
}

void berth_client_stop(const berth_client*) {}

void berth_client_free(berth_client*) {}

// What is stored is counted by the doors, which the stand-in doesn't have.
int32_t berth_ledger_open(const berth_account*, size_t, berth_quota, berth_ledger**, berth_bytes*) {
  return -1;
}

berth_stored berth_ledger_total(const berth_ledger*) {
  return {};
}

berth_stored berth_ledger_account(const berth_ledger*, size_t) {
  return {};
}

void berth_ledger_free(berth_ledger*) {}

berth_traffic* berth_traffic_new(const berth_network_limits*) {
  return nullptr;
}

berth_connections berth_traffic_connections(const berth_traffic*) {
  return {};
}

int64_t berth_traffic_receive(const berth_traffic*, uint64_t) {
  return 0;
}

void berth_traffic_close_day(const berth_traffic*) {}

void berth_traffic_free(berth_traffic*) {}

// Instances that a program calls need a real guest.
int32_t berth_module_export(const berth_module*, berth_slice, berth_export**, berth_bytes*, berth_bytes*) {
  return -1;
}

void berth_export_free(berth_export*) {}

int32_t berth_module_imports(const berth_module*, berth_bytes*, berth_bytes*) {
  return -1;
}

int32_t berth_live_new(const berth_runtime*, const berth_module*, const berth_guest*, const berth_program*,
                       void (*)(void*, const berth_outcome*), void*, berth_live**, berth_bytes*) {
  return -1;
}

int32_t berth_live_bind(berth_live*, const berth_export*, size_t*, berth_bytes*) {
  return -1;
}

bool berth_live_on_fiber(const berth_live*) {
  return false;
}

bool berth_live_call(berth_live*, size_t, const uint64_t*, size_t, void (*)(void*, const uint64_t*, size_t),
                     void (*)(void*, const berth_outcome*), void*) {
  return false;
}

bool berth_live_go_on(berth_live*, const berth_waiter*, uint64_t, bool (*)(void*),
                      void (*)(void*, const berth_outcome*), void*) {
  return false;
}

berth_waiter* berth_waiter_new() {
  return nullptr;
}

void berth_waiter_wake(const berth_waiter*) {}

void berth_waiter_free(berth_waiter*) {}

bool berth_live_drop(berth_live*, uint64_t) {
  return false;
}

berth_canceller* berth_live_canceller(const berth_live*) {
  return nullptr;
}

void berth_canceller_cancel(const berth_canceller*) {}

void berth_canceller_free(berth_canceller*) {}

void berth_live_free(berth_live*) {}

void berth_call_cancel(const berth_call* call) {
  call->call->cancel();
}

void berth_call_free(berth_call* call) {
  delete call;
}

}  // extern "C"
