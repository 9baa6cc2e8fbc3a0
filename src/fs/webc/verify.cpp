// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/verify.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/path.h"
#include "fs/webc/tree_scan.h"

namespace wasifs::webc {
namespace {

constexpr std::size_t kMaxListed = 20;
/// Below this much to hash per thread, starting it costs more than it saves.
constexpr std::uint64_t kBytesPerThread = 1 << 20;
/// Files of this size are dealt out before the others, each on its own: one that
/// came last would keep one thread busy when all others are done.
constexpr std::uint64_t kLargeFile = 1 << 20;
/// What is dealt out at once of the others.
constexpr std::uint64_t kBatchBytes = 256 << 10;
constexpr std::uint32_t kBatchNodes = 4096;

/// Bytes of the file and the hash that they must have. A small file has none: its
/// node tells both.
struct Check {
  Range bytes;
  Digest stored;
  std::uint64_t stored_at = 0;  ///< where the stored hash belongs, for the message
  std::uint32_t volume = 0;     ///< the subject: a node of a volume, or …
  std::uint32_t node = 0;
  std::string title = {};  ///< … what it is called
  Digest computed = {};
};

struct Volume {
  std::string title;
  TreeScan tree;
};

/// Nodes of a volume, one after the other.
struct Batch {
  std::uint32_t volume = 0;
  std::uint32_t first = 0;
  std::uint32_t end = 0;
};

/// A small file that has another hash than its record says.
struct WrongFile {
  std::uint32_t volume = 0;
  std::uint32_t node = 0;
  Digest computed = {};

  [[nodiscard]] auto place() const { return std::pair(volume, node); }
};

/// Counts the wrong files, in whatever order threads find them, and keeps the first
/// ones in the order of the package. Allocates nothing. Thread-safe.
class WrongFiles {
 public:
  WrongFiles() { kept_.reserve(kMaxListed); }

  void add(const WrongFile& wrong) {
    const std::lock_guard lock(mutex_);
    ++count_;
    if (kept_.size() < kMaxListed) {
      kept_.push_back(wrong);
    } else if (wrong.place() < kept_.back().place()) {
      kept_.back() = wrong;
    } else {
      return;
    }
    std::ranges::sort(kept_, {}, &WrongFile::place);
  }
  // To be asked when no thread adds any more.
  [[nodiscard]] std::span<const WrongFile> kept() const { return kept_; }
  [[nodiscard]] std::uint64_t left_out() const { return count_ - kept_.size(); }

 private:
  std::mutex mutex_;
  std::vector<WrongFile> kept_;
  std::uint64_t count_ = 0;
};

class Verifier {
 public:
  explicit Verifier(const VerifyInput& input) : in_(input) {}

  Outcome<Package::Verified> run() {
    check_whole_file();
    check_sections();
    if (auto done = check_volume(in_.layout.atoms, "the atoms"); !done)
      return corrupt(in_.label, done.error());
    check_signatures();
    for (const VolumeParts& volume : in_.layout.volumes) {
      auto done = check_volume(volume, concat("volume ", wasifs::quoted(volume.name)));
      if (!done) return corrupt(in_.label, done.error());
    }
    hash_all();
    return report();
  }

 private:
  /// Version 1: the regions that were written last count as zeros.
  void check_whole_file() {
    if (!in_.layout.whole_file) return;
    static constexpr std::array<std::byte, kV1Signature.size> kZeros{};
    const ByteSpan zeros(kZeros);
    const ByteSpan head = in_.file.first(static_cast<std::size_t>(kV1Checksum.offset));
    const ByteSpan rest = in_.file.subspan(static_cast<std::size_t>(kV1Signature.end()));
    compare(
        kV1Checksum.offset, [] { return std::string("the whole file"); }, *in_.layout.whole_file,
        sha256({head, zeros.first(kV1Checksum.size), zeros.first(kV1SignatureLength.size), zeros, rest}));
    result_.bytes += in_.file.size();
  }

  void check_sections() {
    for (const Section& section : in_.layout.sections) {
      if (section.in_header) {
        add({.bytes = section.data,
             .stored = *section.in_header,
             .stored_at = section.offset + 1,
             .title = section.title});
      }
      if (!section.in_index) continue;
      if (section.in_header) {
        // Both are of the same bytes: hash those once and compare the two.
        compare(
            section.offset, [&] { return concat("the index's checksum of ", section.title); },
            *section.in_index, *section.in_header);
      } else {
        add({.bytes = section.data,
             .stored = *section.in_index,
             .stored_at = section.offset,
             .title = section.title});
      }
    }
  }

