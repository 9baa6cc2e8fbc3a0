// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "wasi/abi.h"
#include "wasi/descriptor.h"
#include "wasi/guest_memory.h"

namespace wasifs::wasi {

/// All that outlives a call.
struct Context::State {
  State(std::shared_ptr<const Tree> of, ContextOptions given)
      : tree(std::move(of)), options(std::move(given)), fds(options.max_fds), cwd(options.cwd) {}

  const std::shared_ptr<const Tree> tree;  // first: it outlives the descriptors
  const ContextOptions options;
  FdTable fds;

  std::mutex cwd_mutex;  ///< guards cwd; nothing else is locked under it
  std::string cwd;       ///< absolute

  static constexpr u64 kExited = u64{1} << 32;
  std::atomic<u64> exit{0};  ///< kExited and the code below it, or 0
};

/// One call of a guest: its functions, named as WASI names them, over the state and
/// the memory of that moment. Pointers and sizes are u32, in the order of the witx;
/// the last ones are where results go.
class Call {
 public:
  Call(Context::State& state, Abi abi, std::span<std::byte> memory)
      : state_(state),
        tree_(*state.tree),
        shape_(abi == Abi::unstable ? kSnapshot0 : kSnapshot1),
        memory_(memory) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // process.cpp
  Errno args_get(u32 argv, u32 buffer);
  Errno args_sizes_get(u32 count_out, u32 size_out);
  Errno environ_get(u32 environ, u32 buffer);
  Errno environ_sizes_get(u32 count_out, u32 size_out);
  Errno clock_res_get(u32 clock, u32 out);
  Errno clock_time_get(u32 clock, u64 precision, u32 out);
  Errno proc_exit(u32 code);
  Errno proc_raise(u32 signal);
  Errno random_get(u32 buffer, u32 length);
  Errno sched_yield();
  Errno sock_accept(u32 fd, u32 flags, u32 out);
  Errno sock_recv(u32 fd, u32 iovs, u32 count, u32 flags, u32 size_out, u32 flags_out);
  Errno sock_send(u32 fd, u32 iovs, u32 count, u32 flags, u32 size_out);
  Errno sock_shutdown(u32 fd, u32 how);
  // poll.cpp
  Errno poll_oneoff(u32 subscriptions, u32 events, u32 count, u32 count_out);
  // fd_io.cpp
  Errno fd_read(u32 fd, u32 iovs, u32 count, u32 size_out);
  Errno fd_write(u32 fd, u32 iovs, u32 count, u32 size_out);
  Errno fd_pread(u32 fd, u32 iovs, u32 count, u64 offset, u32 size_out);
  Errno fd_pwrite(u32 fd, u32 iovs, u32 count, u64 offset, u32 size_out);
  Errno fd_seek(u32 fd, u64 offset, u32 whence, u32 out);
  Errno fd_tell(u32 fd, u32 out);
  Errno fd_readdir(u32 fd, u32 buffer, u32 length, u64 cookie, u32 size_out);
  // fd_state.cpp
  Errno fd_advise(u32 fd, u64 offset, u64 length, u32 advice);
  Errno fd_allocate(u32 fd, u64 offset, u64 length);
  Errno fd_close(u32 fd);
  Errno fd_datasync(u32 fd);
  Errno fd_sync(u32 fd);
  Errno fd_fdstat_get(u32 fd, u32 out);
  Errno fd_fdstat_set_flags(u32 fd, u32 flags);
  Errno fd_fdstat_set_rights(u32 fd, u64 base, u64 inheriting);
  Errno fd_filestat_get(u32 fd, u32 out);
  Errno fd_filestat_set_size(u32 fd, u64 size);
  Errno fd_filestat_set_times(u32 fd, u64 atim, u64 mtim, u32 flags);
  Errno fd_prestat_get(u32 fd, u32 out);
  Errno fd_prestat_dir_name(u32 fd, u32 path, u32 length);
  Errno fd_renumber(u32 from, u32 to);
  // path.cpp
  Errno path_create_directory(u32 fd, u32 path, u32 length);
  Errno path_filestat_get(u32 fd, u32 flags, u32 path, u32 length, u32 out);
  Errno path_filestat_set_times(u32 fd, u32 flags, u32 path, u32 length, u64 atim, u64 mtim, u32 fst_flags);
  Errno path_link(u32 old_fd, u32 old_flags, u32 old_path, u32 old_length, u32 new_fd, u32 new_path,
                  u32 new_length);
  Errno path_readlink(u32 fd, u32 path, u32 length, u32 buffer, u32 buffer_length, u32 size_out);
  Errno path_remove_directory(u32 fd, u32 path, u32 length);
  Errno path_rename(u32 fd, u32 old_path, u32 old_length, u32 new_fd, u32 new_path, u32 new_length);
  Errno path_symlink(u32 old_path, u32 old_length, u32 fd, u32 new_path, u32 new_length);
  Errno path_unlink_file(u32 fd, u32 path, u32 length);
  // path_open.cpp
  Errno path_open(u32 fd, u32 dirflags, u32 path, u32 length, u32 oflags, u64 base, u64 inheriting,
                  u32 fdflags, u32 out);
  // wasix.cpp: what wasix_32v1 has beside those
  Errno chdir(u32 path, u32 length);
  Errno getcwd(u32 buffer, u32 size_inout);
  Errno fd_dup(u32 fd, u32 out);
  Errno fd_dup2(u32 fd, u32 lowest, u32 close_on_exec, u32 out);
  Errno fd_fdflags_get(u32 fd, u32 out);
  Errno fd_fdflags_set(u32 fd, u32 flags);
  Errno path_open2(u32 fd, u32 dirflags, u32 path, u32 length, u32 oflags, u64 base, u64 inheriting,
                   u32 fdflags, u32 fdflagsext, u32 out);

