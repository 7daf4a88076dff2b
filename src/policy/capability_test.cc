// SPDX-License-Identifier: Apache-2.0
#include "policy/capability.h"

#include <doctest/doctest.h>

using namespace berth;
using namespace berth::policy;

TEST_CASE("every capability is read back from its name") {
  CHECK(all_capabilities().size() == 15);
  for (Capability capability : all_capabilities()) {
    CHECK(parse_capability(capability_name(capability)) == capability);
  }
}

TEST_CASE("a misspelt capability is answered with the one that was probably meant") {
  struct Row {
    const char* written;
    const char* meant;
  };
  for (Row row :
       {Row{"fils", "files"}, Row{"Files", "files"}, Row{"http-out", "http.out"}, Row{"http", "http.out"},
        Row{"sockets.out", "socket.out"}, Row{"key-value", "keyvalue"}, Row{"envv", "env"}}) {
    auto read = parse_capability(row.written);
    REQUIRE_FALSE(read);
    CAPTURE(read.error().message);
    CHECK(read.error().message.contains(std::string("did you mean '") + row.meant + "'"));
  }
}

TEST_CASE("a word far from all is answered with all") {
  auto read = parse_capability("everything");
  REQUIRE_FALSE(read);
  CHECK(read.error().message.starts_with(
      "'everything' is not a capability; there are files, env, stdio, http.out"));
}

TEST_CASE("imports lead to the door that they knock on, whatever their version") {
  struct Row {
    const char* import;
    std::optional<Capability> capability;
  };
  using enum Capability;
  for (Row row : {Row{"wasi:filesystem/types@0.2.3", kFiles},
                  Row{"wasi:filesystem/preopens", kFiles},
                  Row{"wasi:cli/environment", kEnv},
                  Row{"wasi:cli/stdin", kStdio},
                  Row{"wasi:cli/terminal-stdout@0.2.0", kStdio},
                  Row{"wasi:cli/exit@0.2.0", std::nullopt},
                  Row{"wasi:http/outgoing-handler@0.2.0", kHttpOut},
                  Row{"wasi:http/client@0.3.0", kHttpOut},
                  Row{"wasi:http/types@0.2.0", std::nullopt},
                  Row{"wasi:sockets/tcp-create-socket", kSocketOut},
                  Row{"wasi:sockets/types@0.3.0", kSocketOut},
                  Row{"wasi:sockets/ip-name-lookup@0.2.0", kDns},
                  Row{"wasi:sockets/network@0.2.0", std::nullopt},
                  Row{"wasi:keyvalue/store@0.2.0-draft2", kKeyvalue},
                  Row{"wasi:blobstore/blobstore@0.2.0-draft", kBlobstore},
                  Row{"wasmcloud:messaging/consumer@0.2.0", kMessaging},
                  Row{"berth:content/fetch", kContent},
                  Row{"berth:activity/activity@0.1.0", kActivity},
                  Row{"berth:p2p/streams", kP2p},
                  Row{"wasi:config/store@0.2.0-rc.1", std::nullopt},
                  Row{"wasi:clocks/wall-clock@0.2.0", std::nullopt},
                  Row{"wasi:random/random", std::nullopt},
                  Row{"wasi:filesystem", std::nullopt},
                  Row{"", std::nullopt},
                  Row{"@", std::nullopt}}) {
    CAPTURE(row.import);
    CHECK(capability_of_import(row.import) == row.capability);
  }
}