  Parsed<void> check_volume(const VolumeParts& parts, std::string title) {
    auto tree = scan_tree(in_.file, in_.layout.version, parts);
    if (!tree) return std::unexpected(std::move(tree.error()));
    volumes_.push_back({std::move(title), std::move(*tree)});
    if (in_.layout.version == 1) return {};
    const auto number = static_cast<std::uint32_t>(volumes_.size() - 1);
    const TreeScan& scan = volumes_.back().tree;
    for (std::uint32_t node = 0; node < scan.entries.size(); ++node) check_node(scan, number, node);
    return {};
  }

  void check_node(const TreeScan& tree, std::uint32_t volume, std::uint32_t node) {
    const RawEntry& entry = tree.entries[node];
    if (is_small_file(entry)) {
      ++small_files_;
      result_.bytes += entry.size;
    } else if (entry.type == FileType::regular) {
      add({.bytes = {entry.start, entry.size},
           .stored = digest_at(hash_in_record(entry)),
           .stored_at = hash_at(entry),
           .volume = volume,
           .node = node});
    }
    if (in_.layout.version == 2) return;
    const Digest own = digest_at(hash_in_record(entry));
    if (entry.type == FileType::directory) {
      compare(
          hash_at(entry), [&] { return concat("the directory ", subject(volume, node)); }, own,
          hash_of_children(tree, entry));
    }
    if (node != 0) {
      const Digest in_table = digest_at(bytes_of(in_.file, {entry.hash_at, own.size()}));
      compare(entry.hash_at, [&] { return concat("the entry for ", subject(volume, node)); }, in_table, own);
    }
  }

  static bool is_small_file(const RawEntry& entry) {
    return entry.type == FileType::regular && entry.size < kLargeFile;
  }

  /// A directory's hash is that of its children's, in order of their names.
  Digest hash_of_children(const TreeScan& tree, const RawEntry& directory) {
    std::vector<std::byte> joined;
    joined.reserve(directory.child_count * std::tuple_size_v<Digest>);
    for (std::uint32_t i = 0; i < directory.child_count; ++i) {
      const ByteSpan hash = hash_in_record(tree.entries[directory.first_child + i]);
      joined.insert(joined.end(), hash.begin(), hash.end());
    }
    result_.bytes += joined.size();
    return sha256(joined);
  }

  /// Where a record of version 2 or 3 keeps its hash; the scan checked that it
  /// lies inside the file.
  static std::uint64_t hash_at(const RawEntry& entry) {
    switch (entry.type) {
      case FileType::directory:
        return entry.record_at + 1 + 8 + 24;
      case FileType::symlink:
        return entry.start + entry.size;
      default:
        return entry.record_at + 1 + 8 + 8;
    }
  }

  [[nodiscard]] ByteSpan hash_in_record(const RawEntry& entry) const {
    return bytes_of(in_.file, {hash_at(entry), std::tuple_size_v<Digest>});
  }

  [[nodiscard]] std::string subject(std::uint32_t volume, std::uint32_t node) const {
    return concat(wasifs::quoted(volumes_[volume].tree.path(in_.file, node)), " in ", volumes_[volume].title);
  }

  void check_signatures() {
    const TreeScan& tree = volumes_.front().tree;
    const auto name_of = [&](const RawEntry& entry) { return tree.name(in_.file, entry); };
    const auto atoms = std::span(tree.entries).subspan(1);  // all are the root's children, in order
    for (const Atom& atom : in_.manifest.atoms) {
      if (atom.signature.empty()) continue;
      const std::string title = concat("the signature of atom ", wasifs::quoted(atom.name));
      const auto entry = std::ranges::lower_bound(atoms, std::string_view(atom.name), {}, name_of);
      const auto digest = parse_signature(atom.signature);
      if (entry == atoms.end() || name_of(*entry) != atom.name) {
        mismatch(in_.layout.atoms.header.offset, concat(title, ": the package has no such atom"));
      } else if (!digest) {
        mismatch(in_.layout.manifest.offset, concat(title, ": ", wasifs::quoted(atom.signature),
                                                    " is not \"sha256:\" and the base64 of 32 bytes"));
      } else {
        add({.bytes = {entry->start, entry->size},
             .stored = *digest,
             .stored_at = entry->start,
             .title = title});
      }
    }
  }

  void add(Check check) {
    result_.bytes += check.bytes.size;
    checks_.push_back(std::move(check));
  }

  /// `what` is asked for the subject's name only if the message is needed.
  template <class What>
  void compare(std::uint64_t at, const What& what, const Digest& stored, const Digest& computed) {
    ++result_.hashes;
    if (stored == computed) return;
    if (mismatches_ >= kMaxListed) {
      ++mismatches_;
      return;
    }
    mismatch(at, concat(what(), ": stored sha256 ", to_hex(stored), ", computed ", to_hex(computed)));
  }

  void mismatch(std::uint64_t at, std::string_view what) {
    if (++mismatches_ > kMaxListed) return;
    causes_.push_back({.trouble = Trouble::corrupt, .message = concat("byte ", at, ": ", what)});
  }

