// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "base/path.h"
#include "wasi/call.h"
#include "wasi/functions.h"

namespace wasifs::wasi {

ContextOptions ContextOptions::of(const RunSpec& run) {
  ContextOptions options;
  options.args = run.argv;
  for (const EnvVar& variable : run.env) options.env.push_back(variable.name + "=" + variable.value);
  options.preopens = run.preopens;
  options.cwd = run.cwd;
  return options;
}

namespace {

std::unexpected<Diagnostic> misused(std::string message) {
  return fail(Diagnostic{.trouble = Trouble::usage, .message = std::move(message)});
}

/// The guest takes its strings by a NUL at their end.
Outcome<void> check_strings(const ContextOptions& options) {
  for (const std::string& arg : options.args) {
    if (arg.find('\0') != std::string::npos) return misused("argument " + quoted(arg) + " holds a NUL");
  }
  for (const std::string& variable : options.env) {
    if (variable.find('\0') != std::string::npos)
      return misused("variable " + quoted(variable) + " holds a NUL");
    const std::size_t equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return misused("variable " + quoted(variable) + " is not NAME=VALUE");
    }
  }
  return {};
}

/// What a standard stream is where none was given: empty, and takes everything.
StreamPtr null_stream() {
  return stream_of_callbacks([](std::span<std::byte>) -> Result<std::size_t> { return std::size_t{0}; },
                             [](std::span<const std::byte> in) -> Result<std::size_t> { return in.size(); });
}

Descriptor standard_stream(const StreamPtr& stream) {
  auto open = std::make_shared<OpenFile>();
  open->kind = OpenFile::Kind::stream;
  open->stream = stream != nullptr ? stream : null_stream();
  return {.open = std::move(open), .base = right::of_streams};
}

Outcome<Descriptor> preopened(const Tree& tree, const Preopen& preopen) {
  const auto wrong = [&](const std::string& what) {
    return fail(
        Diagnostic{.trouble = Trouble::source,
                   .message = "preopen " + quoted(preopen.alias) + ": " + quoted(preopen.path) + " " + what,
                   .where = preopen.where});
  };
  const Result<VNode> node = tree.resolve(preopen.path);
  if (!node) return wrong("cannot be opened: " + message(node.error()));
  if (!node->is_directory()) return wrong("is not a directory");
  const RightSet rights = rights_of(preopen.rights);
  if (rights == 0) return wrong("has no rights");
  auto open = std::make_shared<OpenFile>();
  open->kind = OpenFile::Kind::directory;
  open->node = *node;
  // What lies above is not the guest's to know.
  open->parent = *node;
  return Descriptor{.open = std::move(open),
                    .base = rights & right::of_directories,
                    .inheriting = rights,
                    .preopen = preopen.alias};
}

Outcome<void> open_all(Context::State& state) {
  const auto add = [&](Descriptor descriptor) -> Outcome<void> {
    if (state.fds.add(std::move(descriptor))) return {};
    return misused("max_fds is " + std::to_string(state.options.max_fds) +
                   ", which is less than the streams and preopens that the guest starts with");
  };
  for (const StreamPtr& stream : state.options.stdio) {
    if (auto added = add(standard_stream(stream)); !added) return added;
  }
  for (const Preopen& preopen : state.options.preopens) {
    Outcome<Descriptor> descriptor = preopened(*state.tree, preopen);
    if (!descriptor) return fail(descriptor.error());
    if (auto added = add(std::move(*descriptor)); !added) return added;
  }
  return {};
}

}  // namespace

Context::Context(std::unique_ptr<State> state) : state_(std::move(state)) {}
Context::~Context() = default;

Outcome<std::unique_ptr<Context>> Context::create(std::shared_ptr<const Tree> tree, ContextOptions options) {
  if (tree == nullptr) return misused("there is no tree");
  if (auto checked = check_strings(options); !checked) return fail(checked.error());
  if (!options.cwd.starts_with('/')) {
    return misused("working directory " + quoted(options.cwd) + " is not an absolute path");
  }
  if (options.host == nullptr) options.host = std::make_shared<Host>();
  auto state = std::make_unique<State>(std::move(tree), std::move(options));
  if (auto opened = open_all(*state); !opened) return fail(opened.error());
  return std::unique_ptr<Context>(new Context(std::move(state)));
}

namespace {

std::uint64_t monotonic_now() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count());
}

/// Nothing is thrown at an engine: neither for want of memory nor by what embedders
/// have put in.
Errno serve(Serve function, Call& call, const u64* args) {
  try {
    return function(call, args);
  } catch (const std::bad_alloc&) {
    return Errno::nomem;
  } catch (...) {
    return Errno::io;
  }
}

}  // namespace

CallResult Context::call(Abi abi, std::size_t index, std::span<std::byte> memory,
                         std::span<const std::uint64_t> args) {
  const std::span<const Function> all = functions(abi);
  if (index >= all.size() || args.size() != all[index].params.size()) return {.error = Errno::nosys};
  Call call(*state_, abi, memory);
  const bool traced = state_->options.trace != nullptr;
  const std::uint64_t start = traced ? monotonic_now() : 0;
  const Errno error = serve(servers(abi)[index], call, args.data());
  const CallResult result{.error = error, .exit_code = call.exited()};
  if (traced) {
    state_->options.trace({.abi = abi,
                           .function = &all[index],
                           .args = args,
                           .path = call.path_read(0),
                           .path2 = call.path_read(1),
                           .result = result.error,
                           .exit_code = result.exit_code,
                           .nanoseconds = monotonic_now() - start});
  }
  return result;
}

std::optional<std::uint32_t> Context::exit_code() const {
  const u64 exit = state_->exit;
  if ((exit & State::kExited) == 0) return std::nullopt;
  return static_cast<std::uint32_t>(exit);
}

}  // namespace wasifs::wasi
