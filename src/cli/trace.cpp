// SPDX-License-Identifier: Apache-2.0
#include "cli/trace.h"

#include <algorithm>
#include <string_view>

#include "inspect/json_text.h"

namespace wasifs::cli {

namespace {

std::string arguments_json(const wasi::TraceEvent& event) {
  JsonObject object;
  std::string_view names = event.function->names;
  for (std::size_t i = 0; i < event.args.size(); ++i) {
    const std::size_t end = std::min(names.find(' '), names.size());
    const bool narrow = event.function->params[i] == 'i';
    object.add(names.substr(0, end), narrow ? event.args[i] & 0xffff'ffffU : event.args[i]);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return object.str();
}

}  // namespace

std::string trace_line(const wasi::TraceEvent& event) {
  JsonObject object;
  object.add("module", wasi::module_name(event.abi))
      .add("function", event.function->name)
      .add_json("args", arguments_json(event));
  if (!event.path.empty()) object.add("path", event.path);
  if (!event.path2.empty()) object.add("path2", event.path2);
  if (event.exit_code) {
    object.add("exit_code", *event.exit_code);
  } else {
    object.add("result", wasi::name_of(event.result));
  }
  return object.add("nanoseconds", event.nanoseconds).str() + "\n";
}

}  // namespace wasifs::cli
