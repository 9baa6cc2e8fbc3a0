// SPDX-License-Identifier: Apache-2.0
#include "inspect/change_source.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/change_text.h"
#include "base/path.h"
#include "compose/mount_table.h"
#include "compose/overlay_marks.h"
#include "fs/host/host_fs.h"
#include "inspect/text.h"

namespace wasifs {

namespace {

constexpr const char* kChanges = "user.wasifs.changes";
/// Ten million names in one directory; who says more is up to no good.
constexpr std::size_t kMostText = std::size_t{1} << 28U;
constexpr const char* kWholeHint = "give the composition that it is the upper of, or where that is mounted";

Diagnostic untellable(std::string_view path, std::string_view why) {
  return {.trouble = Trouble::source,
          .message = wasifs::quoted(path) + " " + std::string(why),
          .hint = kWholeHint};
}

/// What the marks of an upper say, of root's overlays and of other users'.
class UpperMarks {
 public:
  /// Whether `dir` hides what lies below it.
  static Outcome<bool> is_opaque(std::string_view path, Node& dir) {
    bool opaque = false;
    for (const OverlayMarks& marks : both()) {
      const Result<OverlayMarks::Directory> said = marks.of(dir);
      if (!said) return fail(path_error("read", path, said.error()));
      if (!said->redirect.empty()) {
        return fail(untellable(path, "was moved there: what it shows lies in the layers below"));
      }
      opaque = opaque || said->opaque;
    }
    return opaque;
  }

  static Outcome<void> check_file(std::string_view path, Node& file) {
    for (const OverlayMarks& marks : both()) {
      const Result<bool> lacks = marks.lacks_content(file);
      if (!lacks) return fail(path_error("read", path, lacks.error()));
      if (*lacks) return fail(untellable(path, "has no content of its own: that lies in the layers below"));
      const Result<bool> alone = has_all_names(marks, file);
      if (!alone) return fail(path_error("read", path, alone.error()));
      if (!*alone) return fail(untellable(path, "has other names, which lie in the layers below"));
    }
    return {};
  }

 private:
  /// Of a file that has several names below the upper keeps one more, beside its tree, by
  /// which those are found that nobody has changed it by.
  static Result<bool> has_all_names(const OverlayMarks& marks, Node& file) {
    const Result<std::optional<OverlayMarks::Origin>> origin = marks.origin(file);
    if (!origin) return fail(origin.error());
    if (!*origin || (*origin)->links_key.empty()) return true;
    const Result<std::int32_t> more = marks.links(file);
    return more ? Result<bool>(*more < 0) : fail(more.error());
  }

  static std::array<OverlayMarks, 2> both() {
    return {OverlayMarks(MarkSpace::trusted), OverlayMarks(MarkSpace::user)};
  }
};

}  // namespace

Outcome<UpperChanges> TreeChanges::changes(std::string_view path, const VNode& dir, bool is_new) {
  if (is_new) return UpperChanges();
  Result<UpperChanges> found = tree_.changes(dir);
  if (!found) return fail(path_error("read", path, found.error()));
  return *std::move(found);
}

// New directories are asked as well: who answers shows that nothing else is mounted there.
Outcome<UpperChanges> MountChanges::changes(std::string_view path, const VNode& dir, bool) {
  const Result<std::string> text =
      read_paged_attribute(kChanges, [&](const std::string& page) { return dir.node->get_xattr(page); });
  if (!text && (text.error() == Errc::enodata || text.error() == Errc::enotsup)) {
    return fail(
        Diagnostic{.trouble = Trouble::source,
                   .message = "what serves " + wasifs::quoted(path) + " does not tell what was changed",
                   .hint = "unmount what is mounted inside of it; or it is a wasifs of before"});
  }
  if (!text) return fail(path_error("read", path, text.error()));
  std::optional<UpperChanges> found = parse_changes(*text);
  if (found) return *std::move(found);
  return fail(Diagnostic{.trouble = Trouble::source,
                         .message = "what was changed in " + wasifs::quoted(path) + " cannot be understood",
                         .hint = "use the wasifs that serves it"});
}

Outcome<UpperChanges> UpperDirChanges::changes(std::string_view path, const VNode& dir, bool) {
  UpperChanges changes;
  const Outcome<bool> opaque = UpperMarks::is_opaque(path, *dir.node);
  if (!opaque) return fail(opaque.error());
  if (*opaque) changes.push_back({.kind = UpperChange::Kind::replaced});
  std::vector<std::string> names;
  const Result<DirPtr> listing = upper_.open_dir(dir);
  const Status read = !listing ? fail(listing.error()) : (*listing)->read(0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  if (!read) return fail(path_error("read", path, read.error()));
  std::ranges::sort(names);
  for (std::string& name : names) {
    const std::string place = join_path(path, name);
    const Result<VNode> node = upper_.lookup(dir, name);
    if (!node && node.error() == Errc::enoent) continue;
    const Result<bool> whiteout = node ? OverlayMarks::is_whiteout(*node->node) : fail(node.error());
    if (!whiteout) return fail(path_error("read", place, whiteout.error()));
    if (!node->is_directory()) {
      if (auto whole = UpperMarks::check_file(place, *node->node); !whole) return fail(whole.error());
    }
    changes.push_back({std::move(name), *whiteout ? UpperChange::Kind::removed : UpperChange::Kind::changed});
  }
  return changes;
}

Outcome<std::shared_ptr<const Tree>> open_directory(const std::string& path) {
  Outcome<std::shared_ptr<HostFilesystem>> host = HostFilesystem::open(path, {.read_only = true});
  if (!host) return fail(std::move(host.error()));
  return std::make_shared<const Tree>(MountTable(*std::move(host), {.read_only = true}));
}

Result<std::string> read_paged_attribute(const std::string& name,
                                         FunctionRef<Result<std::string>(const std::string&)> get) {
  std::string text;
  for (std::size_t page = 0;; ++page) {
    const Result<std::string> part = get(page == 0 ? name : name + "." + std::to_string(page));
    if (!part) return part;
    text += *part;
    if (text.size() > kMostText) return fail(Errc::efbig);
    if (part->size() < kAttributePage) return text;
  }
}

}  // namespace wasifs
