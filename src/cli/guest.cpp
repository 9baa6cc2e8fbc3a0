// SPDX-License-Identifier: Apache-2.0
#include "cli/guest.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <istream>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "base/suggest.h"
#include "cli/verb.h"

namespace wasifs::cli {

namespace {

/// As a shell tells of a program that abort() has ended, and as wasmtime does.
constexpr int kTrapStatus = 134;
constexpr std::size_t kMostNames = 8;

/// Binds an engine's imports to a Context.
class WasiHost final : public engine::Host {
 public:
  explicit WasiHost(wasi::Context& context) : context_(context) {}

  [[nodiscard]] std::optional<engine::HostFunction> find(std::string_view module,
                                                         std::string_view name) const override {
    const std::optional<wasi::Abi> abi = wasi::find_abi(module);
    if (!abi) return std::nullopt;
    const std::optional<std::size_t> index = wasi::find_function(*abi, name);
    if (!index) return std::nullopt;
    const wasi::Function& function = wasi::functions(*abi)[*index];
    return engine::HostFunction{.module = static_cast<std::size_t>(*abi),
                                .index = *index,
                                .params = function.params,
                                .returns = function.returns};
  }

  engine::HostResult call(const engine::HostFunction& function, void* memory, std::size_t size,
                          const std::uint64_t* args, std::size_t count) override {
    const wasi::CallResult result = context_.call(static_cast<wasi::Abi>(function.module), function.index,
                                                  {static_cast<std::byte*>(memory), size}, {args, count});
    return {.value = static_cast<std::uint32_t>(result.error), .exit_code = result.exit_code};
  }

 private:
  wasi::Context& context_;
};

wasi::StreamPtr stream_from(std::istream& in) {
  const auto read = [&in](std::span<std::byte> out) -> Result<std::size_t> {
    in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    return static_cast<std::size_t>(in.gcount());
  };
  return wasi::stream_of_callbacks(read, nullptr);
}

wasi::StreamPtr stream_to(std::ostream& out) {
  const auto write = [&out](std::span<const std::byte> in) -> Result<std::size_t> {
    // What a stream throws must not pass through the engine.
    try {
      out.write(reinterpret_cast<const char*>(in.data()), static_cast<std::streamsize>(in.size()));
    } catch (const std::exception&) {
      return fail(Errc::eio);
    }
    return in.size();
  };
  return wasi::stream_of_callbacks(nullptr, write);
}

/// The first names, each quoted; of many how many more there are.
std::string some_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    text += (i == 0 ? "" : ", ") + wasifs::quoted(names[i]);
  }
  if (names.size() > kMostNames) text += " and " + std::to_string(names.size() - kMostNames) + " more";
  return text;
}

Diagnostic unusable(const Program& program, const std::string& why, std::string hint = {}) {
  return {.trouble = program.packaged ? Trouble::corrupt : Trouble::source,
          .message = "program " + wasifs::quoted(program.name) + ": " + why,
          .hint = std::move(hint)};
}

Diagnostic missing_imports(const Program& program, const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  Diagnostic diagnostic = unusable(program, "it imports what wasifs does not serve: " + all,
                                   "wasi_snapshot_preview1, wasi_unstable and the file-system part of "
                                   "wasix_32v1 are served; threads, processes and sockets are not");
  diagnostic.trouble = Trouble::source;
  return diagnostic;
}

Diagnostic missing_entry(const Program& program, const std::string& entry,
                         const std::vector<std::string>& names) {
  const std::string near = suggest(entry, std::vector<std::string_view>(names.begin(), names.end()));
  const std::string hint = names.empty() ? "it exports no functions" : "it exports " + some_of(names);
  return unusable(program, "it has no function " + wasifs::quoted(entry) + " to start with",
                  near.empty() ? hint : near);
}

/// The kernel keeps the low byte, which would make a success of exit(256).
int exit_status(std::uint32_t code) {
  constexpr std::uint32_t kKept = 0xff;
  return static_cast<int>(code != 0 && (code & kKept) == 0 ? kKept : code & kKept);
}

}  // namespace

namespace {

/// A descriptor of the process. As any program of the command line, the guest is ended
/// by SIGPIPE where nobody reads what it writes; many never look at the error.
class ProcessStream final : public wasi::Stream {
 public:
  explicit ProcessStream(int fd) : inner_(wasi::stream_of_fd(fd)) {}

  Result<std::size_t> read(std::span<std::byte> out) override { return inner_->read(out); }
  Result<std::size_t> write(std::span<const std::byte> in) override {
    const Result<std::size_t> done = inner_->write(in);
    // Ignored, where whoever has started us wanted that.
    if (!done && done.error() == Errc::epipe) ::raise(SIGPIPE);
    return done;
  }
  [[nodiscard]] bool is_terminal() const override { return inner_->is_terminal(); }
  [[nodiscard]] int poll_fd() const override { return inner_->poll_fd(); }

 private:
  wasi::StreamPtr inner_;
};

}  // namespace

std::array<wasi::StreamPtr, 3> guest_streams(Io& io) {
  const auto choose = [&io](std::size_t number, const auto& otherwise) -> wasi::StreamPtr {
    const int fd = io.descriptors.at(number);
    if (fd >= 0) return std::make_shared<ProcessStream>(fd);
    return otherwise();
  };
  return {choose(0, [&io] { return stream_from(io.in); }), choose(1, [&io] { return stream_to(io.out); }),
          choose(2, [&io] { return stream_to(io.err); })};
}

engine::Ended run_guest(const Program& program, const std::string& entry, wasi::Context& context) {
  WasiHost host(context);
  return engine::run(program.bytes, entry, host);
}

Outcome<int> guest_status(Io& io, const Program& program, const std::string& entry,
                          const engine::Ended& ended) {
  using How = engine::Ended::How;
  switch (ended.how) {
    case How::returned:
      return 0;
    case How::exited:
      return exit_status(ended.exit_code);
    case How::trapped:
      report(io, unusable(program, "it trapped: " + ended.message));
      return kTrapStatus;
    case How::not_wasm:
      return fail(unusable(program, "it is no WebAssembly program: " + ended.message));
    case How::imports:
      return fail(missing_imports(program, ended.names));
    case How::no_entry:
      return fail(missing_entry(program, entry, ended.names));
    case How::bad_entry:
      return fail(unusable(program, "its function " + wasifs::quoted(ended.message) +
                                        " is no entry: it takes arguments or gives a result"));
    case How::missing:
      break;
  }
  return fail(no_engine());
}

Diagnostic no_engine() {
  return usage_error("run", "this build of wasifs has no engine for WebAssembly",
                     "install wabt 1.0.32 or later with its library (Debian: apt-get install wabt) and "
                     "build wasifs anew; every other verb works without it");
}

}  // namespace wasifs::cli
