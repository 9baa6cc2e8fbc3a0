// SPDX-License-Identifier: Apache-2.0
// What a kernel remembers stays in memory here too, so what a node takes counts.
#include <gtest/gtest.h>
#include <malloc.h>

#include <string>
#include <vector>

#include "compose/overlay.h"
#include "layers.h"

// The sanitizers bring an allocator of their own, which mallinfo2(3) knows nothing of.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WASIFS_NEED_MALLOC_FIGURES() GTEST_SKIP() << "the C library does not allocate here"
#else
#define WASIFS_NEED_MALLOC_FIGURES() static_assert(true)
#endif

namespace wasifs::test {
namespace {

class OverlayMemory : public testing::Test {
 protected:
  static constexpr int kFiles = 100'000;

  /// As long as names of modules are.
  static std::string file_name(int index) { return "module_" + std::to_string(index) + ".py"; }

  static FilesystemPtr layer_of(int first, int step) {
    auto memory = std::make_shared<MemoryFilesystem>();
    const NodeRef dir = dir_in(*memory, "/lib");
    for (int i = first; i < kFiles; i += step) ok(dir->create(file_name(i), {}));
    return std::make_shared<LayerWithTraits>(std::move(memory), Traits{.immutable = true});
  }

  /// Bytes of heap that each of the files takes when all are held, with what malloc
  /// needs for itself; the merge of the directory has been made before.
  static double bytes_per_node(Filesystem& fs) {
    const NodeRef dir = ok(find(fs, "/lib"));
    EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
    std::vector<NodeRef> held;
    held.reserve(kFiles);
    const std::size_t before = heap_in_use();
    for (int i = 0; i < kFiles; ++i) held.push_back(ok(dir->lookup(file_name(i))));
    const double each = static_cast<double>(heap_in_use() - before) / kFiles;
    RecordProperty("bytes_per_node", std::to_string(each));
    return each;
  }

  static std::size_t heap_in_use() {
    const struct mallinfo2 figures = ::mallinfo2();
    return figures.uordblks + figures.hblkhd;
  }
};

constexpr double kMost = 150;

TEST_F(OverlayMemory, ANodeOfOneLowerUnderAnUpper) {
  WASIFS_NEED_MALLOC_FIGURES();
  Overlay fs(std::make_shared<MemoryFilesystem>(), {layer_of(0, 1)});
  EXPECT_LE(bytes_per_node(fs), kMost);
}

TEST_F(OverlayMemory, ANodeOfTwoLowersUnderAnUpper) {
  WASIFS_NEED_MALLOC_FIGURES();
  Overlay fs(std::make_shared<MemoryFilesystem>(), {layer_of(0, 2), layer_of(1, 2)});
  EXPECT_LE(bytes_per_node(fs), kMost);
}

TEST_F(OverlayMemory, ANodeOfAnOverlayThatNothingCanChange) {
  WASIFS_NEED_MALLOC_FIGURES();
  Overlay fs(nullptr, {layer_of(0, 2), layer_of(1, 2)});
  EXPECT_LE(bytes_per_node(fs), kMost);
}

TEST_F(OverlayMemory, TheMergeOfADirectory) {
  WASIFS_NEED_MALLOC_FIGURES();
  Overlay fs(std::make_shared<MemoryFilesystem>(), {layer_of(0, 2), layer_of(1, 2)});
  const NodeRef dir = ok(find(fs, "/lib"));
  const std::size_t before = heap_in_use();
  EXPECT_EQ(dir->lookup("absent").error(), Errc::enoent);
  const double each = static_cast<double>(heap_in_use() - before) / kFiles;
  RecordProperty("bytes_per_name", std::to_string(each));
  EXPECT_LE(each, 64);
}

}  // namespace
}  // namespace wasifs::test
