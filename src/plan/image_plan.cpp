// SPDX-License-Identifier: Apache-2.0
#include "plan/image_plan.h"

#include <algorithm>

#include "base/path.h"

namespace wasifs::plan {

namespace {

/// The module that is run where nothing else is said: the lowest one.
const oci::ImageLayer* module_of(const oci::Image& image) {
  const auto found = std::ranges::find(image.layers(), oci::LayerContent::wasm, &oci::ImageLayer::content);
  return found == image.layers().end() ? nullptr : &*found;
}

/// A program with a slash in its name is a path from the working directory; one
/// without is looked for.
std::string program_at(const std::string& program, const std::string& cwd) {
  if (!program.contains('/')) return program;
  const Outcome<std::string> path =
      normalize_guest_path(program.starts_with('/') ? program : cwd + "/" + program);
  return path ? *path : program;
}

}  // namespace

std::vector<PlannedLayer> plan_image(const LayerSource& source, const oci::Image& image,
                                     std::vector<Diagnostic>& warnings) {
  std::vector<PlannedLayer> layers;
  for (std::size_t i = image.layers().size(); i > 0; --i) {
    const oci::ImageLayer& layer = image.layers()[i - 1];
    if (layer.content == oci::LayerContent::other) {
      warnings.push_back({.trouble = Trouble::source,
                          .message = image_label(source) + ": the layer " + quoted(layer.name) + " of type " +
                                     quoted(layer.media_type) +
                                     " is left out: it is neither a tar nor a module",
                          .where = source.where});
      continue;
    }
    layers.push_back({.kind = LayerKind::image,
                      .source = source.path,
                      .written = source.written,
                      .tag = source.tag,
                      .digest = layer.digest,
                      .layer = i - 1,
                      .module = layer.file,
                      .whiteouts = Whiteouts::oci,
                      .where = source.where});
  }
  return layers;
}

ImageRun plan_image_run(const oci::Image& image, const std::string* instead,
                        const std::vector<std::string>& arguments) {
  const oci::ImageConfig& config = image.config();
  ImageRun run;
  if (instead != nullptr) {
    run.argv = {*instead};
    run.argv.insert(run.argv.end(), arguments.begin(), arguments.end());
    run.program = program_at(*instead, config.working_dir);
    return run;
  }
  run.argv = config.entrypoint;
  const oci::ImageLayer* const module = module_of(image);
  const bool implied = run.argv.empty() && module != nullptr;
  if (implied) run.argv.push_back(module->file);
  const std::vector<std::string>& rest = arguments.empty() ? config.cmd : arguments;
  run.argv.insert(run.argv.end(), rest.begin(), rest.end());
  if (implied) {
    run.program = "/" + module->file;
  } else if (!run.argv.empty()) {
    run.program = program_at(run.argv.front(), config.working_dir);
  }
  return run;
}

std::string image_label(const LayerSource& source) { return "image " + quoted(source.written); }

}  // namespace wasifs::plan
