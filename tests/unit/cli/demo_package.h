// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/webc_writer.h"

namespace wasifs::test {

/// A WebAssembly module whose _start returns at once.
inline const std::string kEmptyProgram{
    "\x00\x61\x73\x6d\x01\x00\x00\x00"  // magic, version 1
    "\x01\x04\x01\x60\x00\x00"          // type 0: () -> ()
    "\x03\x02\x01\x00"                  // function 0 has type 0
    "\x07\x0a\x01\x06_start\x00\x00"    // export "_start": function 0
    "\x0a\x04\x01\x02\x00\x0b",         // its body: end
    8 + 6 + 4 + 12 + 6};

/// The package of the quick start: one volume shown at /srv and one command.
/// tests/data/demo.webc holds its bytes.
[[nodiscard]] inline std::string demo_package() {
  constexpr std::uint64_t kModified = 1'700'000'000;
  WebcSpec spec;
  spec.manifest = {
      {"package",
       {{"wapm", {{"name", "wasifs/demo"}, {"version", "1.0.0"}, {"description", "A page and a command"}}},
        {"fs", {{{"from", nullptr}, {"volume_name", "/site"}, {"mount_path", "/srv"}}}}}},
      {"atoms",
       {{"hello", {{"kind", "https://webc.org/kind/wasm"}, {"signature", webc_signature(kEmptyProgram)}}}}},
      {"commands",
       {{"hello",
         {{"runner", "https://webc.org/runner/wasi"}, {"annotations", {{"wasi", {{"atom", "hello"}}}}}}}}},
      {"entrypoint", "hello"}};
  spec.atoms["hello"] = kEmptyProgram;
  spec.volumes["/site"] = {webc_file("index.html", "<h1>Served from a package</h1>\n", kModified),
                           webc_dir("css", kModified),
                           webc_file("css/style.css", "h1 { color: teal }\n", kModified),
                           webc_link("style.css", "css/style.css", kModified)};
  return write_webc(spec);
}

}  // namespace wasifs::test
