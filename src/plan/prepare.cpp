// SPDX-License-Identifier: Apache-2.0
#include "plan/prepare.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <memory>

#include "base/mapping.h"
#include "base/path.h"
#include "base/quota.h"
#include "compose/file_in_folder.h"
#include "compose/labelled.h"
#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fs/memory/memory_fs.h"
#include "plan/base_root.h"
#include "plan/composed_package.h"
#include "plan/lasting_layer.h"
#include "plan/layer_opener.h"
#include "plan/mounts_json.h"
#include "plan/plan_lookup.h"
#include "plan/working_directory.h"

namespace wasifs::plan {

namespace {

constexpr std::uint16_t kCommandMode = 0555;
constexpr std::uint16_t kTextMode = 0444;
constexpr std::string_view kTextName = "text";
constexpr std::string_view kNoRoomHint = "raise memory-limit or inode-limit in [root]";

/// Who asked for a mount, with the place if it has one.
std::string asked_by(const PlannedMount& mount) {
  const SourceLocation& where = mount.where;
  if (where.line == 0) return mount.origin;
  return mount.origin + " (" + where.file + ":" + std::to_string(where.line) + ":" +
         std::to_string(where.column) + ")";
}

/// `fs` under the words that the plan has for `layer`. `source`: the whole of
/// what it was taken from, where that is not what the plan names. A provided one has
/// chosen its words itself.
FilesystemPtr labelled(const PlannedLayer& layer, FilesystemPtr fs, std::string source = {}) {
  if (layer.kind == LayerKind::provided) return fs;
  if (source.empty()) {
    PlannedLayer whole = layer;
    whole.subpath.clear();
    source = whole.describe();
  }
  return std::make_shared<Labelled>(std::move(fs), layer.describe(), std::move(source));
}

/// What tmpfs takes as well: half of the machine's memory, so that a runaway
/// writer meets ENOSPC before the machine runs out.
std::uint64_t default_memory_limit() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_size = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0) return Quota::kUnlimited;
  return static_cast<std::uint64_t>(pages) / 2 * static_cast<std::uint64_t>(page_size);
}

class Builder {
 public:
  Builder(Plan plan, const Packages& packages, Time stamp, std::span<const FilesystemPtr> provided,
          bool keep_changes, std::shared_ptr<Archives> archives)
      : plan_(std::move(plan)),
        packages_(packages),
        opener_(packages, std::move(archives), stamp),
        provided_(provided),
        keep_changes_(keep_changes),
        stamp_(stamp),
        quota_(std::make_shared<Quota>(plan_.memory_limit.value_or(default_memory_limit()),
                                       plan_.inode_limit.value_or(Quota::kUnlimited))) {}

  Outcome<PreparedRoot> build() {
    if (plan_.mounts.empty() || plan_.mounts.front().guest != "/") {
      return fail(Diagnostic{.trouble = Trouble::manifest,
                             .message = "root fs is missing a / mount",
                             .where = {.file = plan_.source}});
    }
    for (std::size_t i = 0; i < command_mounts_.size(); ++i) {
      command_mounts_[i] = &mount_showing(plan_, kCommandDirectories[i]);
    }
    Outcome<Opened> root = compose(plan_.mounts.front());
    if (!root) return fail(root.error());
    MountTable table(std::move(root->fs), options_of(plan_.mounts.front()));
    for (std::size_t i = 1; i < plan_.mounts.size(); ++i) {
      if (auto mounted = add(table, plan_.mounts[i]); !mounted) return fail(mounted.error());
    }
    TreeOptions options{.limits = plan_.limits,
                        .quota = quota_,
                        .mounts = mounts_json(plan_),
                        .package = composed_package(plan_, packages_)};
    PreparedRoot prepared{.tree = std::make_shared<const Tree>(std::move(table), std::move(options)),
                          .plan = std::move(plan_)};
    if (auto made = make_cwd(prepared); !made) return fail(made.error());
    for (const auto& memory : memories_) memory->thaw();
    return prepared;
  }

 private:
  Outcome<void> make_cwd(const PreparedRoot& root) const {
    const RunSpec& run = root.plan.run;
    const Status made = make_working_directory(*root.tree, run.cwd, owner_);
    if (made) return {};
    return fail(Diagnostic{
        .trouble = Trouble::source,
        .message = "working directory " + quoted(run.cwd) + " cannot be made: " + message(made.error()),
        .where = run.cwd_where,
        .hint = std::string(kNoRoomHint)});
  }

