// SPDX-License-Identifier: Apache-2.0
#include "operation.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace wasifs::test {

namespace {

using Kind = Operation::Kind;

constexpr std::array kKindNames = {"make_dir",
                                   "create",
                                   "create_new",
                                   "put",
                                   "write_at",
                                   "append",
                                   "truncate",
                                   "punch",
                                   "read",
                                   "stat",
                                   "list",
                                   "symlink",
                                   "link",
                                   "unlink",
                                   "rmdir",
                                   "rename",
                                   "rename_no_replace",
                                   "rename_exchange",
                                   "rename_whiteout",
                                   "chmod",
                                   "set_xattr",
                                   "remove_xattr",
                                   "set_owner",
                                   "set_mtime",
                                   "name_anonymous",
                                   "hold",
                                   "held_write",
                                   "held_read",
                                   "held_stat",
                                   "drop"};
static_assert(kKindNames.size() == static_cast<std::size_t>(Kind::last) + 1);

std::string outcome(const Status& status) { return status ? "ok" : name_of(status.error()); }

/// Opens `path`, applies `change` to the handle and tells how it went.
template <class Change>
std::string with_file(Vfs& fs, const std::string& path, OpenMode mode, Change change) {
  const Result<HandlePtr> file = fs.open(path, mode);
  if (!file) return name_of(file.error());
  const auto result = change(**file);
  return result ? "ok" : name_of(result.error());
}

std::string describe(const Result<Attr>& attr) {
  if (!attr) return name_of(attr.error());
  ObjectState state{
      .type = attr->type, .mode = attr->mode, .uid = attr->uid, .gid = attr->gid, .nlink = attr->nlink};
  if (attr->mtime.sec < Operation::kOldEnough) state.mtime = attr->mtime;
  if (attr->type == FileType::regular) state.text = "size " + std::to_string(attr->size);
  return state.line("");
}

/// The names; one that stat tells another inode number of than the listing is marked.
std::string list(Vfs& fs, const std::string& path) {
  const Result<std::vector<Listed>> entries = fs.list(path);
  if (!entries) return name_of(entries.error());
  std::string all = "[";
  for (const Listed& entry : *entries) {
    const Result<Attr> attr = fs.lstat(join(path, entry.name));
    all += entry.name + (attr && attr->ino == entry.ino ? " " : "(another number) ");
  }
  return all + "]";
}

/// What is not asked of a symlink, because its answer is another object's.
bool is_symlink(Vfs& fs, const std::string& path) {
  const Result<Attr> attr = fs.lstat(path);
  return attr && attr->type == FileType::symlink;
}

/// There is no whiteout where both are names of one file.
std::string rename_whiteout(Vfs& fs, const Operation& op) {
  const Status renamed = fs.rename(op.path, op.other, RenameMode::whiteout);
  const Result<Attr> left = renamed ? fs.lstat(op.path) : fail(renamed.error());
  if (!left || left->type != FileType::char_device) return outcome(renamed);
  return outcome(fs.unlink(op.path));
}

/// Frees a range; past the end of the file there is nothing to free.
std::string punch(Vfs& fs, const Operation& op) {
  return with_file(fs, op.path, kReadWrite, [&](Handle& file) -> Status {
    const Result<Attr> attr = file.attr();
    if (!attr) return fail(attr.error());
    if (op.offset >= attr->size) return {};
    return file.allocate(AllocateMode::punch, op.offset, op.length);
  });
}

}  // namespace

std::string Caller::perform_on_file(const Operation& op) {
  Vfs& fs = fs_;
  switch (op.kind) {
    case Kind::create:
      return with_file(fs, op.path, kCreate, [](Handle& file) { return file.attr(); });
    case Kind::create_new:
      return with_file(fs, op.path, kCreateNew, [](Handle& file) { return file.attr(); });
    case Kind::put:
      return outcome(fs.put(op.path, op.bytes));
    case Kind::write_at:
      return with_file(fs, op.path, kReadWrite,
                       [&](Handle& file) { return file.write(op.offset, op.bytes); });
    case Kind::append:
      return outcome(fs.append(op.path, op.bytes));
    case Kind::truncate:
      return with_file(fs, op.path, kWrite, [&](Handle& file) { return file.truncate(op.length); });
    case Kind::punch:
      return punch(fs, op);
    default:
      break;
  }
  const Result<std::string> content = fs.content(op.path);
  return content ? "content " + *content : name_of(content.error());
}

std::string Caller::perform_held(const Operation& op) {
  HandlePtr& slot = held_.at(op.slot);
  if (op.kind == Kind::hold) {
    Result<HandlePtr> file = fs_.open(op.path, kReadWrite);
    if (!file) return name_of(file.error());
    slot = *std::move(file);
    return "ok";
  }
  if (slot == nullptr) return "nothing held";
  if (op.kind == Kind::held_stat) return describe(slot->attr());
  if (op.kind == Kind::held_write) {
    const Result<std::size_t> written = slot->write(op.offset, op.bytes);
    return written ? "ok" : name_of(written.error());
  }
  if (op.kind == Kind::held_read) {
    const Result<std::string> got = slot->read(op.offset, op.length);
    return got ? "content " + *got : name_of(got.error());
  }
  slot.reset();
  return "ok";
}

