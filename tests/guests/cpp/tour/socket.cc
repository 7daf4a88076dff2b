// SPDX-License-Identifier: Apache-2.0
// One line sent and one received by `wasi:sockets`.

#include <array>
#include <cstdlib>
#include <vector>

#include "text.h"
#include "tour_steps.h"

namespace {

using Code = wasi_sockets_network_error_code_t;

/// In the WIT's order.
constexpr std::array kErrors{"unknown",
                             "access-denied",
                             "not-supported",
                             "invalid-argument",
                             "out-of-memory",
                             "timeout",
                             "concurrency-conflict",
                             "not-in-progress",
                             "would-block",
                             "invalid-state",
                             "new-socket-limit",
                             "address-not-bindable",
                             "address-in-use",
                             "remote-unreachable",
                             "connection-refused",
                             "connection-reset",
                             "connection-aborted",
                             "datagram-too-large",
                             "name-unresolvable",
                             "temporary-resolver-failure",
                             "permanent-resolver-failure"};

Told socket_error(Code code) {
  return error(code < kErrors.size() ? kErrors[code] : "unknown");
}

void wait(wasi_io_poll_own_pollable_t ready) {
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
  wasi_io_poll_pollable_drop_own(ready);
}

struct Resolved {
  std::vector<wasi_sockets_network_ip_address_t> addresses;
  Code failure = 0;
  bool failed = false;
};

Resolved resolve(wasi_sockets_network_borrow_network_t network, std::string_view host) {
  Resolved resolved;
  tour_string_t name = lent(host);
  wasi_sockets_ip_name_lookup_own_resolve_address_stream_t stream{};
  if (!wasi_sockets_ip_name_lookup_resolve_addresses(network, &name, &stream, &resolved.failure)) {
    resolved.failed = true;
    return resolved;
  }
  auto asking = wasi_sockets_ip_name_lookup_borrow_resolve_address_stream(stream);
  for (;;) {
    wasi_sockets_ip_name_lookup_option_ip_address_t next{};
    if (wasi_sockets_ip_name_lookup_method_resolve_address_stream_resolve_next_address(asking, &next,
                                                                                       &resolved.failure)) {
      if (!next.is_some) return resolved;
      resolved.addresses.push_back(next.val);
    } else if (resolved.failure == WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) {
      wait(wasi_sockets_ip_name_lookup_method_resolve_address_stream_subscribe(asking));
    } else {
      resolved.failed = true;
      return resolved;
    }
  }
}

wasi_sockets_network_ip_socket_address_t with_port(const wasi_sockets_network_ip_address_t& address,
                                                   uint16_t port) {
  wasi_sockets_network_ip_socket_address_t remote{};
  remote.tag = address.tag;
  if (address.tag == WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4) {
    remote.val.ipv4 = {port, address.val.ipv4};
  } else {
    remote.val.ipv6 = {port, 0, address.val.ipv6, 0};
  }
  return remote;
}

using Streams = wasi_sockets_tcp_tuple2_own_input_stream_own_output_stream_t;

bool connect(wasi_sockets_network_borrow_network_t network, const wasi_sockets_network_ip_address_t& address,
             uint16_t port, Streams& streams, Code& failure) {
  wasi_sockets_tcp_own_tcp_socket_t socket{};
  // The families and the kinds of address are numbered alike.
  if (!wasi_sockets_tcp_create_socket_create_tcp_socket(address.tag, &socket, &failure)) return false;
  auto dialling = wasi_sockets_tcp_borrow_tcp_socket(socket);
  auto remote = with_port(address, port);
  if (!wasi_sockets_tcp_method_tcp_socket_start_connect(dialling, network, &remote, &failure)) return false;
  while (!wasi_sockets_tcp_method_tcp_socket_finish_connect(dialling, &streams, &failure)) {
    if (failure != WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) return false;
    wait(wasi_sockets_tcp_method_tcp_socket_subscribe(dialling));
  }
  return true;  // the socket stays: the streams are its children
}

Told talk(const Streams& streams) {
  static uint8_t ping[] = {'p', 'i', 'n', 'g', '\n'};
  tour_list_u8_t line{ping, sizeof ping};
  wasi_io_streams_stream_error_t failure{};
  auto out = wasi_io_streams_borrow_output_stream(streams.f1);
  if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(out, &line, &failure)) {
    return error(failure.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED ? "closed" : "last-operation-failed");
  }
  std::string answer;
  auto in = wasi_io_streams_borrow_input_stream(streams.f0);
  while (!answer.ends_with('\n')) {
    tour_list_u8_t part{};
    if (!wasi_io_streams_method_input_stream_blocking_read(in, 1, &part, &failure)) break;
    answer.append(reinterpret_cast<const char*>(part.ptr), part.len);
    tour_list_u8_free(&part);
  }
  answer.erase(answer.find_last_not_of("\r\n") + 1);
  return {.words = std::move(answer)};
}

}  // namespace

Told ask(std::string_view target) {
  size_t colon = target.rfind(':');
  if (colon == std::string_view::npos) return error("no port");
  auto port = static_cast<uint16_t>(std::atoi(std::string(target.substr(colon + 1)).c_str()));
  std::string_view host = target.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

  auto network = wasi_sockets_network_borrow_network(wasi_sockets_instance_network_instance_network());
  Resolved resolved = resolve(network, host);
  if (resolved.failed) return socket_error(resolved.failure);
  Told last = error("no address");
  for (const auto& address : resolved.addresses) {
    Streams streams{};
    Code failure = 0;
    if (connect(network, address, port, streams, failure)) return talk(streams);
    last = socket_error(failure);
  }
  return last;
}
