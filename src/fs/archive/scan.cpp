// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/scan.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <map>
#include <new>
#include <vector>

#include "base/acl.h"
#include "base/path.h"
#include "base/utf8.h"
#include "fs/archive/entry_acl.h"
#include "fs/archive/entry_reader.h"
#include "fs/archive/tar_time.h"
#include "fs/archive/whiteouts.h"

namespace wasifs::archive {

namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxLink = 4095;
constexpr std::size_t kMaxXattr = 65'536;  // Linux's own

/// `signed_parts`: the nanoseconds of a time before 1970 count down, see from_tar_time().
Time time_of(std::int64_t seconds, long nanoseconds, bool signed_parts) {
  const Time time{.sec = seconds,
                  .nsec = static_cast<std::int32_t>(std::clamp(nanoseconds, 0L, 999'999'999L))};
  return signed_parts ? from_tar_time(time) : time;
}

FileType type_of(::archive_entry* entry) {
  switch (archive_entry_filetype(entry)) {
    case AE_IFDIR:
      return FileType::directory;
    case AE_IFLNK:
      return FileType::symlink;
    case AE_IFCHR:
      return FileType::char_device;
    case AE_IFBLK:
      return FileType::block_device;
    case AE_IFIFO:
      return FileType::fifo;
    case AE_IFSOCK:
      return FileType::socket;
    default:
      return FileType::regular;
  }
}

class Scanner {
 public:
  Scanner(const ScanInput& input, Spool& spool)
      : in_(input),
        spool_(spool),
        tree_(input.stamp),
        whiteouts_(tree_),
        reader_(input.bytes, input.label, input.progress) {}

  Outcome<RawTree> scan() {
    if (auto opened = reader_.open(); !opened) return fail(std::move(opened.error()));
    for (;;) {
      const Outcome<bool> more = reader_.next();
      if (!more) return fail(more.error());
      if (!*more) break;
      if (auto taken = take(reader_.entry()); !taken) return fail(std::move(taken.error()));
      release();
    }
    whiteouts_.apply();
    if (in_.notes != nullptr) {
      in_.notes->entries = reader_.count();
      in_.notes->ending = reader_.ending();
    }
    return std::move(tree_);
  }

 private:
  [[nodiscard]] std::unexpected<Diagnostic> refuse(const std::string& why, std::string hint = {}) const {
    return reader_.refuse(why, std::move(hint));
  }

  /// What lies behind is not looked at again.
  void release() {
    constexpr std::uint64_t kBetween = std::uint64_t{16} << 20U;
    const std::uint64_t read = reader_.bytes_read();
    if (!in_.release || read < released_ + kBetween) return;
    released_ = read;
    in_.release();
  }

  Outcome<void> take(::archive_entry* entry) {
    if (tree_.inodes.size() > limits_.nodes) {
      return refuse("more than " + std::to_string(limits_.nodes) +
                    " files and directories are too many for an archive of this size");
    }
    if (tree_.names.size() + xattr_bytes_ > limits_.bytes) {
      return refuse("more than " + std::to_string(limits_.bytes) +
                    " bytes of names and attributes are too many for an archive of this size");
    }
    if (reader_.path().size() > kMaxArchivePath) {
      return refuse("a path of " + std::to_string(reader_.path().size()) + " bytes; " +
                    std::to_string(kMaxArchivePath) + " is the most");
    }
    Outcome<std::vector<std::string_view>> names = components(reader_.path());
    if (!names) return fail(std::move(names.error()));
    note_path();
    if (const auto& target = reader_.hard_link()) return take_hard_link(entry, *names, *target);
    if (names->empty()) return take_root(entry);
    if (in_.whiteouts == Whiteouts::oci && Whiteout::is_one(names->back())) {
      const std::string_view name = names->back();
      names->pop_back();
      whiteouts_.add(enter(*names), name);
      return {};
    }
    return take_named(entry, *names);
  }

