// SPDX-License-Identifier: Apache-2.0
#include "fuse/adapter.h"

#include "fuse/handler.h"
#include "fuse/libfuse.h"

namespace wasifs::fuse {

namespace {

void init(void* data, fuse_conn_info* connection) {
  auto* const context = static_cast<Context*>(data);
  context->agreement.negotiate(*context->tree, context->options, *connection);
}

fuse_lowlevel_ops make_operations() noexcept {
  fuse_lowlevel_ops result{};
  result.init = init;
  add_name_operations(result);
  add_attribute_operations(result);
  add_file_operations(result);
  add_dir_operations(result);
  return result;
}

}  // namespace

const fuse_lowlevel_ops& operations() noexcept {
  static const fuse_lowlevel_ops kOperations = make_operations();
  return kOperations;
}

}  // namespace wasifs::fuse
