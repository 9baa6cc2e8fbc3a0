// SPDX-License-Identifier: Apache-2.0
#include "inspect/merged_package.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/path.h"
#include "base/utf8.h"
#include "fs/webc/cbor_check.h"
#include "fs/webc/folder.h"
#include "fs/webc/manifest_cbor.h"
#include "fs/webc/writer.h"
#include "inspect/packed_view.h"
#include "inspect/text.h"
#include "plan/default_root.h"
#include "plan/plan_lookup.h"
#include "plan/unpacked.h"

namespace wasifs {

namespace {

using Json = nlohmann::ordered_json;

/// What the volume of a package shows whatever was packed.
constexpr std::uint16_t kDirectoryMode = 0755;
constexpr std::uint16_t kFileMode = 0644;

Diagnostic trouble(std::string message, std::string hint = {}) {
  return {.trouble = Trouble::source, .message = std::move(message), .hint = std::move(hint)};
}

/// The files of the commands that the package has: who composes it makes them again.
class CommandFiles {
 public:
  CommandFiles(const Tree& tree, ChangeSource& changes, std::vector<CopyLoss>& losses)
      : tree_(tree), changes_(changes), losses_(losses) {}

  Outcome<void> find(const Json& commands, LeftOut& left_out) {
    std::map<std::string, std::string> gone;
    for (const std::string_view directory : plan::kCommandDirectories) {
      const Result<VNode> dir = tree_.resolve(directory, Follow::no);
      const bool there = dir && dir->is_directory();
      const Outcome<UpperChanges> changed =
          there ? changes_.changes(directory, *dir, false) : Outcome<UpperChanges>();
      if (!changed) return fail(changed.error());
      for (const auto& [name, command] : commands.items()) {
        const std::string path = join_path(directory, name);
        const Result<VNode> file = there ? tree_.lookup(*dir, name) : fail(Errc::enoent);
        if (!file) {
          gone.try_emplace(name, path);
        } else if (std::ranges::find(*changed, name, &UpperChange::name) != changed->end()) {
          count_loss(losses_, "precedence over a command's file", Errc::eexist, path.substr(1));
        } else if (file->type() == FileType::regular) {
          left_out.insert(path);
          files_.try_emplace(name, *file);
        }
      }
    }
    for (const auto& [name, path] : gone) count_loss(losses_, "removal", Errc::enotsup, path.substr(1));
    return {};
  }

  /// Null where the command shows nowhere.
  [[nodiscard]] const VNode* file_of(const std::string& command) const {
    const auto found = files_.find(command);
    return found == files_.end() ? nullptr : &found->second;
  }

 private:
  const Tree& tree_;
  ChangeSource& changes_;
  std::vector<CopyLoss>& losses_;
  std::map<std::string, VNode> files_;
};

/// Goes through a tree once to find what a package is without, and what it loses.
class Survey {
 public:
  Survey(const Tree& tree, LeftOut& left_out, std::vector<CopyLoss>& losses, bool has_commands)
      : tree_(tree), left_out_(left_out), losses_(losses) {
    for (const plan::BaseDirectory& base : plan::base_directories()) {
      base_.emplace("/" + std::string(base.name), base.mode);
    }
    if (!has_commands) return;
    for (const char* made : {"/usr", "/usr/bin"}) base_.emplace(made, kDirectoryMode);
  }

  Outcome<std::uint64_t> run() {
    Outcome<void> result;
    const Status walked = tree_.walk("/", [&](const Visited& visited) {
      if (visited.error) {
        result = fail(path_error("read", visited.path, *visited.error));
        return WalkNext::stop;
      }
      const Outcome<bool> kept = keep(visited);
      if (!kept) result = fail(kept.error());
      return !kept ? WalkNext::stop : *kept ? WalkNext::on : WalkNext::skip;
    });
    if (result && !walked) return fail(path_error("read", "/", walked.error()));
    if (!result) return fail(std::move(result.error()));
    leave_bare_base_out();
    return entries_;
  }

 private:
  void lose(const std::string& what, std::string_view path, Errc error = Errc::enotsup) {
    count_loss(losses_, what, error, path.substr(1));
  }

  Outcome<bool> keep(const Visited& visited) {
    const std::string_view path = visited.path;
    if (visited.depth == 0) return true;
    if (left_out_.contains(path)) return false;
    const Result<Attr> attr = tree_.attr(visited.node);
    if (!attr) return fail(path_error("read", path, attr.error()));
    if (plan::is_base_device(path, *attr)) return leave_out(path);
    if (!is_utf8(visited.name)) {
      lose("name that is no UTF-8", path);
      return leave_out(path);
    }
    const bool plain = attr->type == FileType::regular || attr->type == FileType::directory;
    if (attr->type == FileType::symlink) {
      const Result<Link> link = visited.node.node->read_link();
      if (!link) return fail(path_error("read", path, link.error()));
      if (!is_utf8(link->text)) {
        lose("text that is no UTF-8", path);
        return leave_out(path);
      }
    } else if (!plain) {
      lose("special file", path);
      return leave_out(path);
    }
    const auto base = base_.find(path);
    if (base != base_.end() && attr->type == FileType::directory) {
      there_.insert(base->first);
      check(visited, *attr, base->second);
      return true;
    }
    ++entries_;
    for (const auto& [name, mode] : base_) {
      if (is_at_or_below(path, name)) filled_.insert(name);
    }
    check(visited, *attr, attr->type == FileType::directory ? kDirectoryMode : kFileMode);
    return true;
  }

  bool leave_out(std::string_view path) {
    left_out_.emplace(path);
    return false;
  }

