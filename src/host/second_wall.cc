// SPDX-License-Identifier: Apache-2.0
#include "host/second_wall.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "base/os/user.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;
using policy::Capability;

bool stays_inside(const policy::Grant& grant) {
  const auto* http = std::get_if<policy::HttpOutGrant>(&grant.extent);
  return http != nullptr && policy::stays_inside(*http);
}

bool grants_any(const policy::Policy& policy, std::initializer_list<Capability> capabilities) {
  return std::ranges::any_of(policy.grants, [&](const policy::Grant& grant) {
    return !stays_inside(grant) && std::ranges::find(capabilities, grant.capability) != capabilities.end();
  });
}

/// What names are looked up by.
void add_name_files(std::vector<std::string>& paths) {
  paths.insert(paths.end(), {"/etc/resolv.conf", "/etc/hosts"});
  // Who writes it below /run puts another file in its place, so that a rule for this one wouldn't last.
  std::error_code error;
  const fs::path folder = fs::canonical("/etc/resolv.conf", error).parent_path();
  if (!error && folder != "/etc") paths.push_back(folder.string());
}

/// The certificates of this machine, where the systems that rustls-native-certs knows keep them, and what
/// their links lead to.
void add_certificates(std::vector<std::string>& paths) {
  const auto own_file = environment("SSL_CERT_FILE");
  const auto own_folders = environment("SSL_CERT_DIR");
  if (own_file) paths.push_back(*own_file);
  std::string_view rest = own_folders ? std::string_view(*own_folders) : std::string_view();
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    paths.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  paths.insert(paths.end(), {"/etc/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
                             "/etc/ca-certificates", "/etc/pki", "/usr/share/pki", "/usr/lib/ssl/certs",
                             "/etc/security/certificates", "/opt/etc/ssl/certs",
                             "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"});
}

}  // namespace

WallPlan wall_for(const policy::Policy& policy, std::vector<std::string> own) {
  WallPlan plan{.readable = {}, .writable = std::move(own)};
  for (const policy::Grant& grant : policy.grants) {
    const auto* files = std::get_if<policy::FilesGrant>(&grant.extent);
    if (files != nullptr && files->content.empty()) {
      const bool writable = files->access == policy::Access::kReadWrite;
      (writable ? plan.writable : plan.readable).push_back(files->host_path);
    }
  }
  using enum Capability;
  if (grants_any(policy, {kHttpOut, kSocketOut, kSocketIn, kDns})) plan.tcp = WallPlan::Tcp::kOpen;
  if (grants_any(policy, {kHttpOut, kSocketOut, kDns})) add_name_files(plan.readable);
  if (grants_any(policy, {kHttpOut})) add_certificates(plan.readable);
  return plan;
}

void let_reach_network(WallPlan& plan) {
  plan.tcp = WallPlan::Tcp::kOpen;
  add_name_files(plan.readable);
  add_certificates(plan.readable);
}

void let_reach(WallPlan& plan, const OwnServer& server) {
  plan.ports.push_back(server.port);
  add_name_files(plan.readable);
  if (server.machines_roots) add_certificates(plan.readable);
}

}  // namespace berth::host
