// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/cbor_check.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/path.h"

namespace wasifs::webc {
namespace {

enum Major : unsigned { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

constexpr std::uint64_t kIndefinite = std::numeric_limits<std::uint64_t>::max();

struct Head {
  std::uint64_t offset = 0;
  unsigned major = 0;
  unsigned info = 0;
  std::uint64_t argument = 0;

  [[nodiscard]] bool indefinite() const { return info == 31; }
  [[nodiscard]] bool is_break() const { return major == kSimple && info == 31; }
};

/// A container that is being read.
struct Frame {
  bool map = false;
  bool indefinite = false;
  std::uint64_t left = 0;     ///< items (array) or pairs (map) to come
  bool value_next = false;    ///< in a map: the key was read
  std::uint64_t keys = 0;     ///< of a map, read so far
  std::size_t first_key = 0;  ///< of a map, in Checker::keys_
};

class Checker {
 public:
  Checker(ByteSpan file, Range part, std::string_view name)
      : reader_(file, part, name), name_(name), start_(part.offset) {}

  Parsed<std::uint64_t> run() {
    do {
      if (auto done = step(); !done) return std::unexpected(std::move(done.error()));
      if (auto done = close_full_containers(); !done) return std::unexpected(std::move(done.error()));
    } while (!frames_.empty());
    return reader_.offset() - start_;
  }

 private:
  struct Key {
    std::string_view text;
    std::uint64_t offset;
  };

  std::unexpected<Fault> wrong(std::uint64_t offset, std::string_view what) const {
    return fault(offset, concat(name_, ": ", what));
  }

  Parsed<Head> head() {
    Head out{.offset = reader_.offset()};
    auto first = reader_.integer(1, "a CBOR item");
    if (!first) return std::unexpected(std::move(first.error()));
    out.major = static_cast<unsigned>(*first >> 5U);
    out.info = static_cast<unsigned>(*first & 31U);
    if (out.info < 24) {
      out.argument = out.info;
    } else if (out.info < 28) {
      for (unsigned i = 0; i < 1U << (out.info - 24); ++i) {  // big-endian
        auto byte = reader_.integer(1, "a CBOR item's head");
        if (!byte) return std::unexpected(std::move(byte.error()));
        out.argument = out.argument << 8U | *byte;
      }
    } else if (out.info != 31 || out.major < kBytes || out.major == kTag) {
      return wrong(out.offset, "bytes that are no CBOR item");
    }
    return out;
  }

  Parsed<void> step() {
    auto item = head();
    if (!item) return std::unexpected(std::move(item.error()));
    if (item->is_break()) return finish_indefinite(*item);
    if (++items_ > kMaxCborItems)
      return wrong(item->offset, concat("more than ", kMaxCborItems, " CBOR items"));
    if (!frames_.empty()) {
      Frame& frame = frames_.back();
      if (frame.map && !frame.value_next) return key(*item, frame);
      if (frame.map) {
        frame.value_next = false;  // the pair was counted with its key
      } else if (!frame.indefinite) {
        --frame.left;
      }
    }
    return value(*item);
  }

