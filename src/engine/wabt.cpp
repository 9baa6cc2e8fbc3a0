// SPDX-License-Identifier: Apache-2.0
#include <wabt/binary-reader.h>
#include <wabt/interp/binary-reader-interp.h>
#include <wabt/interp/interp.h>

#include <algorithm>
#include <new>
#include <utility>

#include "engine/engine.h"

namespace wasifs::engine {

namespace {

namespace interp = wabt::interp;
using wabt::Result;

constexpr std::string_view kMagic("\0asm", 4);
constexpr const char* kInitialize = "_initialize";
/// What unwinds the interpreter after the guest has ended itself; nobody sees it.
constexpr const char* kExitTrap = "the guest has ended itself";

wabt::Features features() {
  wabt::Features all;
  // One thread can do with shared memory what it can do with its own.
  all.enable_threads();
  all.enable_tail_call();
  all.enable_exceptions();
  all.enable_extended_const();
  return all;
}

std::string position_of(const wabt::Error& error) {
  return error.loc.offset == wabt::kInvalidOffset ? "" : " at byte " + std::to_string(error.loc.offset);
}

Ended ended(Ended::How how, std::string message, std::vector<std::string> names = {}) {
  Ended result;
  result.how = how;
  result.message = std::move(message);
  result.names = std::move(names);
  return result;
}

interp::FuncType signature_of(const HostFunction& function) {
  interp::ValueTypes params;
  for (const char letter : function.params) {
    params.push_back(letter == 'I' ? interp::ValueType::I64 : interp::ValueType::I32);
  }
  interp::ValueTypes results;
  if (function.returns) results.push_back(interp::ValueType::I32);
  return interp::FuncType(std::move(params), std::move(results));
}

/// One guest, from its bytes to its end.
class Guest {
 public:
  Guest(const std::string& entry, Host& host) : entry_(entry), host_(host), store_(features()) {}

  Ended run(std::string_view bytes) {
    std::optional<Ended> refused = read(bytes);
    if (!refused) refused = bind_imports();
    if (!refused) refused = check_entry();
    if (refused) return *std::move(refused);
    interp::Trap::Ptr trap;
    instance_ = interp::Instance::Instantiate(store_, module_.ref(), imports_, &trap);
    if (!instance_) return ended_by(trap);
    for (const std::string& name : {std::string(kInitialize), entry_}) {
      if (auto end = call(name)) return *std::move(end);
    }
    return {};
  }

 private:
  std::optional<Ended> read(std::string_view bytes) {
    if (bytes.substr(0, kMagic.size()) != kMagic) {
      return ended(Ended::How::not_wasm, "it does not begin as a WebAssembly module does");
    }
    const wabt::ReadBinaryOptions options(features(), nullptr, false, true, false);
    wabt::Errors errors;
    interp::ModuleDesc desc;
    if (wabt::Failed(interp::ReadBinaryInterp("", bytes.data(), bytes.size(), options, &errors, &desc))) {
      return ended(Ended::How::not_wasm, errors.empty()
                                             ? "it cannot be read"
                                             : errors.front().message + position_of(errors.front()));
    }
    module_ = interp::Module::New(store_, std::move(desc));
    return std::nullopt;
  }

  /// Every import gets its function; what nobody has is reported at once.
  std::optional<Ended> bind_imports() {
    std::vector<std::string> unknown;
    for (const interp::ImportType& import : module_->import_types()) {
      if (bind_import(import)) continue;
      const bool known = host_.find(import.module, import.name).has_value();
      unknown.push_back(import.module + "." + import.name + (known ? " (of another type)" : ""));
    }
    if (unknown.empty()) return std::nullopt;
    return ended(Ended::How::imports, {}, std::move(unknown));
  }

  bool bind_import(const interp::ImportType& import) {
    if (import.type->kind == interp::ExternKind::Memory) {
      const auto* type = wabt::cast<interp::MemoryType>(import.type.get());
      memory_ = interp::Memory::New(store_, *type);
      imports_.push_back(memory_.ref());
      return true;
    }
    const std::optional<HostFunction> function = host_.find(import.module, import.name);
    if (import.type->kind != interp::ExternKind::Func || !function) return false;
    const interp::FuncType signature = signature_of(*function);
    const auto* wanted = wabt::cast<interp::FuncType>(import.type.get());
    if (wanted->params != signature.params || wanted->results != signature.results) return false;
    const auto bound = interp::HostFunc::New(
        store_, signature,
        [this, function = *function](interp::Thread& thread, const interp::Values& params,
                                     interp::Values& results, interp::Trap::Ptr* trap) {
          return serve(function, thread, params, results, trap);
        });
    imports_.push_back(bound.ref());
    return true;
  }

