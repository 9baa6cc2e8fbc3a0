// SPDX-License-Identifier: Apache-2.0
// Whatever is done to a memory root or to an overlay, what the quota says is used
// is what is held, and what is refused for want of room changes nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "base/quota.h"
#include "compose/overlay_node.h"
#include "fs/webc/package.h"
#include "layers.h"
#include "support/temp_dir.h"
#include "support/webc_writer.h"

namespace wasifs::test {
namespace {

constexpr std::uint64_t kPage = 4096;

std::string text_of(const Time& time) { return std::to_string(time.sec) + "." + std::to_string(time.nsec); }

/// The lines that only one of two dumps has.
std::string difference(const std::string& before, const std::string& after) {
  std::string out;
  const auto missing = [&](const std::string& in, const std::string& of, const char* mark) {
    std::istringstream lines(of);
    for (std::string line; std::getline(lines, line);) {
      if (in.find(line) == std::string::npos) out += mark + line + "\n";
    }
  };
  missing(after, before, "- ");
  missing(before, after, "+ ");
  return out;
}

/// A package with a chain of directories, a symlink and files of several sizes.
FilesystemPtr package_layer() {
  static const std::shared_ptr<const webc::Package> package = [] {
    WebcSpec spec;
    spec.volumes["v"] = {webc_file("a/one", "1"),
                         webc_file("a/big", std::string(2 * kPage + 5, 'p')),
                         webc_link("a/link", "one"),
                         webc_file("deep/er/est/file", std::string(kPage, 'd')),
                         webc_dir("d"),
                         webc_file("e", "in the way")};
    static const TempDir dir;
    dir.write_file("p.webc", write_webc(spec));
    auto opened = webc::Package::open(dir / "p.webc");
    if (!opened) throw std::runtime_error(opened.error().text());
    return *std::move(opened);
  }();
  return package->volume("v");
}

/// A memory layer whose content is its own: nothing of it can be shared.
FilesystemPtr memory_layer() {
  auto fs = std::make_shared<MemoryFilesystem>();
  const NodeRef file = file_in(*fs, "/b/pages", std::string(2 * kPage + 100, 'm'));
  ok(file->set_xattr("user.k", "value", XattrMode::any));
  ok(dir_in(*fs, "/b")->set_xattr("user.dir", std::string(200, 'x'), XattrMode::any));
  const NodeRef holes = file_in(*fs, "/b/holes", "start");
  ok(ok(holes->open(kReadWrite))->write_at(5 * kPage, bytes_of("end")));
  ok(dir_in(*fs, "/b")->link("hard", *file));
  ok(dir_in(*fs, "/deep/er/too")->create("pipe", {.type = FileType::fifo}));
  ok(dir_in(*fs, "/a")->create("text", {.type = FileType::symlink, .target = std::string_view("to/where")}));
  file_in(*fs, "/a/two", "22");
  return fs;
}

/// A root under test with everything that its user holds open.
class World {
 public:
  World(bool overlay, std::uint64_t seed) : random_(seed) {
    // The limits lie in the mount's quota, in that of the root around it, or in both.
    const auto limit = [&](std::uint64_t value) { return below(3) == 0 ? Quota::kUnlimited : value; };
    const std::uint64_t bytes = kPage * (1 + below(14)) + below(kPage);
    const std::uint64_t inodes = 4 + below(18);
    outer_ = std::make_shared<Quota>(limit(bytes + below(2 * kPage)), limit(inodes + below(4)));
    quota_ = std::make_shared<Quota>(limit(bytes), limit(inodes), outer_);
    memory_ = std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.quota = quota_});
    fs_ = memory_;
    if (overlay) {
      fs_ = std::make_shared<Overlay>(memory_, std::vector<FilesystemPtr>{package_layer(), memory_layer()});
    }
  }

  /// Does something at random and checks what must hold after it. False once a
  /// check has failed.
  bool step() {
    if (state_.empty()) state_ = dump();
    const Status done = act();
    const std::string after = dump();
    if (!done) {
      refused_ += done.error() == Errc::enospc ? 1 : 0;
      EXPECT_TRUE(state_ == after) << what_ << " was refused (" << message(done.error())
                                   << ") and left a trace:\n"
                                   << difference(state_, after);
    }
    recount();
    state_ = after;
    return !testing::Test::HasFailure();
  }
  [[nodiscard]] const std::string& what() const { return what_; }
  [[nodiscard]] int refused() const { return refused_; }

