// SPDX-License-Identifier: Apache-2.0
#include "inspect/tar_sink.h"

#include "base/path.h"

namespace wasifs {

Outcome<std::unique_ptr<TarSink>> TarSink::create(const std::string& path) {
  Outcome<std::unique_ptr<archive::TarWriter>> writer = archive::TarWriter::create(path);
  if (!writer) return fail(std::move(writer.error()));
  return std::unique_ptr<TarSink>(new TarSink(*std::move(writer)));
}

Outcome<void> TarSink::put(const CopiedEntry& entry) {
  if (entry.attr.type == FileType::socket) {
    count_loss(losses_, "socket", Errc::enotsup, entry.path);
    return {};
  }
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
