// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a gateway answers: its head, which is known once the path has been followed, and its body, which is
// read as it goes out.
//
// One thread at a time.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/answer.h"
#include "providers/content/block.h"
#include "providers/content/input.h"
#include "serve/gateway_ask.h"

namespace berth::serve {

/// Where a gateway's content comes from. The functions are for any thread, as `blocks` is.
struct GatewaySource {
  content::BlockSource* blocks = nullptr;
  /// Whether a block can be had at once.
  std::function<bool(const content::Cid&)> has;
  /// The record of an IPNS name, as it is signed; kNotFound where there is none.
  std::function<Result<std::string>(const std::string&)> record;
  bool files = true;  // in forms that a client can't check, too: as browsers want them
};

struct GatewayReply {
  engine::OwnAnswer head;
  /// Writes the body. An error is for the log: the client is cut off.
  std::function<Result<void>(const content::WriteAll&)> body = {};
};

/// An error is a reply as well. What `source` points at outlives the reply.
GatewayReply gateway_reply(const GatewayAsk& ask, const GatewaySource& source);
GatewayReply gateway_reply(const GatewayRefusal& refusal);
/// What went wrong before anything was said.
GatewayReply gateway_reply(const Error& error);
/// To OPTIONS: what pages of other origins may ask for.
GatewayReply gateway_preflight();

}  // namespace berth::serve