  void check(const Visited& visited, const Attr& attr, std::uint16_t mode) {
    const std::string_view path = visited.path;
    if (attr.type != FileType::symlink && attr.mode != mode) lose("mode", path);
    if (attr.uid != ::geteuid() || attr.gid != ::getegid()) lose("owner", path);
    if (attr.type != FileType::directory && attr.nlink > 1 && !files_.insert(attr.ino).second) {
      lose("hard link", path);
    }
    const auto xattrs = tree_.list_xattrs(visited.node);
    if (!xattrs) return;
    for (const std::string& name : *xattrs) lose("attribute " + wasifs::quoted(name), path);
  }

  void leave_bare_base_out() {
    for (const auto& [path, mode] : base_) {
      const bool made_for_commands = path.starts_with("/usr");
      if (!there_.contains(path)) {
        if (!made_for_commands && !filled_.contains(path)) lose("absence", path);
      } else if (filled_.contains(path)) {
        ++entries_;
      } else {
        left_out_.insert(path);
      }
    }
  }

  const Tree& tree_;
  LeftOut& left_out_;
  std::vector<CopyLoss>& losses_;
  std::map<std::string, std::uint16_t, std::less<>> base_;  ///< directories that are there anyway
  std::set<std::string> there_;
  std::set<std::string> filled_;   ///< those of them that hold something
  std::set<std::uint64_t> files_;  ///< by number, of files with several names
  std::uint64_t entries_ = 0;
};

/// It may come from whoever serves a mount.
bool is_understood(const Json& described) {
  const auto object = [](const Json& of, const char* key) { return of.contains(key) && of[key].is_object(); };
  if (!described.is_object() || !object(described, "manifest") || !object(described, "programs"))
    return false;
  const Json& manifest = described["manifest"];
  if (manifest.contains("commands") && !manifest["commands"].is_object()) return false;
  const Json& programs = described["programs"];
  if (programs.empty()) return true;
  return object(manifest, "atoms") && std::ranges::all_of(programs.items(), [&](const auto& program) {
           return object(manifest["atoms"], program.key().c_str());
         });
}

class Merger {
 public:
  Merger(const Tree& tree, ChangeSource& changes, const MergedPackageOptions& options,
         std::vector<CopyLoss>& losses)
      : tree_(tree), options_(options), losses_(losses), files_(tree, changes, losses) {}

  Outcome<MergedPackageCounts> write(const std::string& output) {
    bool deep = false;  // what is written of it goes down by calls
    const auto look = [&](int depth, Json::parse_event_t, const Json&) {
      deep = deep || depth > static_cast<int>(webc::kMaxCborDepth);
      return !deep;
    };
    const Json described = Json::parse(options_.described, look, false);
    if (deep || !is_understood(described)) {
      return fail(trouble("what the composition says of its packages cannot be understood",
                          "use the wasifs that serves it"));
    }
    Json manifest = described["manifest"];
    const Json commands = manifest.value("commands", Json::object());
    if (auto found = files_.find(commands, left_out_); !found) return fail(std::move(found.error()));
    const Outcome<std::uint64_t> entries = Survey(tree_, left_out_, losses_, !commands.empty()).run();
    if (!entries) return fail(entries.error());
    for (const auto& [atom, command] : described["programs"].items()) {
      if (auto added = add_program(atom, command, manifest); !added) return fail(std::move(added.error()));
    }
    Outcome<std::string> cbor = webc::manifest_cbor(manifest.dump(), "the manifest of the new package");
    if (!cbor) return fail(std::move(cbor.error()));
    const Json unused = described.value("unused", Json(0));
    const MergedPackageCounts counts{.entries = *entries,
                                     .commands = commands.size(),
                                     .programs = package_.atoms.size(),
                                     .unused = unused.is_number_unsigned() ? unused.get<std::uint64_t>() : 0};
    package_.manifest = *std::move(cbor);
    package_.newest = options_.newest;
    package_.volumes.push_back({.name = "/", .root = packed_view(tree_, left_out_)});
    package_.volumes.push_back(
        {.name = std::string(plan::kMetadataVolume), .root = make_ref<webc::Folder>()});
    if (auto written = webc::write_package(package_, output); !written)
      return fail(std::move(written.error()));
    return counts;
  }

 private:
  Outcome<void> add_program(const std::string& atom, const Json& command, Json& manifest) {
    const VNode* const file = command.is_string() ? files_.file_of(command.get<std::string>()) : nullptr;
    if (file == nullptr) {
      return fail(trouble("the program " + wasifs::quoted(atom) + " shows nowhere: the file of its command " +
                              command.dump() + " was removed or is hidden",
                          "mount it again, and commit before that"));
    }
    const Outcome<Digest> digest = webc::hash_content(*file->node, "program " + wasifs::quoted(atom));
    if (!digest) return fail(digest.error());
    manifest["atoms"][atom]["signature"] = signature_text(*digest);
    package_.atoms.push_back({.name = atom, .file = file->node, .sha256 = *digest});
    return {};
  }

  const Tree& tree_;
  const MergedPackageOptions& options_;
  std::vector<CopyLoss>& losses_;
  CommandFiles files_;
  LeftOut left_out_;
  webc::PackageSource package_;
};

}  // namespace

Outcome<MergedPackageCounts> write_merged_package(const Tree& tree, ChangeSource& changes,
                                                  const MergedPackageOptions& options,
                                                  const std::string& output, std::vector<CopyLoss>& losses) {
  return Merger(tree, changes, options, losses).write(output);
}

}  // namespace wasifs
