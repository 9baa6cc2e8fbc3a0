// SPDX-License-Identifier: Apache-2.0
// wasifs in wabt's interpreter. C++17: wabt's headers are refused as C++20.
#include <wabt/binary-reader.h>
#include <wabt/interp/binary-reader-interp.h>
#include <wabt/interp/interp.h>

#include <cstdio>
#include <string>
#include <vector>

#include "runner.h"

using namespace wabt::interp;

namespace {

/// A function of the host for one import; null where wasifs does not serve it.
HostFunc::Ptr bind(Store& store, const ImportType& import, wasifs_wasi* wasi, bool& exited) {
  const int abi = wasifs_wasi_find_abi(import.module.data(), import.module.size());
  const int index = wasifs_wasi_find_function(abi, import.name.data(), import.name.size());
  if (index < 0 || import.type->kind != wabt::ExternalKind::Func) return {};
  const wasifs_wasi_function* served = wasifs_wasi_function_at(abi, static_cast<std::size_t>(index));
  ValueTypes params, results;
  for (const char* p = served->params; *p != 0; ++p)
    params.push_back(*p == 'I' ? ValueType::I64 : ValueType::I32);
  if (served->returns != 0) results.push_back(ValueType::I32);
  const auto call = [=, &store, &exited](Thread& thread, const Values& in, Values& out, Trap::Ptr* trap) {
    std::vector<uint64_t> args;
    for (std::size_t i = 0; i < in.size(); ++i)
      args.push_back(served->params[i] == 'I' ? in[i].Get<uint64_t>() : in[i].Get<uint32_t>());
    // Found anew for each call: it moves when it grows.
    auto memory = store.UnsafeGet<Memory>(thread.GetCallerInstance()->memories().at(0));
    const int32_t result = wasifs_wasi_call(wasi, abi, static_cast<std::size_t>(index), memory->UnsafeData(),
                                            memory->ByteSize(), args.data(), args.size());
    exited = result == WASIFS_WASI_EXITED;
    if (exited) *trap = Trap::New(store, "the guest has ended itself");
    if (!exited && !out.empty()) out[0] = Value::Make(result);
    return exited ? wabt::Result::Error : wabt::Result::Ok;
  };
  return HostFunc::New(store, FuncType(params, results), call);
}

int run(const runner& guest) {
  wabt::Errors errors;
  ModuleDesc desc;
  if (wabt::Failed(ReadBinaryInterp("", guest.module, guest.module_size, {}, &errors, &desc)))
    return std::fprintf(stderr, "error: the module cannot be read\n"), 70;
  Store store;
  auto module = Module::New(store, desc);
  bool exited = false;
  RefVec imports;
  for (const ImportType& import : module->import_types()) {
    const HostFunc::Ptr bound = bind(store, import, guest.wasi, exited);
    if (!bound)
      return std::fprintf(stderr, "error: no %s.%s\n", import.module.c_str(), import.name.c_str()), 70;
    imports.push_back(bound.ref());
  }
  Trap::Ptr trap;
  auto instance = Instance::Instantiate(store, module.ref(), imports, &trap);
  for (const ExportDesc& exported : module->desc().exports) {
    if (!instance || exported.type.name != "_start" || exported.type.type->kind != wabt::ExternalKind::Func)
      continue;
    const auto start = store.UnsafeGet<Func>(instance->funcs().at(exported.index));
    if (!start->type().params.empty() || !start->type().results.empty())
      return std::fprintf(stderr, "error: _start takes or gives something\n"), 70;
    Values results;
    start->Call(store, {}, results, &trap);
  }
  if (trap && !exited) return std::fprintf(stderr, "error: trap: %s\n", trap->message().c_str()), 134;
  return runner_status(&guest);
}

}  // namespace

int main(int argc, char** argv) {
  runner guest;
  if (const int status = runner_start(&guest, argc, argv)) return status;
  const int status = run(guest);
  runner_end(&guest);
  return status;
}
