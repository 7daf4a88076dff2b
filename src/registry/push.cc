// SPDX-License-Identifier: Apache-2.0
#include "registry/push.h"

#include "registry/credentials.h"
#include "registry/oci.h"

namespace berth::registry {

Result<Digest> push(const OciName& to, const PushedModule& module, std::string_view bytes,
                    const OriginOptions& options) {
  const web::WebOptions web = BERTH_TRY(web_options(options));
  std::string config = BERTH_TRY(docker_config());
  const auto repository = BERTH_TRY(Repository::open(to, web, std::move(config)));
  const Pushed pushed = write_manifest(module);
  BERTH_TRY_VOID(repository->push_blob(module.digest, bytes));
  BERTH_TRY_VOID(repository->push_blob(sha256(pushed.config), pushed.config));
  BERTH_TRY_VOID(repository->push_manifest(pushed.manifest, to.reference()));
  return sha256(pushed.manifest);
}

}  // namespace berth::registry
