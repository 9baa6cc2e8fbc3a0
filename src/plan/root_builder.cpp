// SPDX-License-Identifier: Apache-2.0
#include "wasifs/root_builder.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/path.h"
#include "plan/layer_source.h"
#include "plan/make_plan.h"
#include "plan/package_loader.h"
#include "plan/prepare.h"
#include "plan/run_reader.h"

namespace wasifs {

namespace {

/// A call, as messages and places show it.
std::string label_of(std::string_view call, std::string_view what) {
  return std::string(call) + " " + quoted(what);
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

/// A builder is a manifest that nobody has written: all that comes after the calls
/// reads that, as it does for a document.
struct RootBuilder::State {
  plan::Manifest manifest;
  std::vector<FilesystemPtr> provided;
  std::optional<std::string> store;
  std::optional<Diagnostic> error;  ///< of the first call that was wrong

  void refuse(const std::string& label, std::string_view why, std::string hint = {}) {
    if (error) return;
    error = Diagnostic{
        .trouble = Trouble::usage, .message = label + ": " + std::string(why), .hint = std::move(hint)};
  }

  /// Notes the file system as the only layer of a mount.
  void mount(const std::string& label, std::string guest, FilesystemPtr fs, Access access) {
    if (fs == nullptr) return refuse(label, "there is no file system");
    Outcome<std::string> path = normalize_guest_path(guest);
    if (!path) return refuse(label, path.error().message, path.error().hint);
    const SourceLocation where{.file = label};
    plan::LayerSource layer{.kind = plan::LayerSource::Kind::provided,
                            .written = fs->describe(),
                            .path = {},
                            .provided = provided.size(),
                            .where = where};
    provided.push_back(std::move(fs));
    manifest.mounts.push_back({.guest = {std::move(guest), where},
                               .guest_path = *std::move(path),
                               .type = plan::MountType::provided,
                               .access = access,
                               .layers = {std::move(layer)},
                               .where = where,
                               .origin = label});
  }

  void preopen(const std::string& label, Preopen preopen) {
    auto path = plan::normalize_absolute(preopen.path, "preopen path");
    if (!path) return refuse(label, path.error().message, path.error().hint);
    const bool named = !preopen.alias.empty();
    auto alias = named ? plan::normalize_alias(preopen.alias) : path;
    if (!alias) return refuse(label, alias.error().message, alias.error().hint);
    Rights& rights = preopen.rights;
    if (!rights.read && !rights.write && !rights.create) return refuse(label, "it has no rights");
    rights.write = rights.write || rights.create;
    preopen.path = *std::move(path);
    preopen.alias = *std::move(alias);
    preopen.where = {.file = label};
    if (!manifest.preopens) manifest.preopens.emplace();
    // Leading slashes of an alias do not count.
    const auto bare = [](const Preopen& one) {
      return one.alias.substr(std::min(one.alias.find_first_not_of('/'), one.alias.size()));
    };
    if (std::ranges::find(*manifest.preopens, bare(preopen), bare) != manifest.preopens->end()) {
      return refuse(label, "the alias " + quoted(preopen.alias) + " is taken already");
    }
    manifest.preopens->push_back(std::move(preopen));
  }
};

RootBuilder::RootBuilder() : state_(std::make_unique<State>()) {}
RootBuilder::RootBuilder(RootBuilder&&) noexcept = default;
RootBuilder& RootBuilder::operator=(RootBuilder&&) noexcept = default;
RootBuilder::~RootBuilder() = default;

RootBuilder& RootBuilder::empty_base() {
  state_->manifest.empty_base = true;
  return *this;
}

RootBuilder& RootBuilder::conflict(ConflictMode mode) {
  state_->manifest.conflict = mode;
  return *this;
}

RootBuilder& RootBuilder::memory_limit(std::uint64_t bytes) {
  state_->manifest.memory_limit = bytes;
  return *this;
}

RootBuilder& RootBuilder::inode_limit(std::uint64_t inodes) {
  state_->manifest.inode_limit = inodes;
  return *this;
}

RootBuilder& RootBuilder::limits(const FsLimits& limits) {
  state_->manifest.capabilities.fs = limits;
  return *this;
}

RootBuilder& RootBuilder::add_mount(std::string guest, FilesystemPtr fs, Access access) {
  const std::string label = label_of("add_mount", guest);
  state_->mount(label, std::move(guest), std::move(fs), access);
  return *this;
}

RootBuilder& RootBuilder::add_root_layer(FilesystemPtr fs) {
  const std::string label = fs == nullptr ? "add_root_layer" : label_of("add_root_layer", fs->describe());
  state_->mount(label, "/", std::move(fs), Access::ro);
  return *this;
}

RootBuilder& RootBuilder::root_upper(FilesystemPtr fs) {
  const std::string label = fs == nullptr ? "root_upper" : label_of("root_upper", fs->describe());
  auto& mounts = state_->manifest.mounts;
  if (std::ranges::any_of(mounts, &plan::MountEntry::write_through)) {
    state_->refuse(label, "the root has an upper already");
    return *this;
  }
  const std::size_t before = mounts.size();
  state_->mount(label, "/", std::move(fs), Access::rw);
  if (mounts.size() > before) mounts.back().write_through = true;
  return *this;
}

RootBuilder& RootBuilder::inject(std::string package) {
  const std::string label = label_of("inject", package);
  if (package.empty()) {
    state_->refuse(label, "the path of the package is empty");
  } else if (has_nul(package)) {
    state_->refuse(label, "it contains a NUL byte");
  } else {
    state_->manifest.uses.push_back(
        plan::whole_source(plan::LayerSource::Kind::webc, {std::move(package), {.file = label}}, {}));
  }
  return *this;
}

RootBuilder& RootBuilder::store(std::string folder) {
  state_->store = std::move(folder);
  return *this;
}

RootBuilder& RootBuilder::add_arg(std::string arg) {
  const std::string label = label_of("add_arg", arg);
  if (has_nul(arg)) {
    state_->refuse(label, "it contains a NUL byte", "no program can take it");
  } else {
    state_->manifest.run.args.push_back({std::move(arg), {.file = label}});
  }
  return *this;
}

RootBuilder& RootBuilder::add_env(std::string name, std::string value) {
  const std::string label = label_of("add_env", name);
  EnvVar variable{.name = std::move(name), .value = std::move(value)};
  if (const std::string problem = plan::env_problem(variable); !problem.empty()) {
    state_->refuse(label, problem);
  } else {
    state_->manifest.run.env.push_back({std::move(variable), {.file = label}});
  }
  return *this;
}

RootBuilder& RootBuilder::cwd(std::string path) {
  const std::string label = label_of("cwd", path);
  const Outcome<std::string> normal = plan::normalize_absolute(path, "working directory");
  if (normal) {
    state_->manifest.run.cwd = plan::Located<std::string>{std::move(path), {.file = label}};
  } else {
    state_->refuse(label, normal.error().message, normal.error().hint);
  }
  return *this;
}

RootBuilder& RootBuilder::add_preopen(Preopen preopen) {
  const std::string label = label_of("add_preopen", preopen.path);
  state_->preopen(label, std::move(preopen));
  return *this;
}

Outcome<PreparedRoot> RootBuilder::build() const {
  const State& state = *state_;
  if (state.error) return fail(*state.error);
  plan::StorePlace store;
  if (state.store) store = {.folder = *state.store, .from = "store()"};
  plan::PackageLoader loader(std::move(store), true);
  for (const plan::PackageNeed& need : plan::needed_packages(state.manifest)) {
    if (auto loaded = loader.load(need); !loaded) return fail(std::move(loaded.error()));
  }
  const plan::LoadedPackages packages = std::move(loader).take();
  Outcome<Plan> plan = plan::make_plan(state.manifest, packages.catalogue);
  if (!plan) return fail(std::move(plan.error()));
  return plan::prepare(*std::move(plan), packages.files, now(), state.provided);
}

}  // namespace wasifs