  /// Lets go of everything; what is still charged then is lost for ever.
  void drop() {
    handles_.clear();
    kept_.clear();
    fs_.reset();
    memory_.reset();
    EXPECT_EQ(quota_->bytes_used(), 0U);
    EXPECT_EQ(quota_->inodes_used(), 0U);
    EXPECT_EQ(outer_->bytes_used(), 0U);
    EXPECT_EQ(outer_->inodes_used(), 0U);
  }

 private:
  struct Handle {
    NodeRef node;
    FilePtr file;
  };
  struct Place {
    NodeRef dir;
    std::string name;
  };
  using Act = Status (World::*)();

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  static std::vector<std::string> names_in(Node& dir) {
    std::vector<std::string> names;
    ok(ok(dir.open_dir())->read(0, [&](const DirEntry& entry) {
      names.emplace_back(entry.name);
      return true;
    }));
    std::ranges::sort(names);
    return names;
  }

  /// A random directory and a name that is there, or perhaps not.
  Place place() {
    NodeRef dir = fs_->root();
    std::string path;
    for (;;) {
      const std::vector<std::string> names = names_in(*dir);
      const bool fresh = names.empty() || below(4) == 0;
      std::string name =
          fresh ? std::string(1, static_cast<char>('a' + below(8))) : names[below(names.size())];
      const Result<NodeRef> child = dir->lookup(name);
      if (!child || !(*child)->is_directory() || below(3) == 0) {
        what_ += " " + path + "/" + name;
        return {dir, name};
      }
      path += "/" + name;
      dir = *child;
    }
  }

  Result<NodeRef> node() {
    const Place at = place();
    return at.dir->lookup(at.name);
  }

  /// An open file: one of those that are held, else one opened for this once.
  Result<File*> file() {
    if (!handles_.empty() && below(2) == 0) {
      const Handle& handle = handles_[below(handles_.size())];
      what_ += " held";
      return handle.file.get();
    }
    const Result<NodeRef> found = node();
    if (!found) return fail(found.error());
    Result<FilePtr> opened = open(**found, false);
    if (!opened) return fail(opened.error());
    once_ = *std::move(opened);
    return once_.get();
  }

  Result<FilePtr> open(Node& node, bool truncate) {
    if (node.type() == FileType::fifo) return fail(Errc::enxio);
    if (node.type() == FileType::symlink) return fail(Errc::eloop);
    return node.open({.read = true, .write = true, .append = below(4) == 0, .truncate = truncate});
  }

  Status act() {
    static constexpr std::array<Act, 22> kActs = {
        &World::create,       &World::create,   &World::make_dir, &World::make_symlink,
        &World::make_special, &World::link,     &World::unlink,   &World::unlink,
        &World::remove_dir,   &World::rename,   &World::rename,   &World::hold_file,
        &World::close_handle, &World::write,    &World::write,    &World::write,
        &World::truncate,     &World::allocate, &World::set_attr, &World::set_xattr,
        &World::set_xattr,    &World::others};
    what_.clear();
    const Status done = (this->*kActs[below(kActs.size())])();
    once_.reset();
    return done;
  }

  Status make(NewNode spec) {
    const Place at = place();
    const Result<NodeRef> made = at.dir->create(at.name, spec);
    return made ? Status{} : fail(made.error());
  }
  Status create() {
    what_ = "create";
    return make({.mode = 0600});
  }
  Status make_dir() {
    what_ = "mkdir";
    return make(kDirectory);
  }
  Status make_symlink() {
    what_ = "symlink";
    const std::string text(1 + below(below(2) == 0 ? 20 : 3000), 't');
    return make({.type = FileType::symlink, .target = text});
  }
  Status make_special() {
    what_ = "mknod";
    return make({.type = below(2) == 0 ? FileType::fifo : FileType::block_device, .rdev = 7});
  }

