// SPDX-License-Identifier: Apache-2.0
#include "plan/packed_tree.h"

#include <ranges>
#include <utility>
#include <vector>

#include "base/path.h"
#include "fs/host/host_fs.h"
#include "plan/document.h"
#include "plan/ignore_rules.h"

namespace wasifs::plan {

namespace {

using Verdict = IgnoreRules::Verdict;

/// The rules of one directory and of those above it. Folders can be thousands deep, so a
/// level holds its own name only, and knows the next one above that has a say.
struct Level {
  Level() = default;
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  ~Level() {
    // One after the other: a destructor in a destructor for each level is too deep.
    while (above && above.use_count() == 1) above = std::exchange(above->above, nullptr);
  }

  [[nodiscard]] bool has_say() const {
    return has_git || !wasmer.empty() || !plain.empty() || !git.empty() || !exclude.empty();
  }
  /// The path of an entry of this directory as `top`, at or above it, sees it; null: as
  /// the host does.
  [[nodiscard]] std::string path_of(std::string_view entry, const Level* top) const {
    std::vector<std::string_view> folders;
    for (const Level* level = this; level != top; level = level->above.get()) folders.push_back(level->name);
    std::string path;
    for (const std::string_view folder : std::views::reverse(folders)) (path += folder) += '/';
    return path += entry;
  }

  std::shared_ptr<Level> above;   ///< null: the host's root
  const Level* ruling = nullptr;  ///< the nearest above that has a say
  std::string name;               ///< in the directory above
  bool in_git = false;            ///< here or above is a .git
  bool has_git = false;
  IgnoreRules wasmer = {};
  IgnoreRules plain = {};
  IgnoreRules git = {};
  IgnoreRules exclude = {};
};
using LevelPtr = std::shared_ptr<Level>;

/// The text of a file of a directory; "" where there is none.
Result<std::string> text_at(Node& directory, std::string_view name) {
  const Result<NodeRef> node = directory.lookup(name);
  if (!node) return node.error() == Errc::enoent ? Result<std::string>("") : fail(node.error());
  // What it leads to may be of any kind, and outside. Without it too much would be packed.
  if ((*node)->type() == FileType::symlink) return fail(Errc::eloop);
  if ((*node)->type() != FileType::regular) return "";
  const Result<FilePtr> file = (*node)->open({});
  if (!file) return fail(file.error());
  std::string text(kMaxDocumentBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const Result<std::size_t> got =
        (*file)->read_at(size, std::as_writable_bytes(std::span(text)).subspan(size));
    if (!got) return fail(got.error());
    if (*got == 0) break;
    size += *got;
  }
  if (size == text.size()) return fail(Errc::efbig);
  text.resize(size);
  return text;
}

/// Those of `place`, a path below the directory of `level`, which is `name` in `directory`.
Outcome<IgnoreRules> rules_at(Node& directory, std::string_view name, const Level& level,
                              std::string_view place) {
  const Result<std::string> text = text_at(directory, name);
  if (text && text->empty()) return IgnoreRules();
  const std::string file = level.path_of(place, nullptr);
  if (text) return IgnoreRules::parse(*text, file);
  return fail(Diagnostic{.trouble = Trouble::source,
                         .message = "cannot read " + quoted(file) + ": " +
                                    (text.error() == Errc::eloop ? "it is a symlink" : message(text.error())),
                         .hint = "--include-ignored does without it"});
}

Outcome<void> read_git(Node& directory, Level& level) {
  const Result<NodeRef> folder = directory.lookup(".git");
  level.has_git = folder.has_value();
  level.in_git = level.has_git || (level.above && level.above->in_git);
  // Elsewhere it has no say, whatever is in it.
  if (!level.in_git) return {};
  Outcome<IgnoreRules> git = rules_at(directory, ".gitignore", level, ".gitignore");
  if (!git) return fail(std::move(git.error()));
  level.git = *std::move(git);
  if (!folder || !(*folder)->is_directory()) return {};
  const Result<NodeRef> info = (*folder)->lookup("info");
  if (!info || !(*info)->is_directory()) return {};
  Outcome<IgnoreRules> exclude = rules_at(**info, "exclude", level, ".git/info/exclude");
  if (!exclude) return fail(std::move(exclude.error()));
  level.exclude = *std::move(exclude);
  return {};
}

Outcome<LevelPtr> read_level(Node& directory, LevelPtr above, std::string_view name) {
  auto level = std::make_shared<Level>();
  level->above = std::move(above);
  level->name = name;
  if (level->above) level->ruling = level->above->has_say() ? level->above.get() : level->above->ruling;
  Outcome<IgnoreRules> wasmer = rules_at(directory, ".wasmerignore", *level, ".wasmerignore");
  if (!wasmer) return fail(std::move(wasmer.error()));
  level->wasmer = *std::move(wasmer);
  Outcome<IgnoreRules> plain = rules_at(directory, ".ignore", *level, ".ignore");
  if (!plain) return fail(std::move(plain.error()));
  level->plain = *std::move(plain);
  if (auto git = read_git(directory, *level); !git) return fail(std::move(git.error()));
  return level;
}

/// The levels of an absolute, canonical path.
Outcome<LevelPtr> levels_of(const std::string& path) {
  const Outcome<std::shared_ptr<HostFilesystem>> host = HostFilesystem::open("/", {.read_only = true});
  if (!host) return fail(host.error());
  NodeRef node = (*host)->root();
  Outcome<LevelPtr> level = read_level(*node, nullptr, "");
  for (const std::string_view name : split_path(path)) {
    if (!level) break;
    const Result<NodeRef> next = node->lookup(name);
    if (!next) {
      return fail(Diagnostic{.trouble = Trouble::source,
                             .message = "cannot read " + quoted(path) + ": " + message(next.error())});
    }
    node = *next;
    level = read_level(*node, *std::move(level), name);
  }
  return level;
}

bool is_kept(const Level& directory, std::string_view name, bool is_directory) {
  Verdict wasmer = Verdict::none;
  Verdict plain = Verdict::none;
  Verdict git = Verdict::none;
  Verdict exclude = Verdict::none;
  bool beyond_git = !directory.in_git;
  for (const Level* level = &directory; level != nullptr; level = level->ruling) {
    if (!level->has_say()) continue;
    const std::string path = directory.path_of(name, level);
    const auto ask = [&](Verdict& verdict, const IgnoreRules& rules) {
      if (verdict == Verdict::none) verdict = rules.match(path, is_directory);
    };
    ask(wasmer, level->wasmer);
    ask(plain, level->plain);
    if (!beyond_git) {
      ask(git, level->git);
      ask(exclude, level->exclude);
    }
    beyond_git = beyond_git || level->has_git;
  }
  for (const Verdict verdict : {wasmer, plain, git, exclude}) {
    if (verdict != Verdict::none) return verdict == Verdict::kept;
  }
  return !name.starts_with('.');
}

/// Only as much of a directory as who writes a package asks for.
class PackedDirectory final : public Node {
 public:
  /// `level` is null where everything is in the package.
  PackedDirectory(NodeRef inner, std::shared_ptr<PackFilter> filter, LevelPtr level, bool timeless)
      : Node(FileType::directory),
        inner_(std::move(inner)),
        filter_(std::move(filter)),
        level_(std::move(level)),
        timeless_(timeless) {}