  Outcome<void> add(MountTable& table, const PlannedMount& mount) {
    Outcome<Opened> opened = compose(mount);
    if (!opened) return fail(opened.error());
    const auto synthetic = [this]() -> FilesystemPtr { return memory({.quota = quota_}); };
    const Status mounted =
        table.mount(mount.guest, std::move(opened->fs), opened->file, options_of(mount), synthetic);
    if (mounted) return {};
    Diagnostic error{.trouble = Trouble::conflict,
                     .message = "Unable to mount " + quoted(mount.guest),
                     .where = mount.where};
    if (mounted.error() == Errc::enotdir) {
      error.causes.push_back({.trouble = Trouble::conflict,
                              .message = "something on the way to the mount point is not a directory"});
    } else {
      error.trouble = Trouble::source;
      error.causes.push_back({.trouble = Trouble::source, .message = message(mounted.error())});
    }
    return fail(std::move(error));
  }

  static MountOptions options_of(const PlannedMount& mount) {
    return {.read_only = mount.access == Access::ro,
            .rebase_links = mount.symlink_text == SymlinkText::rebase,
            .caching = mount.caching,
            .label = asked_by(mount)};
  }

  /// The file system of one mount.
  Outcome<Opened> compose(const PlannedMount& mount) {
    if (mount.lowers.empty()) return open_upper(mount);
    std::vector<FilesystemPtr> lowers;
    std::string file;
    for (const PlannedLayer& layer : mount.lowers) {
      Outcome<Opened> lower = open_lower(mount, layer);
      if (!lower) return lower;
      file = lower->file;
      lowers.push_back(std::move(lower->fs));
    }
    // Alone as well, a layer with whiteouts is not to show them.
    const bool marked = mount.lowers.front().whiteouts != Whiteouts::none;
    if (!mount.upper && lowers.size() == 1 && !marked)
      return Opened{std::move(lowers.front()), std::move(file)};
    const OverlayOptions options{.create_new_over_lower = plan_.run.compat.create_new_over_lower,
                                 .marks = ::geteuid() == 0 ? MarkSpace::trusted : MarkSpace::user};
    if (!mount.work.empty() && keep_changes_) {
      Outcome<FilesystemPtr> fs = compose_lasting(mount, std::move(lowers), options);
      return fs ? Outcome<Opened>(Opened{std::move(*fs), std::move(file)}) : fail(std::move(fs.error()));
    }
    if (!mount.work.empty()) {
      Outcome<FilesystemPtr> kept = open_kept(mount);
      if (!kept) return fail(std::move(kept.error()));
      if (*kept != nullptr) lowers.insert(lowers.begin(), std::move(*kept));
    }
    FilesystemPtr upper;
    if (mount.upper) {
      const bool fresh =
          !mount.work.empty() || (mount.upper->kind == LayerKind::memory && mount.guest != "/");
      Outcome<Opened> opened = fresh ? open_memory_upper(mount, *lowers.front()) : open_upper(mount);
      if (!opened) return opened;
      upper = std::move(opened->fs);
    }
    return Opened{std::make_shared<Overlay>(std::move(upper), std::move(lowers), options), std::move(file)};
  }

  /// An overlay whose upper, a host directory, keeps the changes.
  Outcome<FilesystemPtr> compose_lasting(const PlannedMount& mount, std::vector<FilesystemPtr> lowers,
                                         OverlayOptions options) {
    const PlannedLayer& layer = *mount.upper;
    const Result<Attr> like = lowers.front()->root()->attr();
    if (!like) return fail(unusable(mount, mount.lowers.front(), message(like.error())));
    Outcome<LastingLayer> opened = open_lasting_layer(layer, mount.work, *like);
    if (!opened) {
      Diagnostic error = source_error(mount, layer, "the upper " + quoted(layer.written) + " cannot be used");
      error.causes.push_back(std::move(opened.error()));
      return fail(std::move(error));
    }
    options.marks = opened->marks;
    return std::make_shared<Overlay>(labelled(layer, std::move(opened->layer)), std::move(lowers), options,
                                     std::move(opened->names));
  }

  /// What an upper on the host has kept so far, to be looked at; null: nothing yet.
  Outcome<FilesystemPtr> open_kept(const PlannedMount& mount) {
    struct stat found{};
    if (::stat(mount.upper->source.c_str(), &found) != 0 && errno == ENOENT) return nullptr;
    Outcome<Opened> opened = opener_.open_host(mount, *mount.upper, mount.upper->source, HostUse::read);
    if (!opened) return fail(std::move(opened.error()));
    return labelled(*mount.upper, std::move(opened->fs));
  }