  Result serve(const HostFunction& function, interp::Thread& thread, const interp::Values& params,
               interp::Values& results, interp::Trap::Ptr* trap) {
    args_.clear();
    for (std::size_t i = 0; i < params.size(); ++i) {
      args_.push_back(function.params[i] == 'I' ? params[i].Get<interp::u64>()
                                                : params[i].Get<interp::u32>());
    }
    // Asked for each time: the memory moves when it grows.
    interp::Memory* memory = memory_of(thread);
    const bool any = memory != nullptr && memory->ByteSize() != 0;
    const HostResult result = host_.call(function, any ? memory->UnsafeData() : nullptr,
                                         any ? memory->ByteSize() : 0, args_.data(), args_.size());
    if (result.exit_code) {
      exit_code_ = result.exit_code;
      *trap = interp::Trap::New(store_, kExitTrap);
      return Result::Error;
    }
    if (function.returns) results.at(0) = interp::Value::Make(result.value);
    return Result::Ok;
  }

  /// The memory of whoever calls; the module's own where the start function does.
  interp::Memory* memory_of(interp::Thread& thread) {
    const interp::Instance* caller = thread.GetCallerInstance();
    if (caller == nullptr || caller->memories().empty()) return memory_ ? memory_.get() : nullptr;
    memory_ = store_.UnsafeGet<interp::Memory>(caller->memories().front());
    return memory_.get();
  }

  [[nodiscard]] const interp::ExportDesc* find_export(const std::string& name) const {
    const auto& exports = module_->desc().exports;
    const auto found = std::find_if(exports.begin(), exports.end(), [&](const interp::ExportDesc& one) {
      return one.type.name == name && one.type.type->kind == interp::ExternKind::Func;
    });
    return found == exports.end() ? nullptr : &*found;
  }

  /// What is called takes nothing and gives nothing.
  static bool is_plain(const interp::ExportDesc& exported) {
    const auto* type = wabt::cast<interp::FuncType>(exported.type.type.get());
    return type->params.empty() && type->results.empty();
  }

  std::optional<Ended> check_entry() const {
    const interp::ExportDesc* initialize = find_export(std::string(kInitialize));
    if (initialize != nullptr && !is_plain(*initialize)) {
      return ended(Ended::How::bad_entry, std::string(kInitialize));
    }
    const interp::ExportDesc* entry = find_export(entry_);
    if (entry == nullptr) {
      std::vector<std::string> names;
      for (const interp::ExportType& one : module_->export_types()) {
        if (one.type->kind == interp::ExternKind::Func) names.push_back(one.name);
      }
      return ended(Ended::How::no_entry, {}, std::move(names));
    }
    return is_plain(*entry) ? std::nullopt : std::optional(ended(Ended::How::bad_entry, entry_));
  }

  /// Calls an exported function, if there is one; present: the guest has ended by it.
  std::optional<Ended> call(const std::string& name) {
    const interp::ExportDesc* exported = find_export(name);
    if (exported == nullptr) return std::nullopt;
    const auto function = store_.UnsafeGet<interp::Func>(instance_->funcs().at(exported->index));
    interp::Values results;
    interp::Trap::Ptr trap;
    if (wabt::Succeeded(function->Call(store_, {}, results, &trap))) return std::nullopt;
    return ended_by(trap);
  }

  Ended ended_by(const interp::Trap::Ptr& trap) const {
    if (!exit_code_) return ended(Ended::How::trapped, trap ? trap->message() : "it cannot be instantiated");
    Ended result = ended(Ended::How::exited, {});
    result.exit_code = *exit_code_;
    return result;
  }

  const std::string& entry_;
  Host& host_;
  interp::Store store_;
  interp::Module::Ptr module_;
  interp::RefVec imports_;
  interp::Memory::Ptr memory_;
  interp::Instance::Ptr instance_;
  std::vector<std::uint64_t> args_;  ///< of the call under way; kept for its room
  std::optional<std::uint32_t> exit_code_;
};

}  // namespace

std::string_view engine_name() { return "wabt " WASIFS_WABT_VERSION; }

Ended run(std::string_view module, const std::string& entry, Host& host) {
  try {
    return Guest(entry, host).run(module);
  } catch (const std::bad_alloc&) {
    return ended(Ended::How::trapped, "there is not as much memory as it asks for");
  }
}

}  // namespace wasifs::engine