  void note_path() {
    if (in_.notes == nullptr) return;
    if (reader_.path().starts_with('/')) in_.notes->absolute.add(reader_.path());
    if (!is_utf8(reader_.path())) in_.notes->encoding.add(reader_.path());
  }

  /// That the entry, of which `inode` is made, takes the name of another one.
  void note_repeated(std::uint32_t parent, std::string_view name, std::optional<std::uint32_t> inode) {
    if (in_.notes == nullptr) return;
    const std::optional<std::uint32_t> there = tree_.find(parent, name);
    if (!there || there == inode) return;
    const RawInode& found = tree_.inodes[*there];
    const bool both_directories = !inode && found.type == FileType::directory;
    if (!found.implied && !both_directories) in_.notes->repeated.add(reader_.path());
  }

  /// The names on the way to an entry, from the archive's root.
  [[nodiscard]] Outcome<std::vector<std::string_view>> components(std::string_view path) const {
    std::vector<std::string_view> names = split_path(path);
    std::erase(names, ".");
    for (const std::string_view name : names) {
      if (name == "..") {
        return refuse("\"..\" in a path may lead out of the archive",
                      "nothing of it is used; if you trust it, unpack it and name the directory");
      }
      if (name.size() > kMaxName) {
        return refuse("a name of " + std::to_string(name.size()) + " bytes; 255 is the most");
      }
    }
    return names;
  }

  std::uint32_t enter(std::span<const std::string_view> names) {
    std::uint32_t at = 0;
    for (const std::string_view name : names) at = tree_.enter(at, name);
    return at;
  }

  Outcome<void> take_root(::archive_entry* entry) {
    if (type_of(entry) != FileType::directory) return refuse("the archive's root can only be a directory");
    return describe(entry, tree_.inodes[0]);
  }

  Outcome<void> take_named(::archive_entry* entry, const std::vector<std::string_view>& names) {
    const std::span above = std::span(names).first(names.size() - 1);
    if (type_of(entry) == FileType::directory) {
      // One that is there keeps what is in it and takes the new attributes.
      const std::uint32_t parent = enter(above);
      note_repeated(parent, names.back(), std::nullopt);
      return describe(entry, tree_.inodes[tree_.enter(parent, names.back())]);
    }
    const std::uint32_t inode = tree_.add({.type = type_of(entry)});
    if (auto described = describe(entry, tree_.inodes[inode]); !described) return described;
    if (auto filled = fill(entry, inode); !filled) return filled;
    give_name(names, inode);
    return {};
  }

  void give_name(std::span<const std::string_view> names, std::uint32_t inode) {
    const std::uint32_t parent = enter(names.first(names.size() - 1));
    note_repeated(parent, names.back(), inode);
    tree_.name(parent, names.back(), inode);
  }

  /// A further name. In some formats it is this entry that has the content.
  Outcome<void> take_hard_link(::archive_entry* entry, const std::vector<std::string_view>& names,
                               std::string_view target) {
    const Outcome<std::vector<std::string_view>> to = components(target);
    if (!to) return fail(to.error());
    const auto found = find(*to);
    if (!found)
      return refuse("it is a hard link to " + quoted(target) + ", which no entry before it has made");
    if (tree_.inodes[*found].type == FileType::directory) {
      return refuse("it is a hard link to the directory " + quoted(target));
    }
    if (names.empty()) return refuse("the archive's root can only be a directory");
    const std::uint32_t inode = *found;
    if (tree_.inodes[inode].type == FileType::regular && archive_entry_size(entry) > 0) {
      tree_.inodes[inode].size = static_cast<std::uint64_t>(archive_entry_size(entry));
      if (auto filled = fill(entry, inode); !filled) return filled;
    }
    give_name(names, inode);
    return {};
  }