  Parsed<void> value(const Head& item) {
    switch (item.major) {
      case kUnsigned:
        return {};
      case kNegative:
        if (item.argument <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return {};
        return wrong(item.offset, "a negative number below -2^63");
      case kBytes:
      case kText:
        return string(item);
      case kArray:
      case kMap:
        return open(item);
      case kTag:
        return wrong(item.offset, "a CBOR tag, which packages have no use for");
      default:
        return simple(item);
    }
  }

  Parsed<void> simple(const Head& item) {
    const bool constant = item.info >= 20 && item.info <= 22;  // false, true, null
    const bool real = item.info >= 25 && item.info <= 27;
    if (constant || real) return {};
    return wrong(item.offset, "a CBOR simple value other than false, true and null");
  }

  Parsed<void> string(const Head& item) {
    if (!item.indefinite()) {
      auto body = chunk(item);
      if (!body) return std::unexpected(std::move(body.error()));
      return {};
    }
    for (;;) {  // chunks of definite length, of the same kind, up to the break
      auto part = head();
      if (!part) return std::unexpected(std::move(part.error()));
      if (part->is_break()) return {};
      if (++items_ > kMaxCborItems)
        return wrong(part->offset, concat("more than ", kMaxCborItems, " CBOR items"));
      if (part->major != item.major || part->indefinite()) {
        return wrong(part->offset, "a CBOR string with a part that is no string of its kind");
      }
      if (auto body = chunk(*part); !body) return std::unexpected(std::move(body.error()));
    }
  }

  /// The body of a string of definite length.
  Parsed<Range> chunk(const Head& item) {
    auto body = reader_.take(item.argument, item.major == kText ? "a CBOR text" : "a CBOR byte string");
    if (!body) {
      body.error().offset = item.offset;
      return body;
    }
    if (item.major == kText) {
      const std::size_t bad = find_invalid_utf8(text_of(reader_.bytes(*body)));
      if (bad != std::string_view::npos) return wrong(body->offset + bad, "a text that is not UTF-8");
    }
    return body;
  }

  Parsed<void> open(const Head& item) {
    if (frames_.size() == kMaxCborDepth) {
      return wrong(item.offset, concat("CBOR nested more than ", kMaxCborDepth, " levels deep"));
    }
    // Each item to come has a byte at least.
    if (!item.indefinite() && item.argument > reader_.remaining()) {
      return wrong(item.offset, concat("a CBOR container of ", item.argument, " items, but only ",
                                       reader_.remaining(), " bytes are left"));
    }
    frames_.push_back({.map = item.major == kMap,
                       .indefinite = item.indefinite(),
                       .left = item.indefinite() ? kIndefinite : item.argument,
                       .first_key = keys_.size()});
    return {};
  }

  Parsed<void> key(const Head& item, Frame& frame) {
    if (item.major != kText || item.indefinite()) return wrong(item.offset, "a map key that is no text");
    if (++frame.keys > kMaxCborMapKeys) {
      return wrong(item.offset, concat("a map of more than ", kMaxCborMapKeys, " keys"));
    }
    auto body = chunk(item);
    if (!body) return std::unexpected(std::move(body.error()));
    keys_.push_back({text_of(reader_.bytes(*body)), item.offset});
    frame.value_next = true;
    if (!frame.indefinite) --frame.left;
    return {};
  }

  Parsed<void> finish_indefinite(const Head& item) {
    if (frames_.empty() || !frames_.back().indefinite || frames_.back().value_next) {
      return wrong(item.offset, "a CBOR break where none may be");
    }
    return close();
  }

  Parsed<void> close_full_containers() {
    while (!frames_.empty()) {
      const Frame& frame = frames_.back();
      if (frame.indefinite || frame.left != 0 || frame.value_next) return {};
      if (auto done = close(); !done) return done;
    }
    return {};
  }

  Parsed<void> close() {
    const Frame frame = frames_.back();
    frames_.pop_back();
    if (!frame.map) return {};
    const auto own = std::span(keys_).subspan(frame.first_key);
    std::ranges::sort(own, [](const Key& a, const Key& b) {
      return a.text != b.text ? a.text < b.text : a.offset < b.offset;
    });
    const auto twice = std::ranges::adjacent_find(own, {}, &Key::text);
    if (twice != own.end()) {
      return wrong(std::next(twice)->offset, concat("the map key ", quoted(twice->text), " appears twice"));
    }
    keys_.resize(frame.first_key);
    return {};
  }

  Reader reader_;
  std::string_view name_;
  std::uint64_t start_;
  std::uint64_t items_ = 0;
  std::vector<Frame> frames_;
  std::vector<Key> keys_;  ///< of all open maps, innermost last
};

}  // namespace

Parsed<std::uint64_t> check_cbor(ByteSpan file, Range part, std::string_view name) {
  return Checker(file, part, name).run();
}

}  // namespace wasifs::webc
