// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <utility>

#include "capi/boundary.h"
#include "capi/handles.h"

using namespace wasifs;
using namespace wasifs::capi;

capi::RootState::RootState(PreparedRoot prepared) : root(std::move(prepared)) {
  env.reserve(root.plan.run.env.size());
  for (const EnvVar& variable : root.plan.run.env) env.push_back(variable.name + "=" + variable.value);
}

namespace {

/// One array of wasifs_compose_options and where it goes.
struct TextArray {
  const char* const* texts;
  std::size_t count;
  std::string_view name;
  std::vector<std::string>* to;
};

Outcome<ComposeOptions> compose_options(const wasifs_compose_options* given) {
  ComposeOptions options;
  if (given == nullptr) return options;
  const Outcome<wasifs_compose_options> c = read_options(given);
  if (!c) return std::unexpected(c.error());
  const TextArray arrays[] = {
      {c->volumes, c->volume_count, "options.volumes", &options.volumes},
      {c->mapped_dirs, c->mapped_dir_count, "options.mapped_dirs", &options.mapped_dirs},
      {c->uses, c->use_count, "options.uses", &options.uses},
      {c->map_commands, c->map_command_count, "options.map_commands", &options.map_commands},
      {c->env, c->env_count, "options.env", &options.env},
      {c->args, c->arg_count, "options.args", &options.args},
  };
  for (const TextArray& array : arrays) {
    Outcome<std::vector<std::string>> texts = texts_of(array.texts, array.count, array.name);
    if (!texts) return std::unexpected(std::move(texts.error()));
    *array.to = std::move(*texts);
  }
  if (c->cwd != nullptr) options.cwd = c->cwd;
  if (c->store != nullptr) options.store = c->store;
  options.dependencies = c->no_dependencies == 0;
  return options;
}

}  // namespace

int wasifs_root_open(const char* source, size_t source_len, const wasifs_compose_options* options,
                     wasifs_root** out, wasifs_error** error) {
  return guarded(error, [&]() -> Outcome<void> {
    const auto text = text_of(source, source_len);
    if (!text) return bad_argument("source", "must not be NULL");
    if (out == nullptr) return bad_argument("out", "must not be NULL");
    const Outcome<ComposeOptions> read = compose_options(options);
    if (!read) return std::unexpected(read.error());
    Outcome<PreparedRoot> root = PreparedRoot::open(std::string(*text), *read);
    if (!root) return std::unexpected(std::move(root.error()));
    *out = new wasifs_root{std::make_shared<const RootState>(std::move(*root))};
    return {};
  });
}

wasifs_root* wasifs_root_copy(const wasifs_root* root) {
  return guarded_value<wasifs_root*>(
      nullptr, [&] { return root == nullptr ? nullptr : new wasifs_root{root->state}; });
}

void wasifs_root_free(wasifs_root* root) { delete root; }

const char* wasifs_root_arg(const wasifs_root* root, size_t index) {
  if (root == nullptr || index >= root->run().argv.size()) return nullptr;
  return root->run().argv[index].c_str();
}

const char* wasifs_root_env(const wasifs_root* root, size_t index) {
  if (root == nullptr || index >= root->state->env.size()) return nullptr;
  return root->state->env[index].c_str();
}

const char* wasifs_root_cwd(const wasifs_root* root) {
  return root == nullptr ? nullptr : root->run().cwd.c_str();
}

const char* wasifs_root_command(const wasifs_root* root) {
  return root == nullptr ? nullptr : root->run().command.c_str();
}
