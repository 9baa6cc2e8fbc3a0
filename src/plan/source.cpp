// SPDX-License-Identifier: Apache-2.0
#include "plan/loader.h"
#include "plan/make_plan.h"
#include "wasifs/root.h"

namespace wasifs {

Outcome<Plan> plan_source(const std::string& source, const ComposeOptions& options) {
  const Outcome<plan::LoadedSource> loaded = plan::load_source(source, options);
  if (!loaded) return fail(loaded.error());
  return plan::make_plan(loaded->manifest, loaded->packages.catalogue, loaded->images);
}

Outcome<PreparedRoot> PreparedRoot::open(const std::string& source, const ComposeOptions& options) {
  const Outcome<plan::LoadedSource> loaded = plan::load_source(source, options);
  if (!loaded) return fail(loaded.error());
  Outcome<Plan> plan = plan::make_plan(loaded->manifest, loaded->packages.catalogue, loaded->images);
  if (!plan) return fail(plan.error());
  return plan::prepare(*std::move(plan), loaded->packages.files, loaded->stamp, {}, options.keep_changes,
                       loaded->archives);
}

}  // namespace wasifs