  Status link() {
    what_ = "link";
    if (!handles_.empty() && below(3) == 0) {
      const NodeRef target = handles_[below(handles_.size())].node;
      const Place at = place();
      return at.dir->link(at.name, *target);
    }
    const Result<NodeRef> target = node();
    if (!target) return fail(target.error());
    const Place at = place();
    return at.dir->link(at.name, **target);
  }

  /// Removes what is there with `remove`, and now and then keeps it, as somebody
  /// would whose working directory it is.
  template <class Remove>
  Status remove(const Place& at, Remove remove) {
    const Result<NodeRef> node = at.dir->lookup(at.name);
    const Status done = remove();
    if (done && node && below(3) == 0) kept_.push_back(*node);
    return done;
  }
  Status unlink() {
    what_ = "unlink";
    const Place at = place();
    return remove(at, [&] { return at.dir->unlink(at.name); });
  }
  Status remove_dir() {
    what_ = "rmdir";
    const Place at = place();
    return remove(at, [&] { return at.dir->rmdir(at.name); });
  }
  Status rename() {
    constexpr std::array kModes = {RenameMode::replace, RenameMode::replace, RenameMode::no_replace,
                                   RenameMode::exchange};
    const std::uint64_t mode = below(kModes.size());
    what_ = "rename " + std::to_string(mode);
    const Place from = place();
    const Place to = place();
    return remove(to, [&] { return from.dir->rename(from.name, *to.dir, to.name, kModes[mode]); });
  }

