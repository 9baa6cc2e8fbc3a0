// SPDX-License-Identifier: Apache-2.0
#include "wasi/functions.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace wasifs::wasi {

namespace {

/// The signature and the call of a member function, both made from its type.
template <auto Member>
struct Thunk;
template <class... Args, Errno (Call::*Member)(Args...)>
struct Thunk<Member> {
  static constexpr std::array<char, sizeof...(Args) + 1> letters{(sizeof(Args) == 8 ? 'I' : 'i')..., '\0'};
  static constexpr std::string_view params{letters.data(), sizeof...(Args)};

  static Errno serve(Call& call, const u64* args) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (call.*Member)(static_cast<Args>(args[I])...);
    }(std::index_sequence_for<Args...>{});
  }
};

struct Entry {
  Function function;
  Serve serve;
};

template <auto Member>
constexpr Entry entry(std::string_view name, std::string_view names, bool returns = true) {
  return {{.name = name, .params = Thunk<Member>::params, .returns = returns, .names = names},
          &Thunk<Member>::serve};
}

constexpr std::string_view kAccept = "sock_accept";

constexpr std::array kPreview1{
    entry<&Call::args_get>("args_get", "argv argv_buf"),
    entry<&Call::args_sizes_get>("args_sizes_get", "argc_out size_out"),
    entry<&Call::environ_get>("environ_get", "environ environ_buf"),
    entry<&Call::environ_sizes_get>("environ_sizes_get", "count_out size_out"),
    entry<&Call::clock_res_get>("clock_res_get", "id resolution_out"),
    entry<&Call::clock_time_get>("clock_time_get", "id precision time_out"),
    entry<&Call::fd_advise>("fd_advise", "fd offset len advice"),
    entry<&Call::fd_allocate>("fd_allocate", "fd offset len"),
    entry<&Call::fd_close>("fd_close", "fd"),
    entry<&Call::fd_datasync>("fd_datasync", "fd"),
    entry<&Call::fd_fdstat_get>("fd_fdstat_get", "fd stat_out"),
    entry<&Call::fd_fdstat_set_flags>("fd_fdstat_set_flags", "fd flags"),
    entry<&Call::fd_fdstat_set_rights>("fd_fdstat_set_rights", "fd base inheriting"),
    entry<&Call::fd_filestat_get>("fd_filestat_get", "fd stat_out"),
    entry<&Call::fd_filestat_set_size>("fd_filestat_set_size", "fd size"),
    entry<&Call::fd_filestat_set_times>("fd_filestat_set_times", "fd atim mtim fst_flags"),
    entry<&Call::fd_pread>("fd_pread", "fd iovs iovs_len offset nread_out"),
    entry<&Call::fd_prestat_get>("fd_prestat_get", "fd prestat_out"),
    entry<&Call::fd_prestat_dir_name>("fd_prestat_dir_name", "fd path path_len"),
    entry<&Call::fd_pwrite>("fd_pwrite", "fd iovs iovs_len offset nwritten_out"),
    entry<&Call::fd_read>("fd_read", "fd iovs iovs_len nread_out"),
    entry<&Call::fd_readdir>("fd_readdir", "fd buf buf_len cookie size_out"),
    entry<&Call::fd_renumber>("fd_renumber", "fd to"),
    entry<&Call::fd_seek>("fd_seek", "fd offset whence offset_out"),
    entry<&Call::fd_sync>("fd_sync", "fd"),
    entry<&Call::fd_tell>("fd_tell", "fd offset_out"),
    entry<&Call::fd_write>("fd_write", "fd iovs iovs_len nwritten_out"),
    entry<&Call::path_create_directory>("path_create_directory", "fd path path_len"),
    entry<&Call::path_filestat_get>("path_filestat_get", "fd flags path path_len stat_out"),
    entry<&Call::path_filestat_set_times>("path_filestat_set_times",
                                          "fd flags path path_len atim mtim fst_flags"),
    entry<&Call::path_link>("path_link",
                            "old_fd old_flags old_path old_path_len new_fd new_path new_path_len"),
    entry<&Call::path_open>("path_open",
                            "fd dirflags path path_len oflags rights_base rights_inheriting fdflags fd_out"),
    entry<&Call::path_readlink>("path_readlink", "fd path path_len buf buf_len size_out"),
    entry<&Call::path_remove_directory>("path_remove_directory", "fd path path_len"),
    entry<&Call::path_rename>("path_rename", "fd old_path old_path_len new_fd new_path new_path_len"),
    entry<&Call::path_symlink>("path_symlink", "old_path old_path_len fd new_path new_path_len"),
    entry<&Call::path_unlink_file>("path_unlink_file", "fd path path_len"),
    entry<&Call::poll_oneoff>("poll_oneoff", "in out nsubscriptions nevents_out"),
    entry<&Call::proc_exit>("proc_exit", "code", false),
    entry<&Call::proc_raise>("proc_raise", "sig"),
    entry<&Call::sched_yield>("sched_yield", ""),
    entry<&Call::random_get>("random_get", "buf buf_len"),
    entry<&Call::sock_accept>(kAccept, "fd flags fd_out"),
    entry<&Call::sock_recv>("sock_recv", "fd ri_data ri_data_len ri_flags size_out ro_flags_out"),
    entry<&Call::sock_send>("sock_send", "fd si_data si_data_len si_flags size_out"),
    entry<&Call::sock_shutdown>("sock_shutdown", "fd how"),
};
static_assert(kPreview1.size() == 46);