  [[nodiscard]] Result<Attr> attr() override {
    Result<Attr> attr = inner_->attr();
    if (attr && timeless_) attr->mtime = {};
    return attr;
  }

  [[nodiscard]] Result<NodeRef> lookup(std::string_view name) override {
    Result<NodeRef> found = inner_->lookup(name);
    if (!found || !level_) return found;
    if (!is_kept(*level_, name, (*found)->is_directory())) return fail(Errc::enoent);
    if (!(*found)->is_directory()) return found;
    Outcome<LevelPtr> level = read_level(**found, level_, name);
    if (level) return make_ref<PackedDirectory>(*std::move(found), filter_, *std::move(level), false);
    if (!filter_->problem) filter_->problem = std::move(level.error());
    return fail(Errc::eio);
  }

  [[nodiscard]] Result<DirPtr> open_dir() override {
    Result<DirPtr> opened = inner_->open_dir();
    if (!opened || !level_) return opened;
    return std::make_unique<Names>(*std::move(opened), level_);
  }

 private:
  class Names final : public Dir {
   public:
    Names(DirPtr inner, LevelPtr level) : inner_(std::move(inner)), level_(std::move(level)) {}
    [[nodiscard]] Status read(std::uint64_t cookie, DirSink sink) override {
      return inner_->read(cookie, [&](const DirEntry& entry) {
        return !is_kept(*level_, entry.name, entry.type == FileType::directory) || sink(entry);
      });
    }

   private:
    DirPtr inner_;
    LevelPtr level_;
  };

  const NodeRef inner_;
  const std::shared_ptr<PackFilter> filter_;
  const LevelPtr level_;
  const bool timeless_;
};

}  // namespace

Outcome<NodeRef> packed_tree(NodeRef root, const std::string& path, std::shared_ptr<PackFilter> filter) {
  LevelPtr level;
  if (!filter->include_ignored) {
    Outcome<LevelPtr> read = levels_of(path);
    if (!read) return fail(std::move(read.error()));
    level = *std::move(read);
  }
  return NodeRef(make_ref<PackedDirectory>(std::move(root), std::move(filter), std::move(level), true));
}

}  // namespace wasifs::plan
