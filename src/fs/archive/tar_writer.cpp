// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <new>
#include <ostream>
#include <vector>

#include "base/output_file.h"
#include "base/path.h"
#include "fs/archive/entry_acl.h"
#include "fs/archive/handle.h"
#include "fs/archive/tar_time.h"
#include "fs/archive/utf8_locale.h"

namespace wasifs::archive {

namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 20U;
constexpr std::size_t kHole = std::size_t{1} << 30U;

struct Suffix {
  std::string_view text;
  int (*add_filter)(::archive*);
};

constexpr std::array<Suffix, 11> kSuffixes{{{".tar", archive_write_add_filter_none},
                                            {".tar.gz", archive_write_add_filter_gzip},
                                            {".tgz", archive_write_add_filter_gzip},
                                            {".tar.bz2", archive_write_add_filter_bzip2},
                                            {".tbz2", archive_write_add_filter_bzip2},
                                            {".tar.xz", archive_write_add_filter_xz},
                                            {".txz", archive_write_add_filter_xz},
                                            {".tar.zst", archive_write_add_filter_zstd},
                                            {".tzst", archive_write_add_filter_zstd},
                                            {".tar.lz4", archive_write_add_filter_lz4},
                                            {".tlz4", archive_write_add_filter_lz4}}};

const Suffix* suffix_of(std::string_view path) {
  const auto found =
      std::ranges::find_if(kSuffixes, [&](const Suffix& suffix) { return path.ends_with(suffix.text); });
  return found == kSuffixes.end() ? nullptr : &*found;
}

unsigned type_bits(FileType type) {
  switch (type) {
    case FileType::regular:
      return AE_IFREG;
    case FileType::directory:
      return AE_IFDIR;
    case FileType::symlink:
      return AE_IFLNK;
    case FileType::char_device:
      return AE_IFCHR;
    case FileType::block_device:
      return AE_IFBLK;
    case FileType::fifo:
      return AE_IFIFO;
    case FileType::socket:
      break;
  }
  return AE_IFSOCK;
}

/// A gibibyte of zeros that takes no memory: what a hole is written with. libarchive
/// passes over it.
class Zeros {
 public:
  Zeros() = default;
  Zeros(const Zeros&) = delete;
  Zeros& operator=(const Zeros&) = delete;
  ~Zeros() {
    if (at_ != MAP_FAILED) ::munmap(at_, kHole);
  }
  const void* get() {
    if (at_ == MAP_FAILED) {
      at_ = ::mmap(nullptr, kHole, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (at_ == MAP_FAILED) throw std::bad_alloc();
    }
    return at_;
  }

 private:
  void* at_ = MAP_FAILED;
};

/// Ranges of a file that hold data.
using Segments = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Result<Segments> find_data(File& content, std::uint64_t size) {
  Segments segments;
  for (std::uint64_t at = 0; at < size;) {
    const Result<std::uint64_t> data = content.seek_data(at);
    if (!data && data.error() == Errc::enxio) break;
    if (!data) return fail(data.error());
    const Result<std::uint64_t> hole = content.seek_hole(*data);
    if (!hole) return fail(hole.error());
    const std::uint64_t end = std::min(*hole, size);
    if (*data < end) segments.emplace_back(*data, end - *data);
    at = std::max(end, at + 1);
  }
  return segments;
}

/// Where the bytes of a tar go.
class Target {
 public:
  Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  virtual ~Target() = default;
  [[nodiscard]] virtual Outcome<void> write(std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual Outcome<void> commit() = 0;
  /// For a sentence.
  [[nodiscard]] virtual std::string name() const = 0;
};

class FileTarget final : public Target {
 public:
  explicit FileTarget(OutputFile file) : file_(std::move(file)) {}
  Outcome<void> write(std::span<const std::byte> bytes) override { return file_.write(bytes); }
  Outcome<void> commit() override { return file_.commit(); }
  std::string name() const override { return quoted(file_.path()); }

 private:
  OutputFile file_;
};

class StreamTarget final : public Target {
 public:
  explicit StreamTarget(std::ostream& stream) : stream_(stream) {}
  Outcome<void> write(std::span<const std::byte> bytes) override {
    stream_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return state();
  }
  Outcome<void> commit() override {
    stream_.flush();
    return state();
  }
  std::string name() const override { return "the output"; }

 private:
  [[nodiscard]] Outcome<void> state() const {
    if (stream_) return {};
    return fail(Diagnostic{.trouble = Trouble::source, .message = "cannot write the output"});
  }

