// SPDX-License-Identifier: Apache-2.0
// What is below and the layer of what was changed show what was changed, whatever that was.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <sstream>

#include "compose/mount_table.h"
#include "fs/host/host_fs.h"
#include "inspect/change_source.h"
#include "inspect/diff.h"
#include "inspect/diff_report.h"
#include "inspect/layer.h"
#include "inspect/merged_package.h"
#include "inspect/tar_sink.h"
#include "support/temp_dir.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

constexpr int kRounds = 60;

/// Changes that often meet. Whether one of them works does not matter.
class Changer {
 public:
  Changer(const Tree& tree, std::mt19937& random) : tree_(tree), random_(random) {}

  void change(int count) {
    for (int i = 0; i < count; ++i) static_cast<void>(step());
  }

 private:
  unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }
  std::string path() {
    std::string path;
    for (unsigned depth = 1 + below(3); depth > 0; --depth)
      path += std::string("/") + static_cast<char>('a' + below(4));
    return path;
  }

  Status step() {
    const std::string at = path();
    switch (below(12)) {
      case 0:
        return tree_.unlink(at);
      case 1:
        return remove_all(at);
      case 2:
      case 3:
        return tree_.rename(at, path());
      case 4:
        return tree_.link(at, path());
      case 5:
        return tree_.symlink(path(), at);
      case 6:
        return tree_.set_attr(at, {.mode = static_cast<std::uint16_t>(below(2) == 0 ? 0700 : 0750)},
                              Follow::no);
      case 7:
        return set_xattr(at);
      case 8:
        return tree_.make_dir(at);
      case 9:
        return tree_.rename(at, path(), RenameMode::exchange);
      default:
        return tree_.write_file(at, std::to_string(random_()));
    }
  }

  Status set_xattr(const std::string& at) {
    const Result<VNode> node = tree_.resolve(at, Follow::no);
    if (!node) return fail(node.error());
    return tree_.set_xattr(*node, "user.a", std::to_string(below(3)), XattrMode::any);
  }

  Status remove_all(const std::string& at) {
    std::vector<std::pair<std::string, bool>> doomed;
    const Status walked = tree_.walk(at, [&](const Visited& visited) {
      doomed.emplace_back(visited.path, visited.node.is_directory());
      return WalkNext::on;
    });
    if (!walked) return walked;
    for (std::size_t i = doomed.size(); i-- > 0;) {
      const auto& [path, directory] = doomed[i];
      if (const Status gone = directory ? tree_.remove_dir(path) : tree_.unlink(path); !gone) return gone;
    }
    return {};
  }

  const Tree& tree_;
  std::mt19937& random_;
};

class RandomLayers : public testing::Test {
 protected:
  PreparedRoot open(const std::string& source) {
    Outcome<PreparedRoot> root = PreparedRoot::open(source);
    if (!root) throw std::runtime_error(root.error().text());
    return *std::move(root);
  }
  void new_base(std::mt19937& random) {
    std::filesystem::remove_all(dir_ / "base");
    dir_.make_dirs("base");
    auto host = HostFilesystem::open(dir_ / "base", {});
    ASSERT_TRUE(host);
    const Tree tree{MountTable(*std::move(host))};
    Changer(tree, random).change(60);
  }
  void write_layer(const Tree& tree, ChangeSource& changes) {
    auto sink = TarSink::create(dir_ / "layer.tar");
    ASSERT_TRUE(sink);
    std::vector<CopyLoss> losses;
    const auto counts = copy_layer(tree, changes, **sink, losses);
    ASSERT_TRUE(counts) << counts.error().text();
    ASSERT_TRUE(losses.empty());
    ASSERT_TRUE((*sink)->finish());
    entries_ += counts->entries;
    whiteouts_ += counts->whiteouts;
    opaque_ += counts->opaque;
  }
  void expect_layer_over_base_is(const Tree& tree) {
    dir_.write_file("both.toml",
                    "[root]\nbase = \"empty\"\n[[mount]]\nguest = \"/\"\ntype = \"overlay\"\n"
                    "layers = [\"layer.tar\", \"base\"]\nwhiteouts = \"oci\"\n");
    const PreparedRoot both = open(dir_ / "both.toml");
    const Difference found =
        diff_trees({.tree = tree, .name = "changed"}, {.tree = *both.tree, .name = "layer"}, {.times = true});
    EXPECT_TRUE(found.problems.empty());
    std::ostringstream text;
    print_difference(text, found, {});
    // The root itself is that of the composition, not of what lies in it.
    std::string lines = text.str();
    if (lines.starts_with("M /  mtime ")) lines.erase(0, lines.find('\n') + 1);
    EXPECT_EQ(lines, "");
  }

