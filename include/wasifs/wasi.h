// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/export.h"
#include "wasifs/run_spec.h"
#include "wasifs/tree.h"
#include "wasifs/wasi_errno.h"
#include "wasifs/wasi_host.h"

/// WASI host functions over a Tree: what a WebAssembly engine binds so that a guest
/// sees the composed root. An engine needs nothing of wasifs but functions(), the
/// table of signatures, and Context::call(), the one entry to all of them.
namespace wasifs::wasi {

/// The import modules that are served. They are not aliases of each other:
/// `unstable` numbers whence differently and has other layouts of filestat and
/// subscription (WASI snapshot 0).
enum class Abi : std::uint8_t {
  preview1,  ///< wasi_snapshot_preview1: all 46 functions
  unstable,  ///< wasi_unstable: the 45 that it has
  wasix,     ///< wasix_32v1: preview1's and the file-system part of its own
};

/// One host function, as an engine has to import it.
struct Function {
  std::string_view name;
  std::string_view params;  ///< a letter each: 'i' i32, 'I' i64
  bool returns = true;      ///< an i32 errno; false: nothing (it never comes back)
  std::string_view names;   ///< of the parameters, separated by spaces; for traces
};

/// All functions of an ABI, in a fixed order: an index into it names one.
[[nodiscard]] WASIFS_API std::span<const Function> functions(Abi abi);
[[nodiscard]] WASIFS_API std::optional<std::size_t> find_function(Abi abi, std::string_view name);
/// "wasi_snapshot_preview1", "wasi_unstable", "wasix_32v1".
[[nodiscard]] WASIFS_API std::string_view module_name(Abi abi);
[[nodiscard]] WASIFS_API std::optional<Abi> find_abi(std::string_view module);

/// What a path of a guest may reach.
enum class PathPolicy : std::uint8_t {
  /// A preopen is a capability: absolute paths and those that lead out of the
  /// directory they start from are refused (notcapable), as wasi-testsuite asks.
  strict,
  /// As wasmer: an absolute path starts at the root of the tree whatever the
  /// descriptor, ".." at the root stays there, and "./" means the working directory.
  /// Preopens are places to start from, not fences; their rights hold all the same.
  wasix,
};

/// How descriptors 0 to 2 answer fd_prestat_get.
enum class Layout : std::uint8_t {
  standard,  ///< badf, as WASI says: the scan for preopens starts at 3
  wasmer,    ///< success and an empty name
};

/// Which number a guest gets where POSIX and the reference implementation differ.
enum class ErrorNumbers : std::uint8_t {
  posix,
  reference,  ///< nospc → overflow, isdir → inval, acces → perm
};

/// One call of a guest, after it was served. Borrowed for the time of the hook.
struct TraceEvent {
  Abi abi = Abi::preview1;
  const Function* function = nullptr;
  std::span<const std::uint64_t> args;  ///< one for each of function->params
  /// The paths that the call read from the guest's memory, in order; "" where none.
  std::string_view path;
  std::string_view path2;
  Errno result = Errno::success;
  std::optional<std::uint32_t> exit_code;  ///< proc_exit: what it was called with
  std::uint64_t nanoseconds = 0;           ///< how long it took, by a monotonic clock
};

struct ContextOptions {
  std::vector<std::string> args = {};   ///< argv, the program's name first; no NUL
  std::vector<std::string> env = {};    ///< NAME=VALUE each; no NUL
  std::vector<Preopen> preopens = {};   ///< in the order of their descriptors, from 3 on
  std::string cwd = "/";                ///< what "./" and getcwd start from (wasix)
  std::array<StreamPtr, 3> stdio = {};  ///< stdin, stdout, stderr; null: empty, or discards
  PathPolicy paths = PathPolicy::strict;
  Layout layout = Layout::standard;
  ErrorNumbers errors = ErrorNumbers::posix;
  std::size_t max_fds = 1024;  ///< descriptors open at once; more are mfile
  std::uint16_t umask = 022;   ///< of the 0666 and 0777 that guests create with
  /// Owner of what guests create; absent: the process's effective one.
  std::optional<std::uint32_t> uid = std::nullopt;
  std::optional<std::uint32_t> gid = std::nullopt;
  /// Clocks, random numbers and waiting; null: the system's.
  std::shared_ptr<Host> host = nullptr;
  /// Called after each call, on its thread; must neither call the Context nor throw.
  std::function<void(const TraceEvent&)> trace = nullptr;

  /// What a prepared root says about its guest: argv, env, preopens, cwd.
  [[nodiscard]] WASIFS_API static ContextOptions of(const RunSpec& run);
};

/// What a call came to.
struct CallResult {
  Errno error = Errno::success;
  /// Present where the guest has called proc_exit: the engine must not return to
  /// it. Nothing is thrown through the engine's frames; how it unwinds is its own.
  std::optional<std::uint32_t> exit_code = std::nullopt;
};

/// The world of one guest: descriptors with their cursors and rights, arguments,
/// environment, standard streams. Keeps the Tree alive.
///
/// Thread-safe: threads of one guest may call at the same time. A call that waits
/// (poll_oneoff, a read of standard input) holds no lock. Nothing of the guest's
/// memory is remembered between calls; memory that other threads change meanwhile
/// is read once.
class WASIFS_API Context {
 public:
  /// A preopen that is missing, no directory or without rights is Trouble::source;
  /// a NUL, a variable without a name and too small a max_fds are Trouble::usage.
  [[nodiscard]] static Outcome<std::unique_ptr<Context>> create(std::shared_ptr<const Tree> tree,
                                                                ContextOptions options);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  /// Serves function `index` of functions(abi) for a guest whose linear memory is
  /// `memory` right now (it may move and grow between calls). `args` has an element
  /// for each parameter, an i32 zero-extended; upper halves of i32 are ignored.
  /// An index or a number of arguments that does not fit is nosys.
  [[nodiscard]] CallResult call(Abi abi, std::size_t index, std::span<std::byte> memory,
                                std::span<const std::uint64_t> args);

  /// What proc_exit was called with, if it was.
  [[nodiscard]] std::optional<std::uint32_t> exit_code() const;

  struct State;

 private:
  explicit Context(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wasifs::wasi