  std::ostream& stream_;
};

class PaxWriter final : public TarWriter {
 public:
  explicit PaxWriter(std::unique_ptr<Target> target)
      : target_(std::move(target)), writer_(new_writer()), entry_(new_entry()) {}
  PaxWriter(const PaxWriter&) = delete;
  PaxWriter& operator=(const PaxWriter&) = delete;
  ~PaxWriter() override {
    // What is not finished is not to get the end of an archive, and look like a whole one.
    archive_write_fail(writer_.get());
  }

  Outcome<void> open(const Suffix& suffix) {
    ::archive* const writer = writer_.get();
    for (const int status : {archive_write_set_format_pax(writer),
                             // Others write them in two ways; this one is understood by all.
                             archive_write_set_format_option(writer, "pax", "xattrheader", "SCHILY"),
                             suffix.add_filter(writer)}) {
      // A filter of this libarchive's may be an external program; it warns of that.
      if (status < ARCHIVE_WARN) return fail(broken());
    }
    // gzip would note when it was written. The others have no such option.
    archive_write_set_filter_option(writer, nullptr, "timestamp", nullptr);
    archive_write_set_bytes_in_last_block(writer, 1);
    if (archive_write_open(writer, this, nullptr, &PaxWriter::take, nullptr) != ARCHIVE_OK)
      return fail(broken());
    return {};
  }

  Outcome<void> add(const Item& item, File* content) override {
    const Utf8Locale::Use use(locale_);
    ::archive_entry* const entry = archive_entry_clear(entry_.get());
    const std::string path(item.path);
    archive_entry_set_pathname(entry, path.c_str());
    describe(entry, item);
    Segments segments;
    const bool is_file = item.attr.type == FileType::regular && !item.hard_link;
    if (is_file) {
      if (item.attr.size != 0) {
        if (content == nullptr) return fail(unreadable(path, Errc::einval));
        Result<Segments> found = find_data(*content, item.attr.size);
        if (!found) return fail(unreadable(path, found.error()));
        segments = *std::move(found);
      }
      archive_entry_set_size(entry, static_cast<la_int64_t>(item.attr.size));
      if (has_holes(segments, item.attr.size)) note_holes(entry, segments, item.attr.size);
    }
    if (archive_write_header(writer_.get(), entry) < ARCHIVE_WARN) return fail(broken());
    if (is_file && item.attr.size != 0) return copy(path, *content, segments, item.attr.size);
    return {};
  }

  Outcome<void> finish() override {
    if (archive_write_close(writer_.get()) < ARCHIVE_WARN) return fail(broken());
    return target_->commit();
  }

 private:
  static la_ssize_t take(::archive* writer, void* self, const void* bytes, std::size_t size) {
    auto& mine = *static_cast<PaxWriter*>(self);
    // No exception may pass through a C library.
    try {
      Outcome<void> written = mine.target_->write({static_cast<const std::byte*>(bytes), size});
      if (written) return static_cast<la_ssize_t>(size);
      mine.trouble_ = std::move(written.error());
    } catch (...) {
      mine.thrown_ = std::current_exception();
    }
    archive_set_error(writer, EIO, "the file cannot be written");
    return -1;
  }

  /// What went wrong with the target, or else what libarchive says.
  Diagnostic broken() {
    if (thrown_) std::rethrow_exception(thrown_);
    if (!trouble_.message.empty()) return trouble_;
    return failure(writer_.get(), Trouble::source, "cannot write " + target_->name());
  }

  Diagnostic unreadable(const std::string& path, Errc error) const {
    return {
        .trouble = Trouble::source,
        .message = "cannot read " + quoted("/" + path) + " for " + target_->name() + ": " + message(error)};
  }

  static void set_time(void (*set)(::archive_entry*, time_t, long), ::archive_entry* entry,
                       const Time& time) {
    const Time stored = to_tar_time(time);
    set(entry, stored.sec, stored.nsec);
  }

  static void describe(::archive_entry* entry, const Item& item) {
    const Attr& attr = item.attr;
    archive_entry_set_filetype(entry, type_bits(attr.type));
    archive_entry_set_perm(entry, attr.mode);
    archive_entry_set_uid(entry, attr.uid);
    archive_entry_set_gid(entry, attr.gid);
    set_time(archive_entry_set_mtime, entry, attr.mtime);
    archive_entry_set_size(entry, 0);
    const std::string link(item.link);
    if (item.hard_link) {
      archive_entry_set_hardlink(entry, link.c_str());
      return;
    }
    if (attr.type == FileType::symlink) archive_entry_set_symlink(entry, link.c_str());
    if (attr.type == FileType::char_device || attr.type == FileType::block_device) {
      archive_entry_set_rdev(entry, attr.rdev);
    }
    if (item.all_times) {
      set_time(archive_entry_set_atime, entry, attr.atime);
      set_time(archive_entry_set_ctime, entry, attr.ctime);
      set_time(archive_entry_set_birthtime, entry, attr.btime);
    }
    for (const auto& [name, value] : item.xattrs) {
      if (!write_acl(entry, name, value)) {
        archive_entry_xattr_add_entry(entry, name.c_str(), value.data(), value.size());
      }
    }
  }

