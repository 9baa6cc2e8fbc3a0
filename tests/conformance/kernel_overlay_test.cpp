// SPDX-License-Identifier: Apache-2.0
// The kernel's overlayfs and ours take turns on one upper: each shows what the other
// has left.
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "conformance.h"
#include "lasting.h"
#include "operation.h"
#include "posix_vfs.h"
#include "tree_vfs.h"

namespace wasifs::test {

namespace {

/// The layers as kernel overlayfs shows them, as long as this lives.
class KernelOverlay {
 public:
  explicit KernelOverlay(const LastingLayers& layers, const std::string& more = "")
      : point_(layers.directory() + "/merged") {
    std::filesystem::create_directory(point_);
    const std::string& base = layers.directory();
    const std::string options = "lowerdir=" + base + "/lower,upperdir=" + base + "/upper,workdir=" + base +
                                "/upper.work,redirect_dir=on" + more;
    if (::mount("overlay", point_.c_str(), "overlay", 0, options.c_str()) != 0) error_ = errno;
  }
  KernelOverlay(const KernelOverlay&) = delete;
  KernelOverlay& operator=(const KernelOverlay&) = delete;
  ~KernelOverlay() {
    if (error_ == 0) ::umount2(point_.c_str(), 0);
  }
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] const std::string& point() const { return point_; }

 private:
  std::string point_;
  int error_ = 0;
};

class TurnsWithTheKernel : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs privileges to mount";
    layers_ = lasting_on_host();
    const KernelOverlay probe(*layers_);
    if (probe.error() != 0) GTEST_SKIP() << "no kernel overlayfs here: " << std::strerror(probe.error());
  }

  template <class Use>
  void ours(Use&& use) {
    TreeVfs fs(layers_->open());
    use(fs);
  }
  template <class Use>
  void kernels(Use&& use, const std::string& options = "") {
    const KernelOverlay mount(*layers_, options);
    ASSERT_EQ(mount.error(), 0) << std::strerror(mount.error());
    PosixVfs fs(mount.point());
    use(fs);
  }

  /// As both can count it: the kernel's overlayfs counts no subdirectories.
  static std::string shown(Vfs& fs) {
    std::string text = dump(fs, "/", true);
    for (std::size_t at = text.find("type=1 "); at != std::string::npos; at = text.find("type=1 ", at + 1)) {
      const std::size_t word = text.find(" nlink=", at);
      text.erase(word, text.find_first_of(" \n", word + 1) - word);
    }
    return text;
  }
  /// What one leaves is what the other shows.
  void expect_same() {
    std::string left;
    ours([&](Vfs& fs) { left = shown(fs); });
    kernels([&](Vfs& fs) { EXPECT_EQ(shown(fs), left); });
  }
  Vfs& lower() {
    if (lower_ == nullptr) lower_ = std::make_unique<TreeVfs>(layers_->lowers().front());
    return *lower_;
  }

 private:
  std::unique_ptr<LastingLayers> layers_;
  std::unique_ptr<Vfs> lower_;
};

/// Hard links of a lower are one file for us alone: the kernel keeps them together
/// only where it was asked to (index=on), in a directory of its own.
void perform_some(Vfs& fs, OperationSource& source, int count, bool links) {
  Caller caller(fs);
  for (int i = 0; i < count; ++i) {
    const Operation op = source.next();
    if (op.kind == Operation::Kind::link && !links) continue;
    static_cast<void>(caller.perform(op));
  }
}

TEST_P(TurnsWithTheKernel, OnOneUpper) {
  OperationSource source(GetParam());
  perform_some(lower(), source, 500, false);
  for (int round = 0; round < 8 && !HasFailure(); ++round) {
    std::string left;
    ours([&](Vfs& fs) {
      perform_some(fs, source, 80, true);
      left = shown(fs);
    });
    kernels([&](Vfs& fs) {
      ASSERT_EQ(shown(fs), left) << "round " << round;
      perform_some(fs, source, 80, true);
      left = shown(fs);
    });
    ours([&](Vfs& fs) { ASSERT_EQ(shown(fs), left) << "round " << round; });
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, TurnsWithTheKernel, testing::Range<std::uint64_t>(1, 9));

class MarksOfTheKernel : public TurnsWithTheKernel {};

TEST_P(MarksOfTheKernel, MovedRemovedAndMadeAnew) {
  ASSERT_TRUE(lower().mkdir("/a"));
  ASSERT_TRUE(lower().mkdir("/a/b"));
  ASSERT_TRUE(lower().put("/a/b/f", "x"));
  ASSERT_TRUE(lower().put("/gone", "x"));
  const auto change = [](Vfs& fs) {
    ASSERT_TRUE(fs.unlink("/gone"));
    ASSERT_TRUE(fs.move("/a/b", "/a/c"));
    ASSERT_TRUE(fs.move("/a/c", "/d"));
    ASSERT_TRUE(fs.mkdir("/a/b"));
  };
  if (GetParam() == 0) {
    ours(change);
  } else {
    kernels(change);
  }
  expect_same();
  ours([](Vfs& fs) {
    EXPECT_EQ(*fs.content("/d/f"), "x");
    EXPECT_EQ(fs.list("/a/b")->size(), 0U);
    EXPECT_EQ(fs.lstat("/gone").error(), Errc::enoent);
  });
}

TEST_P(MarksOfTheKernel, AFileThatItLeftWithoutContentIsNotReadAsZeros) {
  ASSERT_TRUE(lower().put("/f", "content"));
  kernels([](Vfs& fs) { ASSERT_TRUE(fs.chmod("/f", 0600)); }, ",metacopy=on");
  ours([](Vfs& fs) {
    EXPECT_EQ(fs.lstat("/f")->size, 7U);
    EXPECT_EQ(fs.content("/f").error(), Errc::eio);
  });
}
INSTANTIATE_TEST_SUITE_P(By, MarksOfTheKernel, testing::Values<std::uint64_t>(0, 1),
                         [](const auto& each) { return each.param == 0 ? "Us" : "TheKernel"; });

}  // namespace

}  // namespace wasifs::test
