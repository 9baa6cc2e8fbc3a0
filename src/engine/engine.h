// SPDX-License-Identifier: Apache-2.0
#pragma once

// The engine's own headers are refused by C++20 and later: its translation unit is
// C++17, and so is all of this header.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Runs a WebAssembly module whose imports are functions of the host. Knows no file
/// system and no WASI: what the functions do is the Host's.
namespace wasifs::engine {

/// A function that a guest may import.
struct HostFunction {
  std::size_t module = 0;   ///< which of the Host's modules it belongs to
  std::size_t index = 0;    ///< which of the module's functions it is
  std::string_view params;  ///< a letter each: 'i' i32, 'I' i64
  bool returns = true;      ///< an i32; false: nothing
};

/// What a function of the host came to.
struct HostResult {
  std::uint32_t value = 0;
  /// Present: the guest has ended itself and is not returned to.
  std::optional<std::uint32_t> exit_code = std::nullopt;
};

/// What a guest imports its functions from.
class Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  virtual ~Host() = default;

  [[nodiscard]] virtual std::optional<HostFunction> find(std::string_view module,
                                                         std::string_view name) const = 0;
  /// `memory` is the guest's linear memory as it is now, `size` bytes; null where it
  /// has none. Must not throw.
  virtual HostResult call(const HostFunction& function, void* memory, std::size_t size,
                          const std::uint64_t* args, std::size_t count) = 0;
};

/// How a run ended.
struct Ended {
  enum class How : std::uint8_t {
    returned,   ///< the entry function did
    exited,     ///< the guest ended itself, see `exit_code`
    trapped,    ///< `message` is the engine's
    not_wasm,   ///< the bytes are no module, or one that this engine cannot read
    imports,    ///< `names` are what the host does not have, MODULE.NAME each
    no_entry,   ///< `names` are the functions that the module exports
    bad_entry,  ///< the entry function takes or gives something
    missing,    ///< this build has no engine
  };
  How how = How::returned;
  std::uint32_t exit_code = 0;
  std::string message = {};
  std::vector<std::string> names = {};
};

/// "wabt 1.0.32"; "" for a build without an engine, which runs nothing.
[[nodiscard]] std::string_view engine_name();

/// Runs the module: its start function, its "_initialize" where it exports one, then
/// `entry`, on the caller's thread and stack. The guest's threads are its own affair:
/// memory that is shared works for one thread alone.
[[nodiscard]] Ended run(std::string_view module, const std::string& entry, Host& host);

}  // namespace wasifs::engine
