// SPDX-License-Identifier: Apache-2.0
#include "wasi/abi.h"

#include <array>

namespace wasifs::wasi {

RightSet rights_of(const Rights& rights) {
  using namespace right;
  constexpr RightSet read = fd_read | fd_seek | fd_tell | fd_advise | fd_readdir | fd_datasync | fd_sync |
                            fd_fdstat_set_flags | fd_filestat_get | path_open | path_readlink |
                            path_filestat_get | poll_fd_readwrite;
  constexpr RightSet write = fd_write | fd_seek | fd_tell | fd_advise | fd_allocate | fd_datasync | fd_sync |
                             fd_fdstat_set_flags | fd_filestat_get | fd_filestat_set_size |
                             fd_filestat_set_times | path_open | path_filestat_get | path_filestat_set_size |
                             path_filestat_set_times | poll_fd_readwrite;
  constexpr RightSet create = path_create_directory | path_create_file | path_link_source | path_link_target |
                              path_rename_source | path_rename_target | path_symlink | path_remove_directory |
                              path_unlink_file;
  RightSet all = 0;
  if (rights.read) all |= read;
  if (rights.write || rights.create) all |= write;
  if (rights.create) all |= create;
  return all;
}

Filetype filetype_of(FileType type) {
  switch (type) {
    case FileType::regular:
      return Filetype::regular_file;
    case FileType::directory:
      return Filetype::directory;
    case FileType::symlink:
      return Filetype::symbolic_link;
    case FileType::char_device:
      return Filetype::character_device;
    case FileType::block_device:
      return Filetype::block_device;
    case FileType::socket:
      return Filetype::socket_stream;
    case FileType::fifo:
      break;
  }
  return Filetype::unknown;
}

namespace {

Errno posix_errno(Errc error) {
  switch (error) {
    case Errc::eperm:
      return Errno::perm;
    case Errc::enoent:
      return Errno::noent;
    case Errc::eintr:
      return Errno::intr;
    case Errc::enxio:
      return Errno::nxio;
    case Errc::e2big:
      return Errno::toobig;
    case Errc::ebadf:
      return Errno::badf;
    case Errc::eagain:
      return Errno::again;
    case Errc::enomem:
      return Errno::nomem;
    case Errc::eacces:
      return Errno::acces;
    case Errc::ebusy:
      return Errno::busy;
    case Errc::eexist:
      return Errno::exist;
    case Errc::exdev:
      return Errno::xdev;
    case Errc::enodev:
      return Errno::nodev;
    case Errc::enotdir:
      return Errno::notdir;
    case Errc::eisdir:
      return Errno::isdir;
    case Errc::einval:
      return Errno::inval;
    case Errc::enfile:
      return Errno::nfile;
    case Errc::emfile:
      return Errno::mfile;
    case Errc::enotty:
      return Errno::notty;
    case Errc::etxtbsy:
      return Errno::txtbsy;
    case Errc::efbig:
      return Errno::fbig;
    case Errc::enospc:
      return Errno::nospc;
    case Errc::espipe:
      return Errno::spipe;
    case Errc::erofs:
      return Errno::rofs;
    case Errc::emlink:
      return Errno::mlink;
    case Errc::epipe:
      return Errno::pipe;
    case Errc::erange:
      return Errno::range;
    case Errc::enametoolong:
      return Errno::nametoolong;
    case Errc::enosys:
      return Errno::nosys;
    case Errc::enotempty:
      return Errno::notempty;
    case Errc::eloop:
      return Errno::loop;
    case Errc::eoverflow:
      return Errno::overflow;
    case Errc::enotsup:
      return Errno::notsup;
    case Errc::edquot:
      return Errno::dquot;
    case Errc::estale:
      return Errno::stale;
    case Errc::eio:
    case Errc::enodata:  // WASI has no number for it
      break;
  }
  return Errno::io;
}

constexpr std::array<std::string_view, 77> kNames{
    "success",     "2big",           "acces",       "addrinuse",   "addrnotavail",
    "afnosupport", "again",          "already",     "badf",        "badmsg",
    "busy",        "canceled",       "child",       "connaborted", "connrefused",
    "connreset",   "deadlk",         "destaddrreq", "dom",         "dquot",
    "exist",       "fault",          "fbig",        "hostunreach", "idrm",
    "ilseq",       "inprogress",     "intr",        "inval",       "io",
    "isconn",      "isdir",          "loop",        "mfile",       "mlink",
    "msgsize",     "multihop",       "nametoolong", "netdown",     "netreset",
    "netunreach",  "nfile",          "nobufs",      "nodev",       "noent",
    "noexec",      "nolck",          "nolink",      "nomem",       "nomsg",
    "noprotoopt",  "nospc",          "nosys",       "notconn",     "notdir",
    "notempty",    "notrecoverable", "notsock",     "notsup",      "notty",
    "nxio",        "overflow",       "ownerdead",   "perm",        "pipe",
    "proto",       "protonosupport", "prototype",   "range",       "rofs",
    "spipe",       "srch",           "stale",       "timedout",    "txtbsy",
    "xdev",        "notcapable"};
static_assert(kNames[static_cast<std::size_t>(Errno::notcapable)] == "notcapable");
static_assert(kNames[static_cast<std::size_t>(Errno::nosys)] == "nosys");

}  // namespace

Errno errno_of(Errc error, ErrorNumbers numbers) {
  if (numbers == ErrorNumbers::reference) {
    if (error == Errc::enospc) return Errno::overflow;
    if (error == Errc::eisdir) return Errno::inval;
    if (error == Errc::eacces) return Errno::perm;
  }
  return posix_errno(error);
}

std::string_view name_of(Errno error) {
  const auto number = static_cast<std::size_t>(error);
  return number < kNames.size() ? kNames[number] : "?";
}

}  // namespace wasifs::wasi
