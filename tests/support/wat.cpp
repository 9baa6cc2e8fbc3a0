// SPDX-License-Identifier: Apache-2.0
#include "support/wat.h"

#include <stdexcept>

#include "support/fuse_mount.h"
#include "support/temp_dir.h"

namespace wasifs::test {

bool can_assemble() { return !std::string_view(WASIFS_WAT2WASM).empty(); }

std::string assemble(std::string_view wat) {
  const TempDir dir;
  dir.write_file("module.wat", wat);
  const Finished done = run_program(
      {WASIFS_WAT2WASM, "--enable-threads", "--output=" + (dir / "module.wasm"), dir / "module.wat"});
  if (done.status != 0) throw std::runtime_error("wat2wasm: " + done.err);
  return dir.read_file("module.wasm");
}

}  // namespace wasifs::test
