// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wasifs::test {

/// Writes an uncompressed tar (POSIX ustar) entry by entry. Names of at most 100 bytes.
class TarWriter {
 public:
  TarWriter& file(std::string_view name, std::string_view content, unsigned mode = 0644);
  TarWriter& directory(std::string_view name, unsigned mode = 0755);
  TarWriter& symlink(std::string_view name, std::string_view target);
  TarWriter& hard_link(std::string_view name, std::string_view target);

  /// What has been written so far, with the end of the archive.
  [[nodiscard]] std::string bytes() const;

 private:
  TarWriter& entry(std::string_view name, char type, unsigned mode, std::string_view target,
                   std::string_view content);

  std::string bytes_;
};

}  // namespace wasifs::test
