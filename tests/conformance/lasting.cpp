// SPDX-License-Identifier: Apache-2.0
#include "lasting.h"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "compose/lasting_upper.h"
#include "compose/overlay.h"
#include "compose/subtree.h"
#include "fixed_layer.h"
#include "fs/host/host_fs.h"
#include "fs/memory/memory_fs.h"
#include "support/temp_dir.h"

namespace wasifs::test {

namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(message(result.error()));
  return *std::move(result);
}

FilesystemPtr overlay_of(FilesystemPtr upper, NodeRef work, const std::vector<FilesystemPtr>& lowers) {
  auto names = must(LastingUpper::open(std::move(work), OverlayMarks(MarkSpace::trusted)));
  return std::make_shared<Overlay>(std::move(upper), lowers, OverlayOptions{}, std::move(names));
}

class InMemory final : public LastingLayers {
 public:
  explicit InMemory(bool fixed) : fixed_(fixed) {
    if (fixed) lowers_.push_back(std::make_shared<MemoryFilesystem>());
    const NewNode directory{.type = FileType::directory, .mode = 0755};
    for (const char* const name : {"upper", "work"})
      static_cast<void>(must(disk_->root()->create(name, directory)));
  }
  const std::vector<FilesystemPtr>& lowers() const override { return lowers_; }
  FilesystemPtr open() override {
    std::vector<FilesystemPtr> lowers = lowers_;
    if (fixed_) {
      for (FilesystemPtr& lower : lowers) lower = std::make_shared<FixedLayer>(std::move(lower));
    }
    return overlay_of(must(Subtree::open(disk_, "upper")), must(disk_->root()->lookup("work")), lowers);
  }

 private:
  const bool fixed_;
  std::shared_ptr<MemoryFilesystem> disk_ = std::make_shared<MemoryFilesystem>();
  std::vector<FilesystemPtr> lowers_{std::make_shared<MemoryFilesystem>()};
};

class OnHost final : public LastingLayers {
 public:
  OnHost() {
    for (const char* const name : {"lower", "upper", "upper.work"}) {
      std::filesystem::create_directory(directory_.path() / name);
      std::filesystem::permissions(directory_.path() / name, static_cast<std::filesystem::perms>(0755));
    }
    lowers_.push_back(layer("lower", {}));
  }
  const std::vector<FilesystemPtr>& lowers() const override { return lowers_; }
  FilesystemPtr open() override {
    const auto upper = layer("upper", directory() + "/upper.work");
    return overlay_of(upper, upper->work(), lowers_);
  }
  std::string directory() const override { return directory_.string(); }

 private:
  std::shared_ptr<HostFilesystem> layer(const std::string& name, std::string work) {
    auto opened = HostFilesystem::open(directory() + "/" + name, {.work = std::move(work)});
    if (!opened) throw std::runtime_error(opened.error().text());
    return *std::move(opened);
  }

  TempDir directory_;
  std::vector<FilesystemPtr> lowers_;
};

}  // namespace

std::unique_ptr<LastingLayers> lasting_in_memory() { return std::make_unique<InMemory>(false); }
std::unique_ptr<LastingLayers> lasting_over_fixed_lowers() { return std::make_unique<InMemory>(true); }
std::unique_ptr<LastingLayers> lasting_on_host() { return std::make_unique<OnHost>(); }

}  // namespace wasifs::test