constexpr std::array kWasixOwn{
    entry<&Call::chdir>("chdir", "path path_len"),
    entry<&Call::getcwd>("getcwd", "path path_len_inout"),
    entry<&Call::fd_dup>("fd_dup", "fd fd_out"),
    entry<&Call::fd_dup2>("fd_dup2", "fd min_result_fd cloexec fd_out"),
    entry<&Call::fd_fdflags_get>("fd_fdflags_get", "fd flags_out"),
    entry<&Call::fd_fdflags_set>("fd_fdflags_set", "fd flags"),
    entry<&Call::path_open2>(
        "path_open2",
        "fd dirflags path path_len oflags rights_base rights_inheriting fdflags fdflagsext fd_out"),
};

/// The functions of an ABI, and what serves them, side by side.
template <std::size_t N>
struct Table {
  std::array<Function, N> functions;
  std::array<Serve, N> serve;
};

template <std::size_t N>
constexpr Table<N> table(const std::array<Entry, N>& entries) {
  Table<N> made{};
  for (std::size_t i = 0; i < N; ++i) {
    made.functions[i] = entries[i].function;
    made.serve[i] = entries[i].serve;
  }
  return made;
}

/// sock_accept came with snapshot 1.
constexpr std::array<Entry, kPreview1.size() - 1> unstable_entries() {
  std::array<Entry, kPreview1.size() - 1> entries{};
  std::ranges::copy_if(kPreview1, entries.begin(),
                       [](const Entry& each) { return each.function.name != kAccept; });
  return entries;
}

constexpr std::array<Entry, kPreview1.size() + kWasixOwn.size()> wasix_entries() {
  std::array<Entry, kPreview1.size() + kWasixOwn.size()> entries{};
  std::ranges::copy(kWasixOwn, std::ranges::copy(kPreview1, entries.begin()).out);
  return entries;
}

constexpr auto kPreview1Table = table(kPreview1);
constexpr auto kUnstableTable = table(unstable_entries());
constexpr auto kWasixTable = table(wasix_entries());

struct AnyTable {
  std::span<const Function> functions = {};
  std::span<const Serve> serve = {};
};

AnyTable table_of(Abi abi) {
  switch (abi) {
    case Abi::preview1:
      return {kPreview1Table.functions, kPreview1Table.serve};
    case Abi::unstable:
      return {kUnstableTable.functions, kUnstableTable.serve};
    case Abi::wasix:
      return {kWasixTable.functions, kWasixTable.serve};
  }
  return {};
}

constexpr std::array<std::string_view, 3> kModules{"wasi_snapshot_preview1", "wasi_unstable", "wasix_32v1"};

}  // namespace

std::span<const Function> functions(Abi abi) { return table_of(abi).functions; }
std::span<const Serve> servers(Abi abi) { return table_of(abi).serve; }

std::optional<std::size_t> find_function(Abi abi, std::string_view name) {
  const std::span<const Function> all = functions(abi);
  const auto found = std::ranges::find(all, name, &Function::name);
  if (found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

std::string_view module_name(Abi abi) {
  const auto number = static_cast<std::size_t>(abi);
  return number < kModules.size() ? kModules[number] : "";
}

std::optional<Abi> find_abi(std::string_view module) {
  const auto found = std::ranges::find(kModules, module);
  if (found == kModules.end()) return std::nullopt;
  return static_cast<Abi>(found - kModules.begin());
}

}  // namespace wasifs::wasi
