// SPDX-License-Identifier: Apache-2.0
#pragma once
// The narrowest grants that open what was knocked on. `decide` suggests what a person would write, such as a
// whole folder of a server; this is the least that a grant can say: one method on one path, one port of one
// host, the one folder that holds a file.
//
// Where a path of a guest's lies on a machine is for the caller to find out. Pure; safe on any thread.

#include <string>
#include <string_view>
#include <vector>

#include "policy/decide.h"

namespace berth::policy {

/// Whether the grants allow the use, whatever its door said when it was refused.
bool allows(const std::vector<Grant>& grants, const Knock& use);

/// The folder that a path lies in: "/a" of "/a/b", "/" of "/a" and of "/".
std::string folder_above(std::string_view path);

/// The guest's folder that has to be open for a `files` knock on `path`: the path itself where it is a folder
/// and is only looked at, else the folder that it lies in.
std::string folder_to_open(const Knock& knock, std::string_view path, bool is_folder);

/// The narrowest grants that together make `decide` allow the knock, whatever its reason; none where no
/// grants would. Mostly one; two for a request by name that leads to a special address. Not for `files`.
std::vector<Grant> exact_grants(const Knock& knock);

}  // namespace berth::policy
