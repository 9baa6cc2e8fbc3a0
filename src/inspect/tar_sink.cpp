// SPDX-License-Identifier: Apache-2.0
#include "inspect/tar_sink.h"

#include "base/path.h"
#include "fs/archive/tar_time.h"

namespace wasifs {

Outcome<std::unique_ptr<TarSink>> TarSink::over(Outcome<std::unique_ptr<archive::TarWriter>> writer) {
  if (!writer) return fail(std::move(writer.error()));
  return std::unique_ptr<TarSink>(new TarSink(*std::move(writer)));
}

Outcome<std::unique_ptr<TarSink>> TarSink::create(const std::string& path) {
  return over(archive::TarWriter::create(path));
}

Outcome<std::unique_ptr<TarSink>> TarSink::to_stream(std::ostream& stream) {
  return over(archive::TarWriter::to_stream(stream));
}

Outcome<void> TarSink::put(const CopiedEntry& entry) {
  if (entry.attr.type == FileType::socket) {
    count_loss(losses_, "socket", Errc::enotsup, entry.path);
    return {};
  }
  if (!archive::fits_tar(entry.attr.mtime)) count_loss(losses_, "time", Errc::erange, entry.path);
  std::string path(entry.path.empty() ? "." : entry.path);
  if (entry.attr.type == FileType::directory) path += '/';
  return writer_->add({.path = path,
                       .attr = entry.attr,
                       .link = entry.link,
                       .hard_link = entry.hard_link,
                       .xattrs = entry.xattrs},
                      entry.content);
}

}  // namespace wasifs
