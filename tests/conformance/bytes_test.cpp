// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <random>

#include "conformance.h"

namespace wasifs::test {

namespace {

constexpr std::uint64_t kMost = 256 * 1024;  ///< how long the file may get

constexpr std::array kModes = {AllocateMode::extend, AllocateMode::keep_size, AllocateMode::punch,
                               AllocateMode::zero, AllocateMode::zero_keep_size};

/// Bytes that tell where and when they were written.
std::string pattern(std::uint64_t length, std::uint64_t start) {
  std::string bytes(length, '\0');
  for (std::uint64_t i = 0; i < length; ++i) bytes[i] = static_cast<char>(1 + (start + i) % 251);
  return bytes;
}

}  // namespace

/// One file under random changes, by several handles and two names, against a
/// string: what fsx does.
class AgainstBytes : public Conformance {
 protected:
  void run(std::uint64_t seed) {
    random_.seed(seed);
    model_ = pattern(40'000, seed);
    Vfs& fs = given(Fixture().file("/d/f", model_).link("/g", "/d/f"));
    open_all(fs);
    const int steps = random_operations(GetParam().kernel ? 500 : 2000);
    for (int step = 0; step < steps && !HasFailure(); ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      change(fs);
      look(fs, step % 100 == 0 || step == steps - 1);
    }
    EXPECT_GT(done_, steps / 2) << "too few operations succeed to mean anything";
    close_all();
  }

 private:
  [[nodiscard]] std::uint64_t below(std::uint64_t end) { return random_() % end; }
  /// A place in the file, often one where pages meet.
  [[nodiscard]] std::uint64_t offset() { return below(3) == 0 ? below(kMost / 4096) * 4096 : below(kMost); }
  [[nodiscard]] std::uint64_t length(std::uint64_t from) {
    const std::uint64_t wanted =
        below(4) == 0 ? 4096 * (1 + below(8)) : 1 + below(below(8) == 0 ? 60'000 : 9'000);
    return std::min(wanted, kMost - from);
  }

  void open_all(Vfs& fs) {
    reader_ = ok(fs.open("/g", kRead));
    writer_ = ok(fs.open("/d/f", kReadWrite));
    appender_ = ok(fs.open("/g", kAppend));
  }
  void close_all() {
    reader_.reset();
    writer_.reset();
    appender_.reset();
  }

  void change(Vfs& fs) {
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        return write(offset());
      case 3:
        return append();
      case 4:
      case 5:
      case 6:
        return allocate(kModes.at(below(kModes.size())));
      case 7:
        return truncate(fs);
      case 8:
      case 9:
        return copy();
      case 10:
        if (below(5) == 0) ok(writer_->sync());
        return;
      default:
        return reopen(fs);
    }
  }

  void grow(std::uint64_t size) {
    if (model_.size() < size) model_.resize(size, '\0');
  }
  void put(std::uint64_t at, const std::string& bytes) {
    EXPECT_EQ(ok(writer_->write(at, bytes)), bytes.size());
    grow(at + bytes.size());
    model_.replace(at, bytes.size(), bytes);
    ++done_;
  }

  void write(std::uint64_t at) { put(at, pattern(length(at), random_())); }

  void append() {
    const std::string bytes =
        pattern(std::min<std::uint64_t>(1 + below(5000), kMost - model_.size()), random_());
    EXPECT_EQ(ok(appender_->write(below(kMost), bytes)), bytes.size());
    model_ += bytes;
    ++done_;
  }

  void allocate(AllocateMode mode) {
    const std::uint64_t from = offset();
    const std::uint64_t size = length(from);
    const Status did = writer_->allocate(mode, from, size);
    // Not every file system of the host has every mode.
    if (!did && did.error() == Errc::enotsup && GetParam().host) return;
    ok(did);
    ++done_;
    if (mode == AllocateMode::extend || mode == AllocateMode::zero) grow(from + size);
    if (mode == AllocateMode::extend || mode == AllocateMode::keep_size || from >= model_.size()) return;
    const std::uint64_t zeros = std::min<std::uint64_t>(size, model_.size() - from);
    model_.replace(from, zeros, zeros, '\0');
  }

  void truncate(Vfs& fs) {
    const std::uint64_t size = below(6) == 0 ? 0 : offset();
    ok(below(2) == 0 ? writer_->truncate(size) : fs.truncate("/g", size));
    model_.resize(size, '\0');
    ++done_;
  }

  /// From one place of the file to another.
  void copy() {
    const std::uint64_t from = below(model_.size() + 1);
    const std::uint64_t to = offset();
    const std::string bytes = ok(reader_->read(from, length(to)));
    EXPECT_TRUE(bytes == model_.substr(from, bytes.size()));
    if (!bytes.empty()) put(to, bytes);
  }

  void reopen(Vfs& fs) {
    switch (below(8)) {
      case 0:
        writer_ = ok(fs.open("/g", kTruncate));
        model_.clear();
        break;
      case 1:
        reader_ = ok(fs.open("/d/f", kRead));
        break;
      case 2:
        close_all();
        open_all(fs);
        break;
      default:
        writer_ = ok(fs.open("/d/f", kReadWrite));
    }
    ++done_;
  }

  /// Compares a part of the file, or all of it.
  void look(Vfs& fs, bool whole) {
    EXPECT_EQ(ok(reader_->attr()).size, model_.size());
    if (whole) {
      EXPECT_TRUE(ok(fs.content("/d/f")) == model_);
      EXPECT_TRUE(ok(appender_->read(0, kMost)) == model_);
    }
    const std::uint64_t from = offset();
    const std::uint64_t size = length(from);
    EXPECT_TRUE(ok(reader_->read(from, size)) ==
                model_.substr(std::min<std::uint64_t>(from, model_.size()), size));
    look_for_holes(from);
  }

  /// Data may be found where zeros were written; nothing else may be skipped, and a
  /// hole has nothing but zeros.
  void look_for_holes(std::uint64_t from) {
    const Result<std::uint64_t> data = reader_->seek_data(from);
    const Result<std::uint64_t> hole = reader_->seek_hole(from);
    if (from >= model_.size()) {
      EXPECT_EQ(error(data), Errc::enxio);
      EXPECT_EQ(error(hole), Errc::enxio);
      return;
    }
    EXPECT_TRUE(data || data.error() == Errc::enxio);
    const std::uint64_t skipped_to = data ? *data : model_.size();
    ASSERT_GE(skipped_to, from);
    ASSERT_LE(skipped_to, model_.size());
    EXPECT_GE(model_.find_first_not_of('\0', from), skipped_to) << "data was skipped from " << from;
    ASSERT_GE(ok(hole), from);
    ASSERT_LE(*hole, model_.size());
    EXPECT_TRUE(*hole == model_.size() || model_[*hole] == '\0') << "no hole at " << *hole;
    EXPECT_TRUE(*hole == from || skipped_to == from) << from << " is neither data nor a hole";
  }

  std::mt19937_64 random_;
  std::string model_;
  HandlePtr reader_;
  HandlePtr writer_;
  HandlePtr appender_;
  int done_ = 0;
};
WASIFS_ON_EVERY_BACKEND(AgainstBytes);

TEST_P(AgainstBytes, Seed1) { run(1); }
TEST_P(AgainstBytes, Seed2) { run(2); }
TEST_P(AgainstBytes, Seed3) { run(3); }

}  // namespace wasifs::test