std::string Caller::name_anonymous(const Operation& op) {
  const Result<HandlePtr> file = fs_.open_anonymous(split_last(op.path).first, 0644);
  if (!file) return name_of(file.error());
  const Result<std::size_t> written = (*file)->write(0, op.bytes);
  if (!written) return name_of(written.error());
  return outcome(fs_.name_anonymous(**file, op.path));
}

std::string name_of(Errc error) {
  const char* const name = ::strerrorname_np(static_cast<int>(error));
  return name != nullptr ? name : std::to_string(static_cast<int>(error));
}

std::string Operation::text() const {
  std::string out = kKindNames.at(static_cast<std::size_t>(kind));
  out += " " + path;
  if (!other.empty()) out += " " + other;
  if (offset != 0) out += " offset " + std::to_string(offset);
  if (length != 0) out += " length " + std::to_string(length);
  if (!bytes.empty()) out += " " + std::to_string(bytes.size()) + " bytes of " + bytes.front();
  if (mode != 0) out += " mode " + std::to_string(mode);
  if (owner != 0) out += " owner " + std::to_string(owner);
  if (kind >= Kind::hold) out += " slot " + std::to_string(slot);
  return out;
}

std::string OperationSource::path() {
  constexpr std::array kNames = {"a", "b", "c", "d"};
  std::string made = dir_;
  // Short paths come more often: they more often exist.
  const std::uint64_t depth = 1 + std::min(below(4), below(4));
  for (std::uint64_t i = 0; i < depth; ++i) made.append("/").append(kNames.at(below(kNames.size())));
  return made;
}

Operation OperationSource::next() {
  Operation op{.kind = static_cast<Kind>(below(static_cast<std::uint64_t>(Kind::last) + 1)), .path = path()};
  // What makes directories comes more often, or the tree would stay flat.
  if (below(6) == 0) op.kind = Kind::make_dir;
  switch (op.kind) {
    case Kind::link:
    case Kind::rename:
    case Kind::rename_no_replace:
    case Kind::rename_exchange:
    case Kind::rename_whiteout:
      op.other = path();
      break;
    case Kind::put:
    case Kind::write_at:
    case Kind::append:
    case Kind::name_anonymous:
    case Kind::held_write:
    case Kind::set_xattr:
      op.bytes.assign(1 + below(op.kind == Kind::set_xattr ? 40 : 6000), static_cast<char>('a' + below(26)));
      break;
    default:
      break;
  }
  const bool held = op.kind == Kind::held_write || op.kind == Kind::held_read;
  op.offset = op.kind == Kind::write_at || op.kind == Kind::punch || held ? below(9000) : 0;
  op.length =
      op.kind == Kind::truncate || op.kind == Kind::punch || op.kind == Kind::held_read ? 1 + below(9000) : 0;
  op.mode = op.kind == Kind::chmod ? static_cast<std::uint16_t>(0400 + below(0400)) : 0;
  op.owner = op.kind == Kind::set_owner ? static_cast<std::uint32_t>(1 + below(9)) : 0;
  if (op.kind == Kind::set_mtime) op.offset = below(static_cast<std::uint64_t>(Operation::kOldEnough));
  op.slot = op.kind >= Kind::hold ? below(Operation::kSlots) : 0;
  return op;
}

std::string Caller::perform(const Operation& op) {
  if (op.kind >= Kind::hold) return perform_held(op);
  Vfs& fs = fs_;
  switch (op.kind) {
    case Kind::make_dir:
      return outcome(fs.mkdir(op.path));
    case Kind::stat:
      return describe(fs.lstat(op.path));
    case Kind::list:
      return list(fs, op.path);
    case Kind::symlink:
      return outcome(fs.symlink("no/such/target", op.path));
    case Kind::link:
      return outcome(fs.link(op.path, op.other));
    case Kind::unlink:
      return outcome(fs.unlink(op.path));
    case Kind::rmdir:
      return outcome(fs.rmdir(op.path));
    case Kind::rename:
      return outcome(fs.rename(op.path, op.other, RenameMode::replace));
    case Kind::rename_no_replace:
      return outcome(fs.rename(op.path, op.other, RenameMode::no_replace));
    case Kind::rename_exchange:
      return outcome(fs.rename(op.path, op.other, RenameMode::exchange));
    case Kind::rename_whiteout:
      return rename_whiteout(fs, op);
    case Kind::chmod:
      return is_symlink(fs, op.path) ? "symlink" : outcome(fs.chmod(op.path, op.mode));
    case Kind::set_xattr:
      return is_symlink(fs, op.path) ? "symlink"
                                     : outcome(fs.set_xattr(op.path, "user.k", op.bytes, XattrMode::any));
    case Kind::remove_xattr:
      return is_symlink(fs, op.path) ? "symlink" : outcome(fs.remove_xattr(op.path, "user.k"));
    case Kind::set_owner:
      return outcome(fs.chown(op.path, op.owner, op.owner));
    case Kind::set_mtime:
      return outcome(fs.set_times(op.path, {}, Time{.sec = static_cast<std::int64_t>(op.offset)}));
    case Kind::name_anonymous:
      return name_anonymous(op);
    default:
      return perform_on_file(op);
  }
}

}  // namespace wasifs::test