  /// The layer that takes the changes; of the root it must be a directory.
  Outcome<Opened> open_upper(const PlannedMount& mount) {
    Outcome<Opened> opened = open_layer(mount, *mount.upper, false);
    if (opened) opened->fs = labelled(*mount.upper, std::move(opened->fs));
    if (opened && mount.guest == "/" && !opened->fs->root()->is_directory()) {
      return fail(not_directory(mount, *mount.upper));
    }
    return opened;
  }

  /// A lower. A single file cannot be a layer of an overlay, so where it is the
  /// only lower, the directory around it becomes the layer and the mount shows
  /// that one name.
  Outcome<Opened> open_lower(const PlannedMount& mount, const PlannedLayer& layer) {
    Outcome<Opened> opened = open_layer(mount, layer, true);
    if (!opened) return opened;
    const bool single = opened->file.empty() && !opened->fs->root()->is_directory();
    const bool sole = mount.guest != "/" && mount.lowers.size() == 1;
    if ((single || !opened->file.empty()) && !sole) {
      return fail(
          source_error(mount, layer, layer.describe() + " is not a directory, and a layer must be one"));
    }
    if (!single || !mount.upper) {
      opened->fs = labelled(layer, std::move(opened->fs));
      return opened;
    }
    if (layer.kind == LayerKind::provided) {
      return Opened{labelled(layer, std::make_shared<FileInFolder>(std::move(opened->fs))),
                    std::string(FileInFolder::kName)};
    }
    const std::unique_ptr<char, decltype(&std::free)> path(::realpath(layer.source.c_str(), nullptr),
                                                           &std::free);
    if (path == nullptr) return fail(unusable(mount, layer, message(static_cast<Errc>(errno))));
    const std::string_view whole(path.get());
    const std::size_t slash = whole.rfind('/');
    // The promise of "cache" is about the file, not about what lies beside it.
    Outcome<Opened> folder =
        opener_.open_host(mount, layer, std::string(whole.substr(0, slash + 1)), HostUse::read);
    if (!folder) return folder;
    std::string source = folder->fs->describe();
    folder->fs = labelled(layer, std::move(folder->fs), std::move(source));
    folder->file = whole.substr(slash + 1);
    return folder;
  }

  Outcome<Opened> open_layer(const PlannedMount& mount, const PlannedLayer& layer, bool read_only) {
    switch (layer.kind) {
      case LayerKind::host: {
        const HostUse use = !read_only                          ? HostUse::changed
                            : mount.caching == Caching::forever ? HostUse::frozen
                                                                : HostUse::read;
        Outcome<Opened> opened = opener_.open_host(mount, layer, layer.source, use);
        return opened ? opener_.open_part(mount, layer, std::move(opened->fs)) : opened;
      }
      case LayerKind::webc:
        return opener_.open_volume(mount, layer);
      case LayerKind::archive:
        return opener_.open_archive(mount, layer);
      case LayerKind::image:
        return opener_.open_image_layer(mount, layer);
      case LayerKind::static_text:
        return open_text(mount, layer);
      case LayerKind::provided:
        return Opened{provided_[layer.provided]};
      case LayerKind::base:
      case LayerKind::memory:
      case LayerKind::commands:
        break;
    }
    std::shared_ptr<MemoryFilesystem> fs = memory({.quota = quota_of(mount)});
    Status filled;
    if (layer.kind == LayerKind::base) filled = fill_base_root(*fs, owner_);
    if (!filled) return fail(no_room(mount, filled.error()));
    return finish_memory(mount, layer, std::move(fs));
  }

  /// The upper of a cow mount. It looks like the lower's root until somebody
  /// changes that.
  Outcome<Opened> open_memory_upper(const PlannedMount& mount, Filesystem& lower) {
    const Result<Attr> like = lower.root()->attr();
    if (!like) return fail(unusable(mount, mount.lowers.front(), message(like.error())));
    std::shared_ptr<MemoryFilesystem> fs =
        memory({.quota = quota_of(mount), .root_mode = like->mode, .uid = like->uid, .gid = like->gid});
    const Status dated = fs->root()->set_attr(
        {.mode = {}, .uid = {}, .gid = {}, .size = {}, .atime = like->atime, .mtime = like->mtime});
    if (!dated) return fail(no_room(mount, dated.error()));
    Outcome<Opened> finished = finish_memory(mount, *mount.upper, std::move(fs));
    if (finished) finished->fs = labelled(*mount.upper, std::move(finished->fs));
    return finished;
  }

