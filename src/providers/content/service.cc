// SPDX-License-Identifier: Apache-2.0
#include "providers/content/service.h"

#include "base/os/file.h"
#include "base/os/user.h"
#include "providers/content/settings_file.h"

namespace berth::content {

Result<std::shared_ptr<Service>> Service::open() {
  const SettingsFile settings = BERTH_TRY(read_settings());
  auto store = BERTH_TRY(Store::open_users());
  // How gateways answered is remembered by the verbs alone: a file that a guest's process writes is one more
  // within its reach.
  auto retrieval = BERTH_TRY(Retrieval::create(
      *store, {.gateways = settings.gateways, .routers = settings.routing, .web = {}, .memory = {}}));
  const UserFolders folders = BERTH_TRY(user_folders());
  BERTH_TRY_VOID(make_private_folder(folders.state));
  NamesOptions names{.routers = settings.routing,
                     .gateways = &retrieval->gateways(),
                     .web = {},
                     .folder = names_folder(folders)};
  // What the second wall lets through has to be there.
  BERTH_TRY_VOID(make_private_folder(names.folder));
  return std::shared_ptr<Service>(
      new Service(std::move(store), std::move(retrieval), std::move(names), settings.verify_every));
}

Result<ContentPath> Service::resolve(const NamePath& path) const {
  return Names(names_).resolve(path);
}

Result<std::shared_ptr<Service>> SharedService::get() {
  const std::scoped_lock lock(mutex_);
  if (!service_) service_ = BERTH_TRY(Service::open());
  return service_;
}

}  // namespace berth::content