  [[nodiscard]] std::optional<u32> exited() const { return exited_; }
  /// The paths that were read from the guest, in order.
  [[nodiscard]] std::string_view path_read(std::size_t index) const { return paths_[index]; }

 private:
  template <class T>
  [[nodiscard]] std::unexpected<Errno> refuse_as(const T& failed) const {
    return refuse(errno_of(failed.error(), state_.options.errors));
  }
  [[nodiscard]] Errno told(const Status& status) const {
    return status ? Errno::success : errno_of(status.error(), state_.options.errors);
  }

  // Descriptors of one kind. What is open but of another kind is `otherwise`.
  [[nodiscard]] Answer<FdTable::Use> file(u32 fd, RightSet needed, Errno otherwise = Errno::badf);
  [[nodiscard]] Answer<FdTable::Use> directory(u32 fd, RightSet needed);

  /// Reads a path from the guest. nametoolong, inval (a NUL within), fault.
  [[nodiscard]] Answer<std::string_view> read_path(u32 address, u32 length);
  /// Where `path` leads from the directory `from`, as the policy says.
  [[nodiscard]] Answer<Place> locate(const FdTable::Use& from, std::string_view path, Follow follow);
  /// The same for what makes, removes or renames a name: a link is never followed,
  /// not even with a slash behind it.
  [[nodiscard]] Answer<Place> locate_name(const FdTable::Use& from, std::string_view path);
  [[nodiscard]] Result<Place> locate_by_policy(const FdTable::Use& from, std::string_view path,
                                               Follow follow);
  /// Takes directory and path of a call in one go.
  [[nodiscard]] Answer<Place> name_at(u32 fd, RightSet needed, u32 path, u32 length);
  [[nodiscard]] Answer<VNode> node_at(u32 fd, RightSet needed, u32 flags, u32 path, u32 length);
  [[nodiscard]] std::string working_directory();

  struct Opening;
  [[nodiscard]] Answer<Descriptor> open_path(u32 fd, const Opening& how, u32 path, u32 length);
  [[nodiscard]] Answer<OpenFilePtr> open_place(Place place, Opening& how);
  [[nodiscard]] Answer<OpenFilePtr> open_directory(Place place, const Opening& how);
  [[nodiscard]] Answer<OpenFilePtr> create_file(Place place, const Opening& how);

  [[nodiscard]] NewNode new_node(FileType type) const;
  [[nodiscard]] Answer<SetAttr> times(u64 atim, u64 mtim, u32 flags);
  [[nodiscard]] Errno store_filestat(u32 out, const Attr& attr);
  [[nodiscard]] Errno store_strings(const std::vector<std::string>& strings, u32 table, u32 buffer);
  [[nodiscard]] Errno store_sizes(const std::vector<std::string>& strings, u32 count_out, u32 size_out);

  /// Whether a stream can be read or written, waiting for it if that is wanted.
  [[nodiscard]] Result<bool> ready(OpenFile& open, bool write, bool may_wait);
  /// Does `transfer`, and waits where the guest would be made to wait.
  template <class Transfer>
  [[nodiscard]] Result<std::size_t> stream_transfer(OpenFile& open, bool write, Transfer transfer);
  [[nodiscard]] Answer<std::size_t> read_stream(OpenFile& open, const IoVectors& to);
  [[nodiscard]] Answer<std::size_t> write_stream(OpenFile& open, const IoVectors& from);
  [[nodiscard]] Answer<std::size_t> read_file(OpenFile& open, u64 offset, const IoVectors& to);
  [[nodiscard]] Answer<std::size_t> write_file(OpenFile& open, u64 offset, const IoVectors& from);
  [[nodiscard]] Errno store_size(u32 out, const Answer<std::size_t>& size);

  [[nodiscard]] Errno synchronise(u32 fd, RightSet needed, bool data_only);

  struct Poll;
  [[nodiscard]] Answer<u64> now(Clock clock);

  Context::State& state_;
  const Tree& tree_;
  const Shape& shape_;
  const GuestMemory memory_;
  std::optional<u32> exited_;
  std::array<std::string, 2> paths_;
  std::size_t path_count_ = 0;
};

}  // namespace wasifs::wasi