  /// Adds the commands that appear in this layer.
  Outcome<Opened> finish_memory(const PlannedMount& mount, const PlannedLayer& layer,
                                std::shared_ptr<MemoryFilesystem> fs) {
    if (command_layer(mount) == &layer) {
      for (std::size_t i = 0; i < command_mounts_.size(); ++i) {
        if (command_mounts_[i] != &mount) continue;
        std::string_view inside = kCommandDirectories[i];
        if (mount.guest != "/") inside.remove_prefix(mount.guest.size());
        if (auto added = add_commands(mount, *fs, inside); !added) return fail(added.error());
      }
    }
    return Opened{std::move(fs)};
  }

  Outcome<void> add_commands(const PlannedMount& mount, MemoryFilesystem& fs, std::string_view directory) {
    if (plan_.commands.empty()) return {};
    const Result<NodeRef> made = make_directories(fs, directory, owner_);
    if (!made) return fail(no_room(mount, made.error()));
    for (const PlannedCommand& command : plan_.commands) {
      Outcome<View> program = open_program(command);
      if (!program) return fail(program.error());
      const auto file =
          fs.create_sealed(**made, command.name, {.mode = kCommandMode, .uid = owner_.uid, .gid = owner_.gid},
                           *std::move(program), source_of(command));
      if (!file) return fail(no_room(mount, file.error()));
    }
    return {};
  }

  /// What user.wasifs.origin says of a command.
  static std::string source_of(const PlannedCommand& command) {
    if (command.atom.empty()) return "host file " + quoted(command.source);
    return command.origin + " program " + quoted(command.atom);
  }

  /// The bytes of a command, where they lie.
  [[nodiscard]] Outcome<View> open_program(const PlannedCommand& command) const {
    if (command.atom.empty()) {
      Outcome<View> file = map_file(command.source, "host file");
      if (file) return file;
      file.error().message = "command " + quoted(command.name) + ": " + file.error().message;
      file.error().where = command.where;
      return file;
    }
    const auto& package = packages_.at(command.source);
    if (std::optional<View> program = package->atom(command.atom)) return *std::move(program);
    return fail(Diagnostic{.trouble = Trouble::corrupt,
                           .message = "package " + quoted(package->path()) + " lists the program " +
                                      quoted(command.atom) + " of command " + quoted(command.name) +
                                      " but does not hold it"});
  }

  Outcome<Opened> open_text(const PlannedMount& mount, const PlannedLayer& layer) {
    std::shared_ptr<MemoryFilesystem> fs = memory({});
    const auto text = std::make_shared<const std::string>(layer.text);
    const auto file =
        fs->create_shared(*fs->root(), kTextName, {.mode = kTextMode, .uid = owner_.uid, .gid = owner_.gid},
                          {.bytes = std::as_bytes(std::span(*text)), .owner = text});
    if (!file) return fail(no_room(mount, file.error()));
    return Opened{std::move(fs), std::string(kTextName)};
  }

  std::shared_ptr<MemoryFilesystem> memory(MemoryFilesystem::Options options) {
    options.frozen_time = stamp_;
    return memories_.emplace_back(std::make_shared<MemoryFilesystem>(std::move(options)));
  }

  std::shared_ptr<Quota> quota_of(const PlannedMount& mount) const {
    if (!mount.quota_bytes) return quota_;
    return std::make_shared<Quota>(*mount.quota_bytes, Quota::kUnlimited, quota_);
  }

  static Diagnostic not_directory(const PlannedMount& mount, const PlannedLayer& layer) {
    return source_error(mount, layer, layer.describe() + " is not a directory, and a layer must be one");
  }

  static Diagnostic no_room(const PlannedMount& mount, Errc error) {
    return {.trouble = Trouble::source,
            .message = label_of(mount) + ": its memory layer cannot be set up: " + message(error),
            .where = mount.where,
            .hint = std::string(error == Errc::enospc ? kNoRoomHint : "")};
  }

  Plan plan_;
  const Packages& packages_;
  LayerOpener opener_;
  std::span<const FilesystemPtr> provided_;
  bool keep_changes_;
  Time stamp_;
  Owner owner_{.uid = ::geteuid(), .gid = ::getegid()};
  /// The mount that shows each of kCommandDirectories.
  std::array<const PlannedMount*, std::size(kCommandDirectories)> command_mounts_{};
  std::shared_ptr<Quota> quota_;
  std::vector<std::shared_ptr<MemoryFilesystem>> memories_;  ///< to be thawed
};

}  // namespace

Outcome<PreparedRoot> prepare(Plan plan, const Packages& packages, Time stamp,
                              std::span<const FilesystemPtr> provided, bool keep_changes,
                              std::shared_ptr<Archives> archives) {
  return Builder(std::move(plan), packages, stamp, provided, keep_changes, std::move(archives)).build();
}

}  // namespace wasifs::plan
