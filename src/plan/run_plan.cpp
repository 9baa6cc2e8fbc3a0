// SPDX-License-Identifier: Apache-2.0
#include "plan/run_plan.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/path.h"
#include "plan/image_plan.h"
#include "plan/package_plan.h"
#include "plan/run_reader.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kMappedHome = "/home";
constexpr std::string_view kCurrentDirectory = ".";
/// Without the value: what a host has in its environment may be secret.
constexpr std::string_view kHostOrigin = "the host's value";
constexpr Rights kAllRights{.read = true, .write = true, .create = true};

/// The environment in order, one variable after the other.
class Environment {
 public:
  Environment(bool keep_duplicates, std::vector<Decision>& decisions)
      : keep_duplicates_(keep_duplicates), decisions_(decisions) {}

  /// `origin`: who says so, for a sentence.
  void add(EnvVar variable, std::string origin, const SourceLocation& where) {
    if (!keep_duplicates_) {
      const auto [place, added] = places_.emplace(variable.name, variables_.size());
      if (!added) return replace(place->second, std::move(variable), std::move(origin), where);
    }
    variables_.push_back(std::move(variable));
    origins_.push_back(std::move(origin));
  }

  std::vector<EnvVar> take() && { return std::move(variables_); }

 private:
  void replace(std::size_t at, EnvVar variable, std::string origin, const SourceLocation& where) {
    if (variables_[at].value != variable.value) {
      decisions_.push_back({.guest = "$" + variable.name,
                            .kept = origin,
                            .dropped = origins_[at],
                            .rule = "of several values for a variable the last wins: the package's come "
                                    "first, then the host's, then the user's",
                            .where = where,
                            .subject = Decision::Subject::variable,
                            .intended = origins_[at] == kHostOrigin});
    }
    variables_[at].value = std::move(variable.value);
    origins_[at] = std::move(origin);
  }

  bool keep_duplicates_;
  std::vector<Decision>& decisions_;
  std::vector<EnvVar> variables_;
  std::vector<std::string> origins_;  ///< of each of variables_
  std::unordered_map<std::string, std::size_t> places_;
};

/// NAME=VALUE, or NAME for an empty value.
EnvVar split_env(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {.name = std::string(text), .value = {}};
  return {.name = std::string(text.substr(0, equals)), .value = std::string(text.substr(equals + 1))};
}

class RunPlanner {
 public:
  RunPlanner(const Manifest& manifest, const webc::PackageManifest* container, const oci::Image* image)
      : manifest_(manifest),
        package_(container),
        image_(image != nullptr && !manifest.image->no_command ? image : nullptr) {}

  Outcome<RunPlan> plan() {
    run().compat = manifest_.run.compat;
    run().entry_function = manifest_.run.entry_function;
    choose_command();
    if (auto done = set_arguments(); !done) return fail(done.error());
    if (auto done = set_environment(); !done) return fail(done.error());
    if (auto done = set_cwd(); !done) return fail(done.error());
    set_preopens();
    return std::move(plan_);
  }

 private:
  RunSpec& run() { return plan_.run; }

  const webc::Command* find_command(std::string_view name) const {
    const auto found = std::ranges::find(package_->commands, name, &webc::Command::name);
    return found == package_->commands.end() ? nullptr : &*found;
  }

  void choose_command() {
    if (package_ == nullptr || manifest_.container->no_command) return;
    const Container& container = *manifest_.container;
    if (container.command) {
      command_ = find_command(container.command->value);
    } else if (!package_->entrypoint.empty()) {
      command_ = find_command(package_->entrypoint);
      if (command_ == nullptr) warn_of_entrypoint(container);
    } else if (package_->commands.size() == 1) {
      command_ = &package_->commands.front();
    }
    if (command_ != nullptr) {
      run().command = command_->name;
      return;
    }
    for (const webc::Command& command : package_->commands) run().choices.push_back(command.name);
  }

  void warn_of_entrypoint(const Container& container) {
    plan_.warnings.push_back({.trouble = Trouble::corrupt,
                              .message = package_label(container.source) + ": its entrypoint " +
                                         quoted(package_->entrypoint) + " is none of its commands",
                              .where = container.source.where});
  }

  /// `package "x": command "y": WHAT`, or `image "x": WHAT`.
  std::unexpected<Diagnostic> corrupt(const std::string& what) const {
    if (image_ != nullptr) {
      const LayerSource& source = manifest_.image->source;
      return fail(Diagnostic{
          .trouble = Trouble::corrupt, .message = image_label(source) + ": " + what, .where = source.where});
    }
    const LayerSource& source = manifest_.container->source;
    return fail(
        Diagnostic{.trouble = Trouble::corrupt,
                   .message = package_label(source) + ": command " + quoted(command_->name) + ": " + what,
                   .where = source.where});
  }

