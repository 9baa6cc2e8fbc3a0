// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capi/boundary.h"
#include "capi/handles.h"
#include "capi/wasi_host.h"
#include "wasifs/wasi.h"

using namespace wasifs;
using namespace wasifs::capi;

struct wasifs_wasi {
  std::array<std::optional<std::string>, 3> outputs;  ///< of the streams that are kept
  std::unique_ptr<wasi::Context> context;
};

namespace {

constexpr std::uint32_t kFlags =
    WASIFS_WASI_WASIX_PATHS | WASIFS_WASI_WASMER_LAYOUT | WASIFS_WASI_REFERENCE_ERRNO;

std::optional<wasi::Abi> abi_of(int abi) {
  if (abi < WASIFS_WASI_PREVIEW1 || abi > WASIFS_WASI_WASIX) return std::nullopt;
  return static_cast<wasi::Abi>(abi);
}

/// The functions of an ABI in the C ABI's terms, with texts that end in a NUL.
struct FunctionTable {
  explicit FunctionTable(wasi::Abi abi) {
    const std::span<const wasi::Function> functions = wasi::functions(abi);
    texts.reserve(2 * functions.size());
    rows.reserve(functions.size());
    for (const wasi::Function& function : functions) {
      const std::string& name = texts.emplace_back(function.name);
      const std::string& params = texts.emplace_back(function.params);
      rows.push_back({name.c_str(), params.c_str(), function.returns ? 1 : 0});
    }
  }

  std::vector<std::string> texts;
  std::vector<wasifs_wasi_function> rows;
};

/// Made when it is first asked for, and never changed.
const FunctionTable& table_of(wasi::Abi abi) {
  static const std::array<FunctionTable, 3> tables{FunctionTable(wasi::Abi::preview1),
                                                   FunctionTable(wasi::Abi::unstable),
                                                   FunctionTable(wasi::Abi::wasix)};
  return tables[static_cast<std::size_t>(abi)];
}

Outcome<std::vector<Preopen>> preopens_of(const wasifs_wasi_options& given) {
  std::vector<Preopen> preopens;
  if (given.preopens == nullptr && given.preopen_count != 0) {
    return bad_argument("options.preopens", "must not be NULL");
  }
  for (const wasifs_preopen& preopen : std::span(given.preopens, given.preopen_count)) {
    if (preopen.alias == nullptr || preopen.path == nullptr) {
      return bad_argument("options.preopens", "must not hold a NULL");
    }
    const Rights rights{.read = preopen.read != 0,
                        .write = preopen.write != 0 || preopen.create != 0,
                        .create = preopen.create != 0};
    if (rights == Rights{}) return bad_argument("options.preopens", "must allow something");
    preopens.push_back({.alias = preopen.alias, .path = preopen.path, .rights = rights});
  }
  return preopens;
}

/// The stream that `given` stands for as descriptor `fd`; `output` is where what is
/// written to it is kept.
Outcome<wasi::StreamPtr> stream_of(const wasifs_stream& given, std::size_t fd,
                                   std::optional<std::string>& output) {
  switch (given.kind) {
    case WASIFS_STREAM_NULL:
      return nullptr;
    case WASIFS_STREAM_FD:
      if (given.fd < 0) return bad_argument("options.stdio", "has no descriptor");
      return wasi::stream_of_fd(given.fd);
    case WASIFS_STREAM_BYTES: {
      if (fd != 0) return wasi::stream_to_bytes(&output.emplace());
      const auto bytes = text_of(static_cast<const char*>(given.data), given.size);
      if (!bytes || given.size == WASIFS_NUL) return bad_argument("options.stdio", "has no data");
      return wasi::stream_of_bytes(std::string(*bytes));
    }
    case WASIFS_STREAM_CALLBACK:
      return callback_stream(given);
    default:
      return bad_argument("options.stdio", "is of a kind that there is not");
  }
}

/// Replaces what the root says where the caller gives an array of its own.
Outcome<void> replace(std::vector<std::string>& texts, const char* const* given, std::size_t count,
                      std::string_view name) {
  if (given == nullptr && count == 0) return {};
  Outcome<std::vector<std::string>> read = texts_of(given, count, name);
  if (!read) return std::unexpected(std::move(read.error()));
  texts = std::move(*read);
  return {};
}

/// A trace hook of C++ that tells `given`'s.
std::function<void(const wasi::TraceEvent&)> trace_of(const wasifs_wasi_options& given) {
  if (given.trace == nullptr) return nullptr;
  return [trace = given.trace, user = given.user](const wasi::TraceEvent& event) {
    const auto abi = static_cast<std::size_t>(event.abi);
    // The function is one of the table's, so its place there is its place in ours.
    const auto index = static_cast<std::size_t>(event.function - wasi::functions(event.abi).data());
    const wasifs_wasi_event told{.struct_size = sizeof(wasifs_wasi_event),
                                 .abi = static_cast<int>(abi),
                                 .function = table_of(event.abi).rows[index].name,
                                 .args = event.args.data(),
                                 .arg_count = event.args.size(),
                                 .path = event.path.data(),
                                 .path_len = event.path.size(),
                                 .path2 = event.path2.data(),
                                 .path2_len = event.path2.size(),
                                 .result = static_cast<std::uint32_t>(event.result),
                                 .exited = event.exit_code ? 1 : 0,
                                 .exit_code = event.exit_code.value_or(0),
                                 .nanoseconds = event.nanoseconds};
    trace(user, &told);
  };
}

Outcome<wasi::ContextOptions> context_options(const wasifs_wasi_options& given, const RunSpec& run) {
  if ((given.flags & ~kFlags) != 0) return bad_argument("options.flags", "has a flag that there is not");
  wasi::ContextOptions options = wasi::ContextOptions::of(run);
  if (const auto done = replace(options.args, given.args, given.arg_count, "options.args"); !done) {
    return std::unexpected(done.error());
  }
  if (const auto done = replace(options.env, given.env, given.env_count, "options.env"); !done) {
    return std::unexpected(done.error());
  }
  if (given.preopens != nullptr || given.preopen_count != 0 || given.no_preopens != 0) {
    Outcome<std::vector<Preopen>> preopens = preopens_of(given);
    if (!preopens) return std::unexpected(std::move(preopens.error()));
    options.preopens = std::move(*preopens);
  }
  if ((given.flags & WASIFS_WASI_WASIX_PATHS) != 0) options.paths = wasi::PathPolicy::wasix;
  if ((given.flags & WASIFS_WASI_WASMER_LAYOUT) != 0) options.layout = wasi::Layout::wasmer;
  if ((given.flags & WASIFS_WASI_REFERENCE_ERRNO) != 0) options.errors = wasi::ErrorNumbers::reference;
  if (given.max_fds != 0) options.max_fds = given.max_fds;
  options.host = host_of(given);
  options.trace = trace_of(given);
  return options;
}

Outcome<std::unique_ptr<wasifs_wasi>> make_wasi(const wasifs_root& root, const wasifs_wasi_options* given) {
  wasifs_wasi_options read{};
  if (given != nullptr) {
    const Outcome<wasifs_wasi_options> sized = read_options(given);
    if (!sized) return std::unexpected(sized.error());
    read = *sized;
  }
  auto made = std::make_unique<wasifs_wasi>();
  Outcome<wasi::ContextOptions> options = context_options(read, root.run());
  if (!options) return std::unexpected(std::move(options.error()));
  for (std::size_t fd = 0; fd < 3; ++fd) {
    Outcome<wasi::StreamPtr> stream = stream_of(read.stdio[fd], fd, made->outputs[fd]);
    if (!stream) return std::unexpected(std::move(stream.error()));
    options->stdio[fd] = std::move(*stream);
  }
  auto context = wasi::Context::create(root.state->root.tree, std::move(*options));
  if (!context) return std::unexpected(std::move(context.error()));
  made->context = std::move(*context);
  return made;
}

constexpr std::int32_t as_result(wasi::Errno error) { return static_cast<std::int32_t>(error); }

}  // namespace

