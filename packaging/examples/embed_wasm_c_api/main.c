/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wasifs in any engine that has the standard C API of WebAssembly (wasm.h): wasmtime,
 * wasmer, WAMR. What differs between them is in the README beside this file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasm.h>

#include "runner.h"

/* What one import of the guest is bound to. */
typedef struct binding {
  const runner* guest;
  wasm_memory_t** memory; /* of the guest; known once it is instantiated */
  wasm_store_t* store;
  int abi;
  size_t index;
  int* exited; /* set by proc_exit */
} binding;

static wasm_trap_t* serve(void* environment, const wasm_val_vec_t* in, wasm_val_vec_t* out) {
  const binding* self = environment;
  uint64_t args[16]; /* bind() has seen to it that there are no more */
  for (size_t i = 0; i < in->size; ++i) {
    args[i] = in->data[i].kind == WASM_I64 ? (uint64_t)in->data[i].of.i64 : (uint32_t)in->data[i].of.i32;
  }
  /* Asked for each time: it moves when it grows. A start function runs before it is known. */
  void* memory = *self->memory != NULL ? wasm_memory_data(*self->memory) : NULL;
  const size_t size = *self->memory != NULL ? wasm_memory_data_size(*self->memory) : 0;
  const int32_t result =
      wasifs_wasi_call(self->guest->wasi, self->abi, self->index, memory, size, args, in->size);
  if (result == WASIFS_WASI_EXITED) {
    *self->exited = 1;
    wasm_message_t message;
    wasm_name_new_from_string_nt(&message, "exit");
    wasm_trap_t* trap = wasm_trap_new(self->store, &message);
    wasm_name_delete(&message);
    return trap;
  }
  if (out->size != 0) out->data[0] = (wasm_val_t)WASM_I32_VAL(result);
  return NULL;
}

/* Whether the module's idea of a function is that of wasifs. The module is not trusted:
 * what it says decides how many arguments there are. */
static int same_type(const wasm_functype_t* type, const wasifs_wasi_function* served) {
  const wasm_valtype_vec_t* params = wasm_functype_params(type);
  const wasm_valtype_vec_t* results = wasm_functype_results(type);
  if (params->size != strlen(served->params) || results->size != (size_t)served->returns) return 0;
  for (size_t i = 0; i < params->size; ++i) {
    if (wasm_valtype_kind(params->data[i]) != (served->params[i] == 'I' ? WASM_I64 : WASM_I32)) return 0;
  }
  return results->size == 0 || wasm_valtype_kind(results->data[0]) == WASM_I32;
}

/* NULL where wasifs does not serve the import. */
static wasm_extern_t* bind(const wasm_importtype_t* import, const binding* base) {
  const wasm_name_t* module = wasm_importtype_module(import);
  const wasm_name_t* name = wasm_importtype_name(import);
  const int abi = wasifs_wasi_find_abi(module->data, module->size);
  const int index = wasifs_wasi_find_function(abi, name->data, name->size);
  const wasm_functype_t* type = wasm_externtype_as_functype_const(wasm_importtype_type(import));
  const int known = index >= 0 && type != NULL && same_type(type, wasifs_wasi_function_at(abi, (size_t)index));
  binding* self = known ? malloc(sizeof(*self)) : NULL;
  if (self == NULL) return fprintf(stderr, "error: no %.*s\n", (int)name->size, name->data), NULL;
  *self = *base;
  self->abi = abi;
  self->index = (size_t)index;
  return wasm_func_as_extern(wasm_func_new_with_env(base->store, type, serve, self, free));
}

/* The export of that name; NULL: there is none. */
static wasm_extern_t* find_export(const wasm_module_t* module, const wasm_extern_vec_t* all,
                                  const char* wanted) {
  wasm_exporttype_vec_t types;
  wasm_module_exports(module, &types);
  wasm_extern_t* found = NULL;
  for (size_t i = 0; i < types.size && found == NULL; ++i) {
    const wasm_name_t* name = wasm_exporttype_name(types.data[i]);
    if (name->size == strlen(wanted) && memcmp(name->data, wanted, name->size) == 0) found = all->data[i];
  }
  wasm_exporttype_vec_delete(&types);
  return found;
}

static int run(const runner* guest, wasm_store_t* store) {
  wasm_byte_vec_t bytes;
  wasm_byte_vec_new(&bytes, guest->module_size, guest->module);
  wasm_module_t* module = wasm_module_new(store, &bytes);
  wasm_byte_vec_delete(&bytes);
  if (module == NULL) return fprintf(stderr, "error: the module cannot be read\n"), 70;
  wasm_importtype_vec_t imports;
  wasm_module_imports(module, &imports);
  wasm_memory_t* memory = NULL;
  int exited = 0;
  const binding base = {guest, &memory, store, 0, 0, &exited};
  wasm_extern_vec_t bound, exports;
  wasm_extern_vec_new_uninitialized(&bound, imports.size);
  for (size_t i = 0; i < imports.size; ++i) {
    if ((bound.data[i] = bind(imports.data[i], &base)) == NULL) return 70;
  }
  wasm_trap_t* trap = NULL;
  wasm_instance_t* instance = wasm_instance_new(store, module, &bound, &trap);
  if (instance == NULL) return fprintf(stderr, "error: the module cannot be instantiated\n"), 70;
  wasm_instance_exports(instance, &exports);
  wasm_extern_t* start = find_export(module, &exports, "_start");
  wasm_extern_t* linear = find_export(module, &exports, "memory");
  if (start == NULL || linear == NULL) return fprintf(stderr, "error: no _start or no memory\n"), 70;
  memory = wasm_extern_as_memory(linear);
  const wasm_func_t* entry = wasm_extern_as_func(start);
  if (memory == NULL || entry == NULL || wasm_func_param_arity(entry) != 0 || wasm_func_result_arity(entry) != 0)
    return fprintf(stderr, "error: _start or memory is of another type\n"), 70;
  wasm_val_vec_t none = WASM_EMPTY_VEC;
  trap = wasm_func_call(entry, &none, &none);
  int status = runner_status(guest);
  if (trap != NULL) {
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    if (!exited)
      status = (fprintf(stderr, "error: trap: %s\n", message.data), 134);
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
  }
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_extern_vec_delete(&bound);
  wasm_importtype_vec_delete(&imports);
  wasm_module_delete(module);
  return status;
}

int main(int argc, char** argv) {
  /* Before anything else of the API: some engines allocate vectors from it. */
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);
  runner guest;
  int status = runner_start(&guest, argc, argv);
  if (status == 0) {
    status = run(&guest, store);
    runner_end(&guest);
  }
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return status;
}