  /// Computes all pending hashes; threads take the next ones as they get free.
  void hash_all() {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < checks_.size(); i = next++) {
        checks_[i].computed = sha256(bytes_of(in_.file, checks_[i].bytes));
      }
      while (const auto batch = next_batch()) hash_small_files(*batch);
    };
    const std::uint64_t useful =
        std::min<std::uint64_t>(checks_.size() + small_files_, result_.bytes / kBytesPerThread);
    std::vector<std::jthread> helpers;
    for (std::uint64_t i = 1; i < std::min<std::uint64_t>(std::thread::hardware_concurrency(), useful); ++i) {
      try {
        helpers.emplace_back(work);
      } catch (const std::system_error&) {
        break;  // the threads that there are do the work, this one at least
      }
    }
    work();
  }

  /// The next nodes whose small files are to be hashed, until there are no more.
  std::optional<Batch> next_batch() {
    const std::lock_guard lock(batches_);
    const auto nodes = [this] { return volumes_[at_.volume].tree.entries.size(); };
    while (at_.volume < volumes_.size() && at_.first == nodes()) at_ = {.volume = at_.volume + 1};
    // Version 1 has no hash of a file.
    if (at_.volume == volumes_.size() || in_.layout.version == 1) return std::nullopt;
    const TreeScan& tree = volumes_[at_.volume].tree;
    const std::size_t last = std::min<std::size_t>(nodes(), std::size_t{at_.first} + kBatchNodes);
    at_.end = at_.first;
    for (std::uint64_t bytes = 0; at_.end < last && bytes < kBatchBytes; ++at_.end) {
      if (is_small_file(tree.entries[at_.end])) bytes += tree.entries[at_.end].size;
    }
    const Batch batch = at_;
    at_.first = at_.end;
    return batch;
  }

  void hash_small_files(const Batch& batch) {
    const TreeScan& tree = volumes_[batch.volume].tree;
    for (std::uint32_t node = batch.first; node < batch.end; ++node) {
      const RawEntry& entry = tree.entries[node];
      if (!is_small_file(entry)) continue;
      const Digest computed = sha256(bytes_of(in_.file, {entry.start, entry.size}));
      if (computed != digest_at(hash_in_record(entry))) wrong_files_.add({batch.volume, node, computed});
    }
  }

  [[nodiscard]] std::string file_title(std::uint32_t volume, std::uint32_t node) const {
    return concat("the file ", subject(volume, node));
  }

  Outcome<Package::Verified> report() {
    for (const Check& check : checks_) {
      const auto what = [&] {
        return check.title.empty() ? file_title(check.volume, check.node) : check.title;
      };
      compare(check.stored_at, what, check.stored, check.computed);
    }
    report_small_files();
    if (mismatches_ == 0) return result_;
    if (mismatches_ > kMaxListed) {
      causes_.push_back(
          {.trouble = Trouble::corrupt, .message = concat("and ", mismatches_ - kMaxListed, " more")});
    }
    return fail(Diagnostic{
        .trouble = Trouble::corrupt,
        .message = concat("package ", wasifs::quoted(in_.label), " is corrupt: ", mismatches_,
                          mismatches_ == 1 ? " checksum does not match" : " checksums do not match"),
        .hint = "the file was damaged or changed after it was packed; get it again",
        .causes = std::move(causes_)});
  }

  void report_small_files() {
    result_.hashes += small_files_ - wrong_files_.kept().size();
    for (const WrongFile& wrong : wrong_files_.kept()) {
      const RawEntry& entry = volumes_[wrong.volume].tree.entries[wrong.node];
      compare(
          hash_at(entry), [&] { return file_title(wrong.volume, wrong.node); },
          digest_at(hash_in_record(entry)), wrong.computed);
    }
    mismatches_ += wrong_files_.left_out();
  }

  const VerifyInput& in_;
  Package::Verified result_;
  std::vector<Volume> volumes_;  ///< the atoms first
  std::vector<Check> checks_;
  std::uint64_t small_files_ = 0;
  std::mutex batches_;
  Batch at_;  ///< the latest batch; the next one begins where it ends
  WrongFiles wrong_files_;
  std::uint64_t mismatches_ = 0;
  std::vector<Diagnostic> causes_;
};

}  // namespace

Outcome<Package::Verified> verify_package(const VerifyInput& input) { return Verifier(input).run(); }

std::unexpected<Diagnostic> corrupt(const std::string& label, const Fault& fault) {
  return fail(Diagnostic{.trouble = Trouble::corrupt,
                         .message = concat("package ", wasifs::quoted(label), " is corrupt at byte ",
                                           fault.offset, ": ", fault.what),
                         .hint = "the file was damaged or is not the work of a webc packer; get it again"});
}

}  // namespace wasifs::webc