  TempDir dir_;
  std::uint64_t entries_ = 0;
  std::uint64_t whiteouts_ = 0;
  std::uint64_t opaque_ = 0;
};

constexpr const char* kOverBase = "[[mount]]\nguest = \"/\"\ntype = \"host\"\nsource = \"base\"\n";

TEST_F(RandomLayers, OfChangesInMemory) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    ASSERT_NO_FATAL_FAILURE(new_base(random));
    dir_.write_file("site.toml", std::string("[root]\nbase = \"empty\"\n") + kOverBase);
    const PreparedRoot root = open(dir_ / "site.toml");
    Changer(*root.tree, random).change(40);
    TreeChanges changes(*root.tree);
    ASSERT_NO_FATAL_FAILURE(write_layer(*root.tree, changes));
    expect_layer_over_base_is(*root.tree);
  }
  EXPECT_GT(entries_ * whiteouts_ * opaque_, 0U);
}

TEST_F(RandomLayers, OfChangesOnTheHostAsTheOverlayTellsThem) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    ASSERT_NO_FATAL_FAILURE(new_base(random));
    for (const char* name : {"state", "state.work"}) std::filesystem::remove_all(dir_ / name);
    dir_.write_file("site.toml", std::string("[root]\nbase = \"empty\"\nupper = \"state\"\n") + kOverBase);
    Changer(*open(dir_ / "site.toml").tree, random).change(40);
    // As another process finds it, which knows nothing but what is on the disk.
    const PreparedRoot root = open(dir_ / "site.toml");
    TreeChanges changes(*root.tree);
    ASSERT_NO_FATAL_FAILURE(write_layer(*root.tree, changes));
    expect_layer_over_base_is(*root.tree);
  }
  EXPECT_GT(entries_ * whiteouts_ * opaque_, 0U);
}

TEST_F(RandomLayers, AreAPackageWithAllThatLiesBelow) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    ASSERT_NO_FATAL_FAILURE(new_base(random));
    dir_.write_file("site.toml", kOverBase);
    const PreparedRoot root = open(dir_ / "site.toml");
    Changer(*root.tree, random).change(40);
    const Result<std::string> described = root.tree->get_xattr(root.tree->root(), "user.wasifs.package");
    ASSERT_TRUE(described);
    TreeChanges changes(*root.tree);
    std::vector<CopyLoss> losses;
    const auto written =
        write_merged_package(*root.tree, changes, {.described = *described}, dir_ / "new.webc", losses);
    ASSERT_TRUE(written) << written.error().text();
    const PreparedRoot alone = open(dir_ / "new.webc");
    const Difference found =
        diff_trees({.tree = *root.tree, .name = "changed"}, {.tree = *alone.tree, .name = "package"},
                   {.mode = false, .owner = false, .xattrs = false, .links = false});
    EXPECT_TRUE(found.problems.empty());
    std::ostringstream text;
    print_difference(text, found, {});
    EXPECT_EQ(text.str(), "");
  }
}

/// What kernel overlayfs shows while it is mounted.
class KernelOverlay {
 public:
  explicit KernelOverlay(const TempDir& dir) : point_(dir / "merged") {
    for (const char* name : {"state", "work", "merged"}) {
      std::filesystem::remove_all(dir / name);
      dir.make_dirs(name);
    }
    const std::string options = "lowerdir=" + (dir / "base") + ",upperdir=" + (dir / "state") +
                                ",workdir=" + (dir / "work") + ",redirect_dir=off,metacopy=off,index=off";
    mounted_ = ::mount("overlay", point_.c_str(), "overlay", 0, options.c_str()) == 0;
  }
  KernelOverlay(const KernelOverlay&) = delete;
  KernelOverlay& operator=(const KernelOverlay&) = delete;
  ~KernelOverlay() {
    if (mounted_) ::umount2(point_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::string point_;
  bool mounted_;
};

TEST_F(RandomLayers, OfAnUpperThatTheKernelWrote) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts an overlay";
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    ASSERT_NO_FATAL_FAILURE(new_base(random));
    const KernelOverlay overlay(dir_);
    if (!overlay.mounted()) GTEST_SKIP() << "the kernel mounts no overlay here";
    auto host = HostFilesystem::open(dir_ / "merged", {});
    ASSERT_TRUE(host);
    const Tree merged{MountTable(*std::move(host))};
    Changer(merged, random).change(40);
    const auto upper = open_directory(dir_ / "state");
    ASSERT_TRUE(upper);
    UpperDirChanges changes(**upper);
    ASSERT_NO_FATAL_FAILURE(write_layer(**upper, changes));
    expect_layer_over_base_is(merged);
  }
  EXPECT_GT(entries_ * whiteouts_ * opaque_, 0U);
}

}  // namespace
}  // namespace wasifs::test
