// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/wasm_features.h"

#include "base/utf8.h"

namespace wasifs::webc {

namespace {

constexpr std::string_view kMagic("\0asm", 4);
constexpr std::uint64_t kVersion = 1;
/// What the two bytes behind the version say.
constexpr std::uint64_t kModule = 0;
constexpr std::uint64_t kComponent = 1;

constexpr std::uint64_t kCustom = 0;
constexpr std::uint64_t kImport = 2;
constexpr std::uint64_t kStart = 8;
constexpr std::uint64_t kCode = 10;
constexpr std::uint64_t kDataCount = 12;
constexpr std::uint64_t kTag = 13;
constexpr std::uint64_t kLastId = 0x7f;

/// The sections of a module, one after the other.
class Scan {
 public:
  explicit Scan(ByteSpan module) : module_(module), reader_(module, {0, module.size()}, "the module") {}

  /// False: no module.
  bool read() {
    const auto magic = reader_.take(kMagic.size(), "");
    const auto version = reader_.integer(2, "");
    const auto layer = reader_.integer(2, "");
    if (!magic || !version || !layer || text_of(reader_.bytes(*magic)) != kMagic) return false;
    if (*layer != kModule && *layer != kComponent) return false;
    is_component_ = *layer == kComponent;
    // The reference looks no further into what it does not know the version of.
    has_meaning_ = *version == kVersion && !is_component_;
    while (reader_.remaining() != 0) {
      const auto id = reader_.integer(1, "");
      const auto size = number(reader_);
      if (!id || *id > kLastId || !size) return false;
      const auto content = reader_.take(*size, "");
      if (!content || !read_section(*id, *content)) return false;
    }
    return true;
  }

  [[nodiscard]] bool has_exceptions() const { return exceptions_; }

 private:
  bool read_section(std::uint64_t id, Range content) {
    Reader section(module_, content, "");
    if (id == kCustom) return read_custom(section);
    // One of an id that nobody has given a meaning is passed over, as are a component's.
    if (id > kTag || is_component_) return true;
    const auto count = number(section);
    if (!count) return false;
    if (id == kStart || id == kDataCount) return section.remaining() == 0;
    if (id == kTag && has_meaning_) exceptions_ = true;
    if (id == kCode) return read_bodies(section, *count);
    if (id == kImport && has_meaning_) read_imports(section, *count);
    return true;
  }

  /// A LEB128 number of 32 bits, in no more bytes than those need.
  static std::optional<std::uint64_t> number(Reader& reader) {
    constexpr std::uint64_t kMost = 5;
    const std::uint64_t start = reader.offset();
    const auto value = reader.leb128("");
    if (!value || *value > 0xffff'ffff || reader.offset() - start > kMost) return std::nullopt;
    return *value;
  }

  bool read_custom(Reader& section) {
    const auto name = read_name(section);
    if (!name) return false;
    if (name->find("exception") != std::string_view::npos) exceptions_ = true;
    return true;
  }

  std::optional<std::string_view> read_name(Reader& section) const {
    const auto size = number(section);
    if (!size) return std::nullopt;
    const auto name = section.take(*size, "");
    if (!name || !is_utf8(text_of(section.bytes(*name)))) return std::nullopt;
    return text_of(section.bytes(*name));
  }

  static bool read_bodies(Reader& section, std::uint64_t count) {
    for (; count != 0; --count) {
      const auto size = number(section);
      if (!size || !section.take(*size, "")) return false;
    }
    return section.remaining() == 0;
  }

  /// Looks for a tag among them, and gives up at what it does not understand: what is
  /// imported makes no difference to whether this is a module.
  void read_imports(Reader& section, std::uint64_t count) {
    constexpr std::uint64_t kFunction = 0;
    constexpr std::uint64_t kTable = 1;
    constexpr std::uint64_t kMemory = 2;
    constexpr std::uint64_t kGlobal = 3;
    constexpr std::uint64_t kTagImport = 4;
    for (; count != 0; --count) {
      if (!read_name(section) || !read_name(section)) return;
      const auto kind = section.integer(1, "");
      if (!kind) return;
      bool known = true;
      if (*kind == kFunction) {
        known = number(section).has_value();
      } else if (*kind == kTable) {
        known = read_value_type(section) && read_limits(section);
      } else if (*kind == kMemory) {
        known = read_limits(section);
      } else if (*kind == kGlobal) {
        known = read_value_type(section) && section.integer(1, "");
      } else {
        exceptions_ = exceptions_ || *kind == kTagImport;
        known = false;
      }
      if (!known) return;
    }
  }

  static bool read_value_type(Reader& section) {
    constexpr std::uint64_t kReference = 0x64;
    constexpr std::uint64_t kNullableReference = 0x63;
    const auto type = section.integer(1, "");
    if (!type) return false;
    // To a type of its own, whose number follows.
    return (*type != kReference && *type != kNullableReference) || section.leb128("");
  }

  static bool read_limits(Reader& section) {
    const auto flags = section.integer(1, "");
    // Of 64 bits, where the memory is one of those.
    if (!flags || !section.leb128("")) return false;
    return (*flags & 1U) == 0 || section.leb128("");
  }

  ByteSpan module_;
  Reader reader_;
  bool is_component_ = false;
  bool has_meaning_ = false;  ///< more than names
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