  [[nodiscard]] std::optional<std::uint32_t> find(std::span<const std::string_view> names) const {
    std::optional<std::uint32_t> at = 0;
    for (const std::string_view name : names) {
      at = tree_.find(*at, name);
      if (!at) break;
    }
    return at;
  }

  Outcome<void> describe(::archive_entry* entry, RawInode& inode) {
    inode.mode = static_cast<std::uint16_t>(archive_entry_perm(entry) & 07777U);
    if (!number(archive_entry_uid(entry), inode.uid) || !number(archive_entry_gid(entry), inode.gid)) {
      return refuse("its owner's number is not one of 32 bits");
    }
    inode.implied = false;
    inode.mtime = time_of(archive_entry_mtime(entry), archive_entry_mtime_nsec(entry), reader_.is_tar());
    if (inode.type == FileType::char_device || inode.type == FileType::block_device) {
      inode.size = archive_entry_rdev(entry);
    }
    if (inode.type == FileType::symlink) {
      if (auto read = read_text(inode); !read) return read;
    }
    return read_extra(entry, inode);
  }

  /// An owner as 32 bits; the last value means "nobody" to the system calls.
  static bool number(std::int64_t value, std::uint32_t& out) {
    if (value < 0 || value >= UINT32_MAX) return false;
    out = static_cast<std::uint32_t>(value);
    return true;
  }

  Outcome<void> read_text(RawInode& inode) {
    const std::string& target = reader_.symlink();
    if (target.empty() || target.size() > kMaxLink) {
      return refuse("a symlink's text has 1 to 4095 bytes, not " + std::to_string(target.size()));
    }
    inode.size = target.size();
    inode.first = tree_.keep(target);
    return {};
  }

  /// By name. One that is written in the ways of two programs comes twice.
  using Attributes = std::map<std::string, std::string>;

  Outcome<void> read_extra(::archive_entry* entry, RawInode& inode) {
    const bool dated = archive_entry_atime_is_set(entry) != 0 || archive_entry_ctime_is_set(entry) != 0 ||
                       archive_entry_birthtime_is_set(entry) != 0;
    Attributes values;
    if (auto read = read_acls(entry, inode, values); !read) return read;
    if (auto read = read_xattrs(entry, values); !read) return read;
    inode.extra = RawInode::kNone;
    if (!dated && values.empty()) return {};
    Extra extra{.atime = inode.mtime, .ctime = inode.mtime, .btime = inode.mtime, .xattrs = {}};
    if (archive_entry_atime_is_set(entry) != 0) {
      extra.atime = time_of(archive_entry_atime(entry), archive_entry_atime_nsec(entry), reader_.is_tar());
    }
    if (archive_entry_ctime_is_set(entry) != 0) {
      extra.ctime = time_of(archive_entry_ctime(entry), archive_entry_ctime_nsec(entry), reader_.is_tar());
    }
    if (archive_entry_birthtime_is_set(entry) != 0) {
      extra.btime =
          time_of(archive_entry_birthtime(entry), archive_entry_birthtime_nsec(entry), reader_.is_tar());
    }
    extra.xattrs.assign(values.begin(), values.end());
    inode.extra = static_cast<std::uint32_t>(tree_.extras.size());
    tree_.extras.push_back(std::move(extra));
    return {};
  }

  /// As the attributes that Linux has for them. The first also says what the mode is.
  Outcome<void> read_acls(::archive_entry* entry, RawInode& inode, Attributes& values) {
    Outcome<EntryAcls> acls = archive::read_acls(entry);
    if (!acls) return refuse(acls.error().message, std::move(acls.error().hint));
    if (acls->access)
      inode.mode = static_cast<std::uint16_t>((inode.mode & 07000U) | acls->access->permissions());
    for (const auto& [name, acl] : {std::pair(kAccessAcl, &acls->access), {kDefaultAcl, &acls->defaults}}) {
      if (!*acl) continue;
      std::string value = (*acl)->value();
      xattr_bytes_ += name.size() + value.size();
      values.try_emplace(std::string(name), std::move(value));
    }
    return {};
  }