  Status hold_file() {
    what_ = "open";
    if (handles_.size() >= 4) return close_handle();
    const Result<NodeRef> found = node();
    if (!found) return fail(found.error());
    Result<FilePtr> opened = open(**found, below(8) == 0);
    if (!opened) return fail(opened.error());
    handles_.push_back({*found, *std::move(opened)});
    return {};
  }
  Status close_handle() {
    what_ = "close";
    if (!handles_.empty())
      handles_.erase(handles_.begin() + static_cast<std::ptrdiff_t>(below(handles_.size())));
    if (!kept_.empty()) kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(below(kept_.size())));
    return {};
  }

  Status write() {
    what_ = "write";
    const Result<File*> into = file();
    if (!into) return fail(into.error());
    const std::string text(1 + below(below(2) == 0 ? 100 : 4 * kPage), static_cast<char>('A' + below(26)));
    const std::uint64_t offset = below(6 * kPage);
    what_ += " " + std::to_string(text.size()) + " at " + std::to_string(offset);
    const Result<std::size_t> written = (*into)->write_at(offset, bytes_of(text));
    if (!written) return fail(written.error());
    if (*written == text.size()) return {};
    // A short write is one that met the limit: nothing of the rest fits.
    const auto rest = bytes_of(text).subspan(*written);
    const Result<std::size_t> more = (*into)->write_at(offset + *written, rest);
    EXPECT_TRUE(!more && more.error() == Errc::enospc) << what_;
    return {};
  }
  Status truncate() {
    what_ = "truncate";
    const Result<File*> into = file();
    return into ? (*into)->truncate(below(7 * kPage)) : fail(into.error());
  }
  Status allocate() {
    constexpr std::array kModes = {AllocateMode::extend, AllocateMode::keep_size,
                                   AllocateMode::punch,  AllocateMode::punch,
                                   AllocateMode::zero,   AllocateMode::zero_keep_size};
    const std::uint64_t mode = below(kModes.size());
    what_ = "allocate " + std::to_string(mode);
    const Result<File*> into = file();
    if (!into) return fail(into.error());
    const std::uint64_t offset = below(5 * kPage);
    const std::uint64_t length = 1 + below(3 * kPage);
    what_ += " " + std::to_string(offset) + "+" + std::to_string(length);
    if (kModes[mode] == AllocateMode::keep_size) reserves_ = true;
    return (*into)->allocate(kModes[mode], offset, length);
  }

  Status set_attr() {
    what_ = "set_attr";
    const Result<NodeRef> found = node();
    if (!found) return fail(found.error());
    SetAttr change;
    if (below(2) == 0) change.mode = static_cast<std::uint16_t>(below(01000));
    if (below(2) == 0) change.size = below(7 * kPage);
    if (below(2) == 0) change.mtime = Time{.sec = static_cast<std::int64_t>(below(1000)), .nsec = 1};
    return (*found)->set_attr(change);
  }
  Status set_xattr() {
    what_ = "set_xattr";
    const Result<NodeRef> found = node();
    if (!found) return fail(found.error());
    const std::string name = "user." + std::string(1, static_cast<char>('j' + below(3)));
    if (below(4) == 0) {
      what_ = "remove_xattr";
      return (*found)->remove_xattr(name);
    }
    constexpr std::array kModes = {XattrMode::any, XattrMode::any, XattrMode::create, XattrMode::replace};
    const std::string value(below(below(2) == 0 ? 30 : 2 * kPage), 'v');
    return (*found)->set_xattr(name, value, kModes[below(kModes.size())]);
  }

  Status others() {
    const NodeRef root = fs_->root();
    what_ = "create without a name";
    if (handles_.size() >= 4) return close_handle();
    const Result<NodeRef> made = root->create_anonymous({.mode = 0600});
    if (!made) return fail(made.error());
    handles_.push_back({*made, ok((*made)->open(kReadWrite))});
    return {};
  }

  // --- what anybody can see -------------------------------------------------

  static void dump_node(std::ostream& out, const std::string& path, Node& node) {
    const Attr attr = ok(node.attr());
    out << path << " " << attr.ino << " " << int(attr.type) << " " << attr.mode << " " << attr.nlink << " "
        << attr.uid << ":" << attr.gid << " " << attr.rdev << " " << attr.size << " " << attr.blocks << " "
        << text_of(attr.atime) << " " << text_of(attr.mtime) << " " << text_of(attr.btime);
    // Not the ctime: where content is copied up late and does not fit, it is undone.
    if (node.type() == FileType::symlink) out << " -> " << ok(node.read_link()).text;
    for (const std::string& name : ok(node.list_xattrs()))
      out << " " << name << "=" << ok(node.get_xattr(name));
    if (node.type() == FileType::regular) {
      const FilePtr file = ok(node.open({}));
      std::string bytes(attr.size, '\0');
      EXPECT_EQ(ok(file->read_at(0, std::as_writable_bytes(std::span(bytes)))), attr.size);
      out << " " << std::hash<std::string>{}(bytes);
      for (std::uint64_t at = 0; at < attr.size;) {
        const Result<std::uint64_t> data = file->seek_data(at);
        if (!data) break;
        at = ok(file->seek_hole(*data));
        out << " " << *data << "-" << at;
      }
    }
    out << "\n";
  }
  static void dump_below(std::ostream& out, const std::string& path, Node& dir) {
    dump_node(out, path, dir);
    for (const std::string& name : names_in(dir)) {
      const NodeRef child = ok(dir.lookup(name));
      const std::string child_path = path + "/" + name;
      child->is_directory() ? dump_below(out, child_path, *child) : dump_node(out, child_path, *child);
    }
  }
  std::string dump() {
    std::ostringstream out;
    dump_below(out, "", *fs_->root());
    for (const Handle& handle : handles_) dump_node(out, "(open)", *handle.node);
    for (const NodeRef& node : kept_) dump_node(out, "(kept)", *node);
    // Without a limit it tells of the machine's memory, which others use, too.
    const StatFs room = ok(fs_->statfs());
    if (quota_->bytes_max() != Quota::kUnlimited) out << room.blocks << " " << room.blocks_free << "\n";
    if (quota_->inodes_max() != Quota::kUnlimited) out << room.files << " " << room.files_free << "\n";
    out << quota_->bytes_used() << " " << quota_->inodes_used() << " " << outer_->bytes_used() << "\n";
    return out.str();
  }

  // --- what is held ---------------------------------------------------------

  struct Count {
    std::uint64_t bytes = 0;
    std::uint64_t inodes = 0;
    std::set<std::uint64_t> seen;
  };

  /// The pages of a file that are its own, told apart from shared ones by where
  /// their bytes lie.
  std::uint64_t own_pages(Node& node, const Attr& attr) const {
    const FilePtr file = ok(node.open({}));
    std::uint64_t own = 0;
    std::uint64_t shared = 0;
    for (std::uint64_t at = 0; at < attr.size; at += kPage) {
      if (const auto view = file->view(at, 1); view && !view->bytes.empty()) {
        ++shared;
      } else if (file->seek_data(at).value_or(attr.size) == at) {
        ++own;
      }
    }
    // Pages past the end, which only a reservation makes, show in the blocks alone.
    const std::uint64_t all = attr.blocks * 512 / kPage - shared;
    EXPECT_TRUE(reserves_ ? all >= own : all == own) << all << " pages, " << own << " before the end";
    return all;
  }

  void count(Node& node, Count& total) const {
    const Attr attr = ok(node.attr());
    if (!total.seen.insert(attr.ino).second) return;
    ++total.inodes;
    if (node.type() == FileType::symlink) total.bytes += ok(node.read_link()).text.size();
    if (node.type() == FileType::regular) total.bytes += own_pages(node, attr) * kPage;
    for (const std::string& name : ok(node.list_xattrs())) {
      total.bytes += name.size() + ok(node.get_xattr(name)).size();
    }
    if (!node.is_directory()) return;
    for (const std::string& name : names_in(node)) count(*ok(node.lookup(name)), total);
  }
  void count_held(Node& node, Count& total) const {
    if (fs_ == memory_) return count(node, total);
    if (Node* const upper = static_cast<OverlayNode&>(node).upper(); upper != nullptr) count(*upper, total);
  }
  /// What the overlay shows may be held by it alone: the upper has no name for a
  /// file that was copied up and of whose hard links only others are left.
  void count_shown(Node& dir, Count& total) const {
    for (const std::string& name : names_in(dir)) {
      const NodeRef child = ok(dir.lookup(name));
      count_held(*child, total);
      if (child->is_directory()) count_shown(*child, total);
    }
  }

  void recount() const {
    Count total;
    count(*memory_->root(), total);
    if (fs_ != memory_) count_shown(*fs_->root(), total);
    for (const Handle& handle : handles_) count_held(*handle.node, total);
    for (const NodeRef& node : kept_) count_held(*node, total);
    EXPECT_EQ(quota_->bytes_used(), total.bytes) << "after " << what_;
    EXPECT_EQ(quota_->inodes_used(), total.inodes) << "after " << what_;
    EXPECT_EQ(outer_->bytes_used(), total.bytes) << "after " << what_;
    EXPECT_EQ(outer_->inodes_used(), total.inodes) << "after " << what_;
  }

  std::mt19937_64 random_;
  std::shared_ptr<Quota> outer_;
  std::shared_ptr<Quota> quota_;
  std::shared_ptr<MemoryFilesystem> memory_;
  FilesystemPtr fs_;
  std::vector<Handle> handles_;
  std::vector<NodeRef> kept_;
  FilePtr once_;           ///< open for the step that is running
  bool reserves_ = false;  ///< some file has pages past its end
  std::string what_;
  std::string state_;
  int refused_ = 0;
};

constexpr std::uint64_t kSeeds = 60;
constexpr int kSteps = 400;
constexpr std::uint64_t kParts = 6;  ///< so that several cores share the work

class QuotaProperty : public testing::TestWithParam<std::uint64_t> {
 protected:
  static void run(bool overlay) {
    int refused = 0;
    for (std::uint64_t seed = GetParam(); seed < kSeeds; seed += kParts) {
      World world(overlay, seed);
      for (int step = 0; step < kSteps; ++step) {
        ASSERT_TRUE(world.step()) << "seed " << seed << ", step " << step << ": " << world.what();
      }
      refused += world.refused();
      world.drop();
      ASSERT_FALSE(HasFailure()) << "seed " << seed << ", at the end";
    }
    EXPECT_GT(refused, 100) << "the limits are too wide to test anything";
  }
};

TEST_P(QuotaProperty, WhatAMemoryRootIsChargedIsWhatItHolds) { run(false); }
TEST_P(QuotaProperty, WhatAnOverlayIsChargedIsWhatItsUpperHolds) { run(true); }

INSTANTIATE_TEST_SUITE_P(Part, QuotaProperty, testing::Range(std::uint64_t{0}, kParts));

}  // namespace
}  // namespace wasifs::test
