// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "guest.h"

namespace wasifs::test {
namespace {

using wasi::Function;
using wasi::functions;

TEST(WasiFunctions, Preview1HasAll46WithTheSignaturesOfTheWitx) {
  const std::vector<std::pair<std::string_view, std::string_view>> expected{
      {"args_get", "ii"},
      {"args_sizes_get", "ii"},
      {"environ_get", "ii"},
      {"environ_sizes_get", "ii"},
      {"clock_res_get", "ii"},
      {"clock_time_get", "iIi"},
      {"fd_advise", "iIIi"},
      {"fd_allocate", "iII"},
      {"fd_close", "i"},
      {"fd_datasync", "i"},
      {"fd_fdstat_get", "ii"},
      {"fd_fdstat_set_flags", "ii"},
      {"fd_fdstat_set_rights", "iII"},
      {"fd_filestat_get", "ii"},
      {"fd_filestat_set_size", "iI"},
      {"fd_filestat_set_times", "iIIi"},
      {"fd_pread", "iiiIi"},
      {"fd_prestat_get", "ii"},
      {"fd_prestat_dir_name", "iii"},
      {"fd_pwrite", "iiiIi"},
      {"fd_read", "iiii"},
      {"fd_readdir", "iiiIi"},
      {"fd_renumber", "ii"},
      {"fd_seek", "iIii"},
      {"fd_sync", "i"},
      {"fd_tell", "ii"},
      {"fd_write", "iiii"},
      {"path_create_directory", "iii"},
      {"path_filestat_get", "iiiii"},
      {"path_filestat_set_times", "iiiiIIi"},
      {"path_link", "iiiiiii"},
      {"path_open", "iiiiiIIii"},
      {"path_readlink", "iiiiii"},
      {"path_remove_directory", "iii"},
      {"path_rename", "iiiiii"},
      {"path_symlink", "iiiii"},
      {"path_unlink_file", "iii"},
      {"poll_oneoff", "iiii"},
      {"proc_exit", "i"},
      {"proc_raise", "i"},
      {"sched_yield", ""},
      {"random_get", "ii"},
      {"sock_accept", "iii"},
      {"sock_recv", "iiiiii"},
      {"sock_send", "iiiii"},
      {"sock_shutdown", "ii"},
  };
  ASSERT_EQ(functions(Abi::preview1).size(), 46U);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Function& function = functions(Abi::preview1)[i];
    EXPECT_EQ(function.name, expected[i].first);
    EXPECT_EQ(function.params, expected[i].second) << function.name;
    EXPECT_EQ(function.returns, function.name != "proc_exit");
  }
}

TEST(WasiFunctions, EveryParameterHasAName) {
  for (const Abi abi : {Abi::preview1, Abi::unstable, Abi::wasix}) {
    for (const Function& function : functions(abi)) {
      const auto spaces = std::ranges::count(function.names, ' ');
      const auto names = function.names.empty() ? 0 : spaces + 1;
      EXPECT_EQ(static_cast<std::size_t>(names), function.params.size()) << function.name;
    }
  }
}

TEST(WasiFunctions, UnstableLacksWhatSnapshot1Added) {
  EXPECT_EQ(functions(Abi::unstable).size(), 45U);
  EXPECT_FALSE(wasi::find_function(Abi::unstable, "sock_accept"));
  EXPECT_TRUE(wasi::find_function(Abi::unstable, "sock_shutdown"));
}

TEST(WasiFunctions, WasixHasItsOwnOnTop) {
  EXPECT_EQ(functions(Abi::wasix).size(), 53U);
  for (const char* name : {"chdir", "getcwd", "fd_dup", "fd_dup2", "fd_fdflags_get", "fd_fdflags_set"}) {
    EXPECT_TRUE(wasi::find_function(Abi::wasix, name)) << name;
  }
  const auto open2 = wasi::find_function(Abi::wasix, "path_open2");
  ASSERT_TRUE(open2);
  EXPECT_EQ(functions(Abi::wasix)[*open2].params, "iiiiiIIiii");
}

TEST(WasiFunctions, NamesAreUniqueAndLeadBackToTheirIndex) {
  for (const Abi abi : {Abi::preview1, Abi::unstable, Abi::wasix}) {
    for (std::size_t i = 0; i < functions(abi).size(); ++i) {
      EXPECT_EQ(wasi::find_function(abi, functions(abi)[i].name), i);
    }
    EXPECT_EQ(wasi::find_abi(wasi::module_name(abi)), abi);
  }
  EXPECT_FALSE(wasi::find_function(Abi::preview1, "path_open2"));
  EXPECT_FALSE(wasi::find_abi("wasi_snapshot_preview2"));
  EXPECT_EQ(wasi::module_name(Abi::unstable), "wasi_unstable");
  EXPECT_TRUE(functions(static_cast<Abi>(9)).empty());
  EXPECT_EQ(wasi::module_name(static_cast<Abi>(9)), "");
}

TEST(WasiFunctions, WhatDoesNotFitTheTableIsNosys) {
  Guest guest;
  const u64 args[2] = {0, 0};
  EXPECT_EQ(guest.context->call(Abi::preview1, 46, guest.memory, args).error, Errno::nosys);
  EXPECT_EQ(guest.context->call(static_cast<Abi>(9), 0, guest.memory, args).error, Errno::nosys);
  const std::size_t yield = *wasi::find_function(Abi::preview1, "sched_yield");
  EXPECT_EQ(guest.context->call(Abi::preview1, yield, guest.memory, args).error, Errno::nosys);
}

TEST(WasiErrno, NamesAreThoseOfTheWitx) {
  EXPECT_EQ(name_of(Errno::success), "success");
  EXPECT_EQ(name_of(Errno::toobig), "2big");
  EXPECT_EQ(name_of(Errno::notrecoverable), "notrecoverable");
  EXPECT_EQ(name_of(Errno::xdev), "xdev");
  EXPECT_EQ(name_of(Errno::notcapable), "notcapable");
  EXPECT_EQ(name_of(static_cast<Errno>(77)), "?");
}

TEST(WasiErrno, EveryErrorOfTheTreeHasANumberAndTheReferenceHasItsOwn) {
  using wasi::ErrorNumbers;
  std::set<Errno> seen;
  const std::vector<std::pair<Errc, Errno>> expected{
      {Errc::eperm, Errno::perm},
      {Errc::enoent, Errno::noent},
      {Errc::eintr, Errno::intr},
      {Errc::eio, Errno::io},
      {Errc::enxio, Errno::nxio},
      {Errc::e2big, Errno::toobig},
      {Errc::ebadf, Errno::badf},
      {Errc::eagain, Errno::again},
      {Errc::enomem, Errno::nomem},
      {Errc::eacces, Errno::acces},
      {Errc::ebusy, Errno::busy},
      {Errc::eexist, Errno::exist},
      {Errc::exdev, Errno::xdev},
      {Errc::enodev, Errno::nodev},
      {Errc::enotdir, Errno::notdir},
      {Errc::eisdir, Errno::isdir},
      {Errc::einval, Errno::inval},
      {Errc::enfile, Errno::nfile},
      {Errc::emfile, Errno::mfile},
      {Errc::enotty, Errno::notty},
      {Errc::etxtbsy, Errno::txtbsy},
      {Errc::efbig, Errno::fbig},
      {Errc::enospc, Errno::nospc},
      {Errc::espipe, Errno::spipe},
      {Errc::erofs, Errno::rofs},
      {Errc::emlink, Errno::mlink},
      {Errc::epipe, Errno::pipe},
      {Errc::erange, Errno::range},
      {Errc::enosys, Errno::nosys},
      {Errc::enotempty, Errno::notempty},
      {Errc::eloop, Errno::loop},
      {Errc::enodata, Errno::io},
      {Errc::eoverflow, Errno::overflow},
      {Errc::enotsup, Errno::notsup},
      {Errc::edquot, Errno::dquot},
      {Errc::estale, Errno::stale},
      {Errc::enametoolong, Errno::nametoolong},
  };
  // Through a stream: what it fails with is what the guest is told.
  for (const auto& [error, number] : expected) {
    for (const ErrorNumbers numbers : {ErrorNumbers::posix, ErrorNumbers::reference}) {
      wasi::ContextOptions options = Guest::whole_tree();
      options.errors = numbers;
      options.stdio[0] = wasi::stream_of_callbacks(
          [error](std::span<std::byte>) -> Result<std::size_t> { return fail(error); }, nullptr);
      Guest guest(memory_tree(), std::move(options));
      Errno want = number;
      if (numbers == ErrorNumbers::reference) {
        if (error == Errc::enospc) want = Errno::overflow;
        if (error == Errc::eisdir) want = Errno::inval;
        if (error == Errc::eacces) want = Errno::perm;
      }
      EXPECT_EQ(guest.call("fd_read", {0, guest.iovecs({"1234"}), 1, Guest::kOut}), want);
    }
  }
}

}  // namespace
}  // namespace wasifs::test
