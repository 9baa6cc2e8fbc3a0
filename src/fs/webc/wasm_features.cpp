// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/wasm_features.h"

#include "base/utf8.h"

namespace wasifs::webc {

namespace {

constexpr std::string_view kMagic("\0asm", 4);
/// Version, then layer: of a module, and of a component.
constexpr std::string_view kModule("\1\0\0\0", 4);
constexpr std::string_view kComponent("\x0d\0\1\0", 4);

constexpr std::uint64_t kCustom = 0;
constexpr std::uint64_t kImport = 2;
constexpr std::uint64_t kStart = 8;
constexpr std::uint64_t kCode = 10;
constexpr std::uint64_t kDataCount = 12;
constexpr std::uint64_t kTag = 13;

/// The sections of a module, one after the other.
class Scan {
 public:
  explicit Scan(ByteSpan module) : module_(module), reader_(module, {0, module.size()}, "the module") {}

  /// False: no module.
  bool read() {
    const auto magic = reader_.take(kMagic.size(), "");
    const auto kind = reader_.take(kModule.size(), "");
    if (!magic || !kind || text_of(reader_.bytes(*magic)) != kMagic) return false;
    // The sections of a component are others; none of them says anything here.
    if (text_of(reader_.bytes(*kind)) == kComponent) return true;
    if (text_of(reader_.bytes(*kind)) != kModule) return false;
    while (reader_.remaining() != 0) {
      const auto id = reader_.integer(1, "");
      const auto size = id ? reader_.leb128("") : id;
      if (!size) return false;
      const auto content = reader_.take(*size, "");
      if (!content || !read_section(*id, *content)) return false;
    }
    return true;
  }

  [[nodiscard]] bool has_exceptions() const { return exceptions_; }

 private:
  bool read_section(std::uint64_t id, Range content) {
    // One of an id that nobody has given a meaning is passed over.
    if (id > kTag) return true;
    Reader section(module_, content, "");
    if (id == kCustom) return read_custom(section);
    const auto count = section.leb128("");
    if (!count || *count > 0xffff'ffff) return false;
    if (id == kStart || id == kDataCount) return section.remaining() == 0;
    if (id == kTag && *count != 0) exceptions_ = true;
    if (id == kCode) return read_bodies(section, *count);
    return id != kImport || read_imports(section, *count);
  }

  bool read_custom(Reader& section) {
    const auto name = read_name(section);
    if (!name) return false;
    if (name->find("exception") != std::string_view::npos) exceptions_ = true;
    return true;
  }

  std::optional<std::string_view> read_name(Reader& section) const {
    const auto size = section.leb128("");
    if (!size) return std::nullopt;
    const auto name = section.take(*size, "");
    if (!name || !is_utf8(text_of(section.bytes(*name)))) return std::nullopt;
    return text_of(section.bytes(*name));
  }

  static bool read_bodies(Reader& section, std::uint64_t count) {
    for (; count != 0; --count) {
      const auto size = section.leb128("");
      if (!size || !section.take(*size, "")) return false;
    }
    return section.remaining() == 0;
  }

  /// Looks for a tag among them, and gives up at what it does not understand: what is
  /// imported makes no difference to whether this is a module.
  bool read_imports(Reader& section, std::uint64_t count) {
    constexpr std::uint64_t kFunction = 0;
    constexpr std::uint64_t kTable = 1;
    constexpr std::uint64_t kMemory = 2;
    constexpr std::uint64_t kGlobal = 3;
    constexpr std::uint64_t kTagImport = 4;
    for (; count != 0; --count) {
      if (!read_name(section) || !read_name(section)) return true;
      const auto kind = section.integer(1, "");
      if (!kind) return true;
      bool known = true;
      if (*kind == kFunction) {
        known = section.leb128("").has_value();
      } else if (*kind == kTable) {
        known = section.integer(1, "") && read_limits(section);
      } else if (*kind == kMemory) {
        known = read_limits(section);
      } else if (*kind == kGlobal) {
        known = section.integer(2, "").has_value();
      } else {
        exceptions_ = exceptions_ || *kind == kTagImport;
        known = false;
      }
      if (!known) return true;
    }
    return true;
  }

  static bool read_limits(Reader& section) {
    const auto flags = section.integer(1, "");
    if (!flags || !section.leb128("")) return false;
    return (*flags & 1U) == 0 || section.leb128("");
  }

  ByteSpan module_;
  Reader reader_;
  bool exceptions_ = false;
};

}  // namespace

std::optional<std::vector<std::string>> wasm_features(ByteSpan module) {
  Scan scan(module);
  if (!scan.read()) return std::nullopt;
  std::vector<std::string> features{"simd", "bulk-memory", "reference-types", "multi-value", "threads"};
  if (scan.has_exceptions()) features.emplace_back("exception-handling");
  return features;
}

}  // namespace wasifs::webc
