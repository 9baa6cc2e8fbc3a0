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
                                   "chmod",
                                   "set_xattr",
                                   "remove_xattr"};
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
  ObjectState state{.type = attr->type, .mode = attr->mode, .nlink = attr->nlink};
  if (attr->type == FileType::regular) state.text = "size " + std::to_string(attr->size);
  return state.line("");
}

std::string describe(const Result<std::vector<Listed>>& entries) {
  if (!entries) return name_of(entries.error());
  std::string all = "[";
  for (const Listed& entry : *entries) all += entry.name + " ";
  return all + "]";
}

/// What is not asked of a symlink, because its answer is another object's.
bool is_symlink(Vfs& fs, const std::string& path) {
  const Result<Attr> attr = fs.lstat(path);
  return attr && attr->type == FileType::symlink;
}

std::string perform_on_file(Vfs& fs, const Operation& op) {
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
      return with_file(fs, op.path, kReadWrite, [&](Handle& file) {
        return file.allocate(AllocateMode::punch, op.offset, op.length);
      });
    default:
      break;
  }
  const Result<std::string> content = fs.content(op.path);
  return content ? "content " + *content : name_of(content.error());
}

}  // namespace

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
      op.other = path();
      break;
    case Kind::put:
    case Kind::write_at:
    case Kind::append:
    case Kind::set_xattr:
      op.bytes.assign(1 + below(op.kind == Kind::set_xattr ? 40 : 6000), static_cast<char>('a' + below(26)));
      break;
    default:
      break;
  }
  op.offset = op.kind == Kind::write_at || op.kind == Kind::punch ? below(9000) : 0;
  op.length = op.kind == Kind::truncate || op.kind == Kind::punch ? 1 + below(9000) : 0;
  op.mode = op.kind == Kind::chmod ? static_cast<std::uint16_t>(0400 + below(0400)) : 0;
  return op;
}

std::string perform(Vfs& fs, const Operation& op) {
  switch (op.kind) {
    case Kind::make_dir:
      return outcome(fs.mkdir(op.path));
    case Kind::stat:
      return describe(fs.lstat(op.path));
    case Kind::list:
      return describe(fs.list(op.path));
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
    case Kind::chmod:
      return is_symlink(fs, op.path) ? "symlink" : outcome(fs.chmod(op.path, op.mode));
    case Kind::set_xattr:
      return is_symlink(fs, op.path) ? "symlink"
                                     : outcome(fs.set_xattr(op.path, "user.k", op.bytes, XattrMode::any));
    case Kind::remove_xattr:
      return is_symlink(fs, op.path) ? "symlink" : outcome(fs.remove_xattr(op.path, "user.k"));
    default:
      return perform_on_file(fs, op);
  }
}

}  // namespace wasifs::test