  static bool has_holes(const Segments& segments, std::uint64_t size) {
    return size != 0 && (segments.size() != 1 || segments.front().second != size);
  }

  static void note_holes(::archive_entry* entry, const Segments& segments, std::uint64_t size) {
    for (const auto& [offset, length] : segments) {
      archive_entry_sparse_add_entry(entry, static_cast<la_int64_t>(offset), static_cast<la_int64_t>(length));
    }
    // A file that is one hole has a segment without bytes at its end.
    if (segments.empty()) archive_entry_sparse_add_entry(entry, static_cast<la_int64_t>(size), 0);
  }

  Outcome<void> copy(const std::string& path, File& content, const Segments& segments, std::uint64_t size) {
    std::uint64_t at = 0;
    for (const auto& [offset, length] : segments) {
      if (auto skipped = skip(offset - at); !skipped) return skipped;
      if (auto copied = copy_segment(path, content, offset, length); !copied) return copied;
      at = offset + length;
    }
    return skip(size - at);
  }

  Outcome<void> skip(std::uint64_t length) {
    while (length != 0) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(length, kHole));
      if (auto put = write(zeros_.get(), piece); !put) return put;
      length -= piece;
    }
    return {};
  }

  Outcome<void> copy_segment(const std::string& path, File& content, std::uint64_t offset,
                             std::uint64_t length) {
    while (length != 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, kBuffer));
      std::span<const std::byte> piece;
      const std::optional<View> view = content.view(offset, wanted);
      if (view && view->bytes.size() == wanted) {
        piece = view->bytes;
      } else {
        buffer_.resize(kBuffer);
        const Result<std::size_t> count = content.read_at(offset, std::span(buffer_).first(wanted));
        if (!count) return fail(unreadable(path, count.error()));
        if (*count == 0) return fail(shrunk(path));
        piece = std::span(buffer_).first(*count);
      }
      if (auto put = write(piece.data(), piece.size()); !put) return put;
      offset += piece.size();
      length -= piece.size();
    }
    return {};
  }

  Diagnostic shrunk(const std::string& path) const {
    return {.trouble = Trouble::source,
            .message = quoted("/" + path) + " became shorter while it was written to " + target_->name()};
  }

  Outcome<void> write(const void* bytes, std::size_t size) {
    const la_ssize_t count = archive_write_data(writer_.get(), bytes, size);
    if (count < 0 || static_cast<std::size_t>(count) != size) return fail(broken());
    return {};
  }

  const Utf8Locale locale_;
  const std::unique_ptr<Target> target_;
  Diagnostic trouble_;         ///< of the target, once it has any
  std::exception_ptr thrown_;  ///< the same, of one that throws
  Zeros zeros_;
  std::vector<std::byte> buffer_;
  Writer writer_;  ///< before what it uses in its callback is gone
  Entry entry_;
};

Outcome<std::unique_ptr<TarWriter>> open_writer(std::unique_ptr<Target> target, const Suffix& suffix) {
  auto writer = std::make_unique<PaxWriter>(std::move(target));
  if (auto opened = writer->open(suffix); !opened) return fail(std::move(opened.error()));
  return writer;
}

}  // namespace

bool has_tar_name(std::string_view path) { return suffix_of(path) != nullptr; }

Outcome<std::unique_ptr<TarWriter>> TarWriter::create(const std::string& path) {
  const Suffix* const suffix = suffix_of(path);
  if (suffix == nullptr) {
    return fail(Diagnostic{.trouble = Trouble::usage,
                           .message = quoted(path) + " has no name of a tar archive",
                           .hint = "*.tar, and *.tar.gz, .bz2, .xz, .zst or .lz4 are written"});
  }
  Outcome<OutputFile> out = OutputFile::create(path);
  if (!out) return fail(std::move(out.error()));
  return open_writer(std::make_unique<FileTarget>(*std::move(out)), *suffix);
}

Outcome<std::unique_ptr<TarWriter>> TarWriter::to_stream(std::ostream& stream) {
  return open_writer(std::make_unique<StreamTarget>(stream), *suffix_of(".tar"));
}

}  // namespace wasifs::archive
