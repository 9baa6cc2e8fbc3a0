// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/cache.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/mapping.h"
#include "base/path.h"
#include "base/sha256.h"
#include "fs/archive/archive_fs.h"
#include "fs/archive/tar_writer.h"

namespace wasifs::archive {

namespace {

constexpr std::size_t kEnd = 1024;  // two blocks of zeros

}  // namespace

Cache::Cache(const std::string& folder, std::string label, std::span<const std::byte> archive)
    : folder_(folder), label_(std::move(label)), path_(folder + "/" + to_hex(sha256(archive)) + ".tar") {}

std::optional<View> Cache::find() const {
  Outcome<View> mapped = map_file(path_, "cached archive");
  // A tar that was cut off between two entries lacks nothing but its end.
  if (!mapped || mapped->bytes.size() < kEnd) return std::nullopt;
  const auto end = mapped->bytes.last(kEnd);
  if (std::ranges::any_of(end, [](std::byte byte) { return byte != std::byte{}; })) return std::nullopt;
  return *std::move(mapped);
}

Outcome<void> Cache::store(const ArchiveFilesystem& content) const {
  Diagnostic trouble{
      .trouble = Trouble::source,
      .message = "what archive " + quoted(label_) + " holds cannot be kept in " + quoted(folder_),
      .hint = "name another --cache, or none"};
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
    trouble.message += ": " + message(static_cast<Errc>(errno));
    return fail(std::move(trouble));
  }
  Outcome<std::unique_ptr<TarWriter>> tar = TarWriter::create(path_);
  Outcome<void> stored = tar ? content.write_to(**tar) : fail(tar.error());
  if (stored) stored = (*tar)->finish();
  if (stored) return {};
  trouble.causes.push_back(std::move(stored.error()));
  return fail(std::move(trouble));
}

Outcome<std::shared_ptr<ArchiveFilesystem>> ArchiveFilesystem::parse_cached(View bytes, std::string label,
                                                                            const OpenOptions& options) {
  const Cache cache(options.cache, label, bytes.bytes);
  OpenOptions quiet = options;
  quiet.progress = {};
  if (std::optional<View> kept = cache.find()) {
    auto opened = index(*std::move(kept), label, quiet);
    // One that is damaged is made anew.
    if (opened && (*opened)->spooled() == 0) return opened;
  }
  // What is kept does not depend on what whiteouts mean to whom.
  OpenOptions whole = options;
  whole.whiteouts = Whiteouts::none;
  auto opened = index(bytes, label, whole);
  if (!opened) return opened;
  // Nothing to keep, or something that a tar has no notation for.
  if ((*opened)->spooled() == 0 || (*opened)->has_sockets()) {
    return index(std::move(bytes), std::move(label), quiet);
  }
  if (auto stored = cache.store(**opened); !stored) return fail(std::move(stored.error()));
  opened->reset();  // and the spool with it
  std::optional<View> kept = cache.find();
  return index(kept ? *std::move(kept) : std::move(bytes), std::move(label), quiet);
}

}  // namespace wasifs::archive