int wasifs_wasi_find_abi(const char* module, size_t module_len) {
  return guarded_value(-1, [&] {
    const auto name = text_of(module, module_len);
    const auto abi = name ? wasi::find_abi(*name) : std::nullopt;
    return abi ? static_cast<int>(*abi) : -1;
  });
}

size_t wasifs_wasi_function_count(int abi) {
  return guarded_value(std::size_t{0}, [&] {
    const auto known = abi_of(abi);
    return known ? wasi::functions(*known).size() : 0;
  });
}

const wasifs_wasi_function* wasifs_wasi_function_at(int abi, size_t index) {
  return guarded_value<const wasifs_wasi_function*>(nullptr, [&]() -> const wasifs_wasi_function* {
    const auto known = abi_of(abi);
    if (!known) return nullptr;
    const FunctionTable& table = table_of(*known);
    return index < table.rows.size() ? &table.rows[index] : nullptr;
  });
}

int wasifs_wasi_find_function(int abi, const char* name, size_t name_len) {
  return guarded_value(-1, [&] {
    const auto known = abi_of(abi);
    const auto text = text_of(name, name_len);
    if (!known || !text) return -1;
    const auto index = wasi::find_function(*known, *text);
    return index ? static_cast<int>(*index) : -1;
  });
}

int wasifs_wasi_new(const wasifs_root* root, const wasifs_wasi_options* options, wasifs_wasi** out,
                    wasifs_error** error) {
  return guarded(error, [&]() -> Outcome<void> {
    if (root == nullptr) return bad_argument("root", "must not be NULL");
    if (out == nullptr) return bad_argument("out", "must not be NULL");
    Outcome<std::unique_ptr<wasifs_wasi>> made = make_wasi(*root, options);
    if (!made) return std::unexpected(std::move(made.error()));
    *out = made->release();
    return {};
  });
}

void wasifs_wasi_free(wasifs_wasi* wasi) { delete wasi; }

int32_t wasifs_wasi_call(wasifs_wasi* wasi, int abi, size_t index, void* memory, size_t memory_size,
                         const uint64_t* args, size_t arg_count) {
  return guarded_value(as_result(wasi::Errno::io), [&] {
    const auto known = abi_of(abi);
    if (!known) return as_result(wasi::Errno::nosys);
    const auto bytes = bytes_of<std::byte>(memory, memory_size);
    const auto values = bytes_of<const std::uint64_t>(args, arg_count);
    if (wasi == nullptr || !bytes || !values) return as_result(wasi::Errno::inval);
    const wasi::CallResult result = wasi->context->call(*known, index, *bytes, *values);
    return result.exit_code ? WASIFS_WASI_EXITED : as_result(result.error);
  });
}

uint32_t wasifs_wasi_exit_code(const wasifs_wasi* wasi) {
  return guarded_value(std::uint32_t{0},
                       [&] { return wasi == nullptr ? 0 : wasi->context->exit_code().value_or(0); });
}

int wasifs_wasi_output(const wasifs_wasi* wasi, int fd, const void** data, size_t* size) {
  if (wasi == nullptr || data == nullptr || size == nullptr || fd < 1 || fd > 2) return EINVAL;
  const std::optional<std::string>& output = wasi->outputs[static_cast<std::size_t>(fd)];
  if (!output) return EINVAL;
  *data = output->data();
  *size = output->size();
  return 0;
}
