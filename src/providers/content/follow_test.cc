// SPDX-License-Identifier: Apache-2.0
#include "providers/content/follow.h"

#include <doctest/doctest.h>

#include "providers/content/directory_layout.h"
#include "providers/content/target.h"
#include "providers/content/testing.h"

using namespace berth;
using namespace berth::content;

namespace {

/// A tree: a/file, a/up -> ../b, a/out -> ../../x, a/abs -> /x, b/file, round -> round.
struct Tree {
  Tree() {
    const Cid file = memory.keep(Codec::kRaw, "bytes");
    const Cid b = folder({{.cid = file, .name = "file"}});
    const Cid a = folder({{.cid = file, .name = "file"},
                          {.cid = link("../b"), .name = "up"},
                          {.cid = link("../../x"), .name = "out"},
                          {.cid = link("/x"), .name = "abs"}});
    root =
        folder({{.cid = a, .name = "a"}, {.cid = b, .name = "b"}, {.cid = link("round"), .name = "round"}});
  }

  Cid folder(std::vector<PbLink> entries) {
    return add_directory(std::move(entries), {}, {}, memory).value().cid;
  }
  Cid link(std::string_view target) {
    return add_symlink(target, {}, {}, memory).value().cid;
  }
  /// What is there, or the code of the error.
  std::string at(std::string_view path, LastLink last = LastLink::kFollowed) {
    const auto node = content::follow(memory, root, path, last);
    if (node) return std::string(kind_name(node->kind));
    switch (node.error().code) {
      case ErrorCode::kNotFound:
        return "not found";
      case ErrorCode::kDenied:
        return "leads out";
      case ErrorCode::kLimit:
        return "too many links";
      default:
        return "wrong";
    }
  }

  testing::Memory memory;
  Cid root;
};

}  // namespace

TEST_CASE("a path below granted content leads where POSIX says, and never out") {
  Tree tree;
  for (const char* file :
       {"a/file", "./a//file", "a/../b/file", "a/up/file", "a/up/../a/file", "b/../a/./file"}) {
    CAPTURE(file);
    CHECK(tree.at(file) == "file");
  }
  for (const char* directory : {"", ".", "a", "a/", "a/up", "a/up/", "a/.."}) {
    CAPTURE(directory);
    CHECK(tree.at(directory) == "directory");
  }
  for (const char* out : {"..", "../a", "a/../..", "a/out", "a/abs", "/a", "a/up/../../a"}) {
    CAPTURE(out);
    CHECK(tree.at(out) == "leads out");
  }
  CHECK(tree.at("a/none") == "not found");
  CHECK(tree.at("a/file/x") == "wrong");
  CHECK(tree.at("a/file/") == "wrong");
  CHECK(tree.at("round") == "too many links");
  CHECK(tree.at("a/up", LastLink::kKept) == "symlink");
  CHECK(tree.at("a/up/", LastLink::kKept) == "directory");
}

TEST_CASE("what a symlink may put on the way is bounded") {
  Tree tree;
  tree.root = tree.folder({{.cid = tree.link(std::string(4096, 'a')), .name = "just"},
                           {.cid = tree.link(std::string(4097, 'a')), .name = "long"}});
  CHECK(tree.at("just") == "not found");
  CHECK(tree.at("long") == "too many links");
}

TEST_CASE("a path is told in one form, whatever base its CID is in") {
  const std::string v0 = "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR";
  const Cid cid = Cid::parse(v0).value();
  const std::string v1 = Cid::v1(cid.codec, cid.hash).text();
  for (const std::string& text :
       {v0, "/ipfs/" + v0, "ipfs://" + v1, Cid::v1(cid.codec, cid.hash).text(Base::kBase36)}) {
    CAPTURE(text);
    CHECK(read_target(text).value().text == "ipfs://" + v1);
  }
  const Target target = read_target(v0 + "/a b/%63").value();
  CHECK(target.text == "ipfs://" + v1 + "/a%20b/c");
  CHECK(target.path.names == std::vector<std::string>{"a b", "c"});
  CHECK(read_target("ipns://docs.example.com/a").value().name);
  CHECK_FALSE(read_target("bafy").has_value());
  CHECK_FALSE(read_target(v0 + "/" + std::string(4096, 'a')).has_value());
}