  Outcome<void> set_arguments() {
    std::vector<std::string>& argv = run().argv;
    if (image_ != nullptr) return set_image_arguments();
    if (command_ != nullptr) {
      argv.push_back(command_->exec_name.empty() ? command_->name : command_->exec_name);
      argv.insert(argv.end(), command_->main_args.begin(), command_->main_args.end());
      if (auto checked = check_arguments(); !checked) return checked;
    }
    for (const auto& argument : manifest_.run.args) argv.push_back(argument.value);
    return {};
  }

  Outcome<void> check_arguments() {
    for (const std::string& argument : run().argv) {
      if (argument.find('\0') != std::string::npos) {
        return corrupt("argument " + quoted(argument) + " contains a NUL byte");
      }
    }
    return {};
  }

  Outcome<void> set_image_arguments() {
    std::vector<std::string> arguments;
    for (const auto& argument : manifest_.run.args) arguments.push_back(argument.value);
    const auto& instead = manifest_.image->command;
    ImageRun planned = plan_image_run(*image_, instead ? &instead->value : nullptr, arguments);
    run().command = std::move(planned.program);
    run().argv = std::move(planned.argv);
    return check_arguments();
  }

  Outcome<void> set_environment() {
    Environment environment(manifest_.run.compat.env_duplicates, plan_.decisions);
    if (command_ != nullptr) {
      const LayerSource& source = manifest_.container->source;
      if (auto added = add_packed(environment, command_->env, package_label(source), source.where); !added) {
        return added;
      }
    }
    if (image_ != nullptr) {
      const LayerSource& source = manifest_.image->source;
      if (auto added = add_packed(environment, image_->config().env, image_label(source), source.where);
          !added) {
        return added;
      }
    }
    if (manifest_.run.forward_host_env) {
      for (const EnvVar& variable : manifest_.host_env) {
        environment.add(variable, std::string(kHostOrigin), {});
      }
    }
    for (const auto& variable : manifest_.run.env)
      environment.add(variable.value, describe_variable(variable), variable.where);
    run().env = std::move(environment).take();
    return {};
  }

  /// The variables of a package or image, which is `label`.
  Outcome<void> add_packed(Environment& environment, const std::vector<std::string>& texts,
                           const std::string& label, const SourceLocation& where) const {
    for (const std::string& text : texts) {
      EnvVar variable = split_env(text);
      if (const std::string problem = env_problem(variable); !problem.empty()) {
        return corrupt("environment variable " + quoted(text) + ": " + problem);
      }
      std::string origin = quoted(variable.value) + " of " + label;
      environment.add(std::move(variable), std::move(origin), where);
    }
    return {};
  }

  /// The directory of a package or image counts from the root, whatever it looks like.
  Outcome<std::optional<Located<std::string>>> package_cwd() const {
    const std::string cwd = command_ != nullptr ? command_->cwd
                            : image_ != nullptr ? image_->config().working_dir
                                                : std::string();
    if (cwd.empty()) return std::nullopt;
    Outcome<std::string> normal = normalize_guest_path(cwd, "working directory");
    if (!normal) return corrupt(normal.error().message);
    const LayerSource& source = image_ != nullptr ? manifest_.image->source : manifest_.container->source;
    return Located<std::string>{*std::move(normal), source.where};
  }

  Outcome<void> set_cwd() {
    std::optional<Located<std::string>> user;
    if (const auto& cwd = manifest_.run.cwd) {
      Outcome<std::string> normal = normalize_absolute(cwd->value, "working directory");
      if (!normal) {
        normal.error().where = cwd->where;
        return fail(std::move(normal.error()));
      }
      user = Located<std::string>{*std::move(normal), cwd->where};
    }
    auto package = package_cwd();
    if (!package) return fail(package.error());
    const bool package_first = manifest_.run.compat.cwd_package_wins && package->has_value();
    if (const auto& chosen = user && !package_first ? user : *package) {
      run().cwd = chosen->value;
      run().cwd_where = chosen->where;
    } else if (manifest_.run.home_mapped) {
      run().cwd = kMappedHome;
    }
    return {};
  }

  void set_preopens() {
    if (manifest_.preopens) {
      run().preopens = *manifest_.preopens;
      return;
    }
    const Preopen root{.alias = "/", .path = "/", .rights = kAllRights};
    run().preopens.push_back(root);
    // Whoever mounts at "." means to say what the current directory is.
    const bool mounted = std::ranges::any_of(
        manifest_.mounts, [](const MountEntry& mount) { return mount.guest.value == kCurrentDirectory; });
    if (!mounted) {
      run().preopens.push_back({.alias = std::string(kCurrentDirectory),
                                .path = run().cwd,
                                .rights = kAllRights,
                                .where = run().cwd_where});
    }
    run().preopens.push_back(root);
  }

  const Manifest& manifest_;
  const webc::PackageManifest* package_;
  const oci::Image* image_;  ///< null: none, or what is run is none of its programs
  const webc::Command* command_ = nullptr;
  RunPlan plan_;
};

}  // namespace

Outcome<RunPlan> plan_run(const Manifest& manifest, const webc::PackageManifest* container,
                          const oci::Image* image) {
  return RunPlanner(manifest, container, image).plan();
}

}  // namespace wasifs::plan