  Outcome<void> read_xattrs(::archive_entry* entry, Attributes& values) {
    archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
      if (name == nullptr || is_reserved(name)) continue;
      if (size > kMaxXattr) {
        return refuse("the extended attribute " + quoted(name) + " has " + std::to_string(size) + " bytes; " +
                      std::to_string(kMaxXattr) + " is the most");
      }
      xattr_bytes_ += std::string_view(name).size() + size;
      values.try_emplace(name, static_cast<const char*>(value), size);
    }
    return {};
  }

  /// In a layer with marks, those are ours to make.
  [[nodiscard]] bool is_reserved(std::string_view attribute) const {
    return in_.whiteouts == Whiteouts::oci &&
           (attribute.starts_with("trusted.overlay.") || attribute.starts_with("user.overlay."));
  }

  /// Notes where the content of a file is.
  Outcome<void> fill(::archive_entry* entry, std::uint32_t number) {
    if (tree_.inodes[number].type != FileType::regular) return {};
    const std::int64_t stated = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0;
    if (stated < 0) return refuse("its size is negative");
    const std::size_t first = tree_.extents.size();
    std::uint64_t end = 0;
    Block block;
    for (;;) {
      const Outcome<bool> more = reader_.read(block);
      if (!more) return fail(more.error());
      if (!*more) break;
      if (auto added = add_extent(block.offset, block.bytes, first); !added) return added;
      end = block.offset + block.bytes.size();
    }
    RawInode& inode = tree_.inodes[number];
    inode.size = std::max(static_cast<std::uint64_t>(stated), end);
    inode.first = static_cast<std::uint32_t>(first);
    inode.extent_count = static_cast<std::uint32_t>(tree_.extents.size() - first);
    if (end < inode.size && archive_entry_sparse_count(entry) == 0) {
      return refuse("it ends after " + std::to_string(end) + " of its " + std::to_string(inode.size) +
                    " bytes");
    }
    return {};
  }

  Outcome<void> add_extent(std::uint64_t offset, std::span<const std::byte> bytes, std::size_t first) {
    if (in_.notes != nullptr) {
      in_.notes->bytes += bytes.size();
      if (in_.notes->bytes <= in_.max_bytes) return {};
      return refuse("more than " + std::to_string(in_.max_bytes) +
                    " bytes are not decompressed to be checked");
    }
    RawExtent extent{.offset = offset, .length = bytes.size()};
    const std::less_equal<> before;
    const std::byte* const end = in_.bytes.data() + in_.bytes.size();
    if (before(in_.bytes.data(), bytes.data()) && before(bytes.data() + bytes.size(), end)) {
      extent.place = static_cast<std::uint64_t>(bytes.data() - in_.bytes.data());
    } else {
      const Outcome<std::uint64_t> at = spool_.add(bytes);
      if (!at) return fail(at.error());
      extent.place = *at | RawExtent::kSpooled;
    }
    if (tree_.extents.size() > first) {
      RawExtent& last = tree_.extents[tree_.extents.size() - 1];
      if (last.offset + last.length == offset && last.place + last.length == extent.place) {
        last.length += extent.length;
        return {};
      }
    }
    tree_.extents.push_back(extent);
    return {};
  }

  const ScanInput& in_;
  Spool& spool_;
  RawTree tree_;
  Whiteout whiteouts_;
  EntryReader reader_;
  const ScanLimits limits_ = ScanLimits::of(in_.bytes.size());
  std::uint64_t xattr_bytes_ = 0;
  std::uint64_t released_ = 0;  ///< bytes_read() when pages were let go of last
};

}  // namespace

Outcome<RawTree> scan_archive(const ScanInput& input, Spool& spool) { return Scanner(input, spool).scan(); }

}  // namespace wasifs::archive
