// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "capi/boundary.h"
#include "capi/handles.h"
#include "wasifs/root_builder.h"

using namespace wasifs;
using namespace wasifs::capi;

struct wasifs_builder {
  RootBuilder builder;
};

namespace {

/// Runs `change` on the builder with the text that came as (text, length).
template <class Change>
int change_with_text(wasifs_builder* builder, const char* text, std::size_t length, Change change) noexcept {
  return guarded([&]() -> Status {
    const auto given = text_of(text, length);
    if (builder == nullptr || !given) return fail(Errc::einval);
    change(builder->builder, std::string(*given));
    return {};
  });
}

template <class Change>
int change_alone(wasifs_builder* builder, Change change) noexcept {
  return guarded([&]() -> Status {
    if (builder == nullptr) return fail(Errc::einval);
    change(builder->builder);
    return {};
  });
}

static_assert(static_cast<int>(Access::rw) == WASIFS_ACCESS_RW);
static_assert(static_cast<int>(Access::cow) == WASIFS_ACCESS_COW);
static_assert(static_cast<int>(Access::ro) == WASIFS_ACCESS_RO);

}  // namespace

int wasifs_builder_new(wasifs_builder** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return fail(Errc::einval);
    *out = new wasifs_builder;
    return {};
  });
}

void wasifs_builder_free(wasifs_builder* builder) { delete builder; }

int wasifs_builder_set_empty_base(wasifs_builder* builder) {
  return change_alone(builder, [](RootBuilder& b) { b.empty_base(); });
}

int wasifs_builder_set_fail_on_conflict(wasifs_builder* builder) {
  return change_alone(builder, [](RootBuilder& b) { b.conflict(ConflictMode::fail); });
}

int wasifs_builder_set_quota(wasifs_builder* builder, uint64_t max_bytes, uint64_t max_inodes) {
  return change_alone(builder, [&](RootBuilder& b) {
    if (max_bytes != 0) b.memory_limit(max_bytes);
    if (max_inodes != 0) b.inode_limit(max_inodes);
  });
}

int wasifs_builder_set_store(wasifs_builder* builder, const char* folder, size_t folder_len) {
  return change_with_text(builder, folder, folder_len,
                          [](RootBuilder& b, std::string text) { b.store(std::move(text)); });
}

int wasifs_builder_add_mount(wasifs_builder* builder, const char* guest, size_t guest_len, wasifs_fs* fs,
                             wasifs_access access) {
  if (fs == nullptr || access < WASIFS_ACCESS_RW || access > WASIFS_ACCESS_RO) return EINVAL;
  return change_with_text(builder, guest, guest_len, [&](RootBuilder& b, std::string text) {
    b.add_mount(std::move(text), fs->fs, static_cast<Access>(access));
  });
}

int wasifs_builder_add_root_layer(wasifs_builder* builder, wasifs_fs* fs) {
  if (fs == nullptr) return EINVAL;
  return change_alone(builder, [&](RootBuilder& b) { b.add_root_layer(fs->fs); });
}

int wasifs_builder_set_root_upper(wasifs_builder* builder, wasifs_fs* fs) {
  if (fs == nullptr) return EINVAL;
  return change_alone(builder, [&](RootBuilder& b) { b.root_upper(fs->fs); });
}

int wasifs_builder_inject(wasifs_builder* builder, const char* package, size_t package_len) {
  return change_with_text(builder, package, package_len,
                          [](RootBuilder& b, std::string text) { b.inject(std::move(text)); });
}

int wasifs_builder_add_arg(wasifs_builder* builder, const char* arg, size_t arg_len) {
  return change_with_text(builder, arg, arg_len,
                          [](RootBuilder& b, std::string text) { b.add_arg(std::move(text)); });
}

int wasifs_builder_add_env(wasifs_builder* builder, const char* name, size_t name_len, const char* value,
                           size_t value_len) {
  const auto content = text_of(value, value_len);
  if (!content) return EINVAL;
  return change_with_text(builder, name, name_len, [&](RootBuilder& b, std::string text) {
    b.add_env(std::move(text), std::string(*content));
  });
}

int wasifs_builder_set_cwd(wasifs_builder* builder, const char* path, size_t path_len) {
  return change_with_text(builder, path, path_len,
                          [](RootBuilder& b, std::string text) { b.cwd(std::move(text)); });
}

int wasifs_builder_build(const wasifs_builder* builder, wasifs_root** out, wasifs_error** error) {
  return guarded(error, [&]() -> Outcome<void> {
    if (builder == nullptr) return bad_argument("builder", "must not be NULL");
    if (out == nullptr) return bad_argument("out", "must not be NULL");
    Outcome<PreparedRoot> root = builder->builder.build();
    if (!root) return std::unexpected(std::move(root.error()));
    *out = new wasifs_root{std::make_shared<const RootState>(std::move(*root))};
    return {};
  });
}
