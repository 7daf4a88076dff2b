// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the verbs of berth content share; each is a function that is handed the command line after its own
// name.

#include <string>
#include <string_view>

#include "cli/options.h"
#include "providers/content/input.h"
#include "providers/content/store.h"
#include "providers/content/tree.h"

namespace berth::cli {

int content_add(const Arguments& arguments);
int content_get(const Arguments& arguments);
int content_ls(const Arguments& arguments);
int content_stat(const Arguments& arguments);
int content_pin(const Arguments& arguments);
int content_unpin(const Arguments& arguments);
int content_gc(const Arguments& arguments);
int content_verify(const Arguments& arguments);
int content_export(const Arguments& arguments);
int content_import(const Arguments& arguments);
int content_commp(const Arguments& arguments);
int content_providers(const Arguments& arguments);
int content_publish(const Arguments& arguments);
int content_serve(const Arguments& arguments);

/// Bytes to standard output; a reader who has gone is kUnavailable.
Result<void> write_out(std::string_view bytes);

/// The bytes of a file, or of standard input for "-".
Result<content::ReadSome> bytes_of(const std::string& path);

/// What a path leads to: a CID, and names below it.
Result<content::Cid> find_content(content::BlockSource& source, const std::string& path);

/// Makes room where the store has become larger than it may be; nobody is waited for. Where that fails it is
/// said, and no failure of what was done before.
void keep_to_quota(content::Store& store, uint64_t most_bytes);
/// As content.toml says.
void keep_to_quota(content::Store& store);

}  // namespace berth::cli
