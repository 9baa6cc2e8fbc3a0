// SPDX-License-Identifier: Apache-2.0
// wasifs in Node.js: the C ABI through koffi, and how a module is bound to it.
import koffi from 'koffi';

export const lib = koffi.load(process.env.WASIFS_LIBRARY ?? 'libwasifs.so.0');
for (const name of ['root', 'builder', 'fs', 'wasi', 'error']) koffi.opaque(`wasifs_${name}`);
koffi.struct('wasifs_preopen', { alias: 'const char *', path: 'const char *', read: 'int', write: 'int', create: 'int' });
koffi.struct('wasifs_stream', {
  kind: 'uint32_t', fd: 'int', data: 'void *', size: 'size_t', read: 'void *', write: 'void *', user: 'void *',
});
const Options = koffi.struct('wasifs_wasi_options', {
  struct_size: 'size_t', flags: 'uint32_t', args: 'const char **', arg_count: 'size_t', env: 'const char **',
  env_count: 'size_t', preopens: 'wasifs_preopen *', preopen_count: 'size_t', no_preopens: 'int',
  stdio: koffi.array('wasifs_stream', 3), max_fds: 'size_t', hooks: koffi.array('void *', 5),
});

const wasi_new = lib.func('int wasifs_wasi_new(wasifs_root *, wasifs_wasi_options *, _Out_ wasifs_wasi **, _Out_ wasifs_error **)');
const find_abi = lib.func('int wasifs_wasi_find_abi(const char *, size_t)');
const find = lib.func('int wasifs_wasi_find_function(int, const char *, size_t)');
const call = lib.func('int32_t wasifs_wasi_call(wasifs_wasi *, int, size_t, void *, size_t, const uint64_t *, size_t)');
const exit_code = lib.func('uint32_t wasifs_wasi_exit_code(wasifs_wasi *)');

/** The world of one guest on `root`, with the standard streams of this process. */
export function make_guest(root, { args, env = [], preopens = [], flags = 0 }) {
  const out = [null];
  // Members that are not given are zero.
  const error = wasi_new(root, {
    struct_size: koffi.sizeof(Options), flags, args, arg_count: args.length, env, env_count: env.length, preopens,
    preopen_count: preopens.length, no_preopens: 1, stdio: [0, 1, 2].map((fd) => ({ kind: 1, fd })),
  }, out, [null]);
  if (error !== 0) throw new Error(`wasifs_wasi_new: errno ${error}`);
  return out[0];
}

/** What a compiled module imports from wasifs. Set `memory` to that of the instance before it runs. */
export function bind(module, guest) {
  const host = { memory: null, buffer: null, imports: {}, exit: {} };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const abi = find_abi(from, from.length);
    const index = find(abi, name, name.length);
    if (index < 0) continue;
    const args = new BigUint64Array(16);
    const address = koffi.address(args); // of what lies outside the heap and does not move
    const words = new Uint32Array(args.buffer); // an i32 is the lower half; the upper one stays zero
    (host.imports[from] ??= {})[name] = (...given) => {
      for (let i = 0; i < given.length; ++i)
        typeof given[i] === 'bigint' ? (args[i] = given[i]) : (words[2 * i] = given[i]);
      if (host.buffer !== host.memory.buffer) { // another one once the memory has grown
        host.buffer = host.memory.buffer;
        [host.base, host.size] = [koffi.address(new Uint8Array(host.buffer)), host.buffer.byteLength];
      }
      const result = call(guest, abi, index, host.base, host.size, address, given.length);
      if (result === -1) throw host.exit; // WASIFS_WASI_EXITED
      return result;
    };
  }
  return host;
}

/** Runs a compiled module; its exit status. */
export function run(module, guest) {
  const host = bind(module, guest);
  try {
    const { exports } = new WebAssembly.Instance(module, host.imports);
    host.memory = exports.memory;
    exports._start();
  } catch (error) {
    if (error !== host.exit) throw error;
  }
  // The kernel keeps the low byte: a failure must not become a success by that.
  return Math.min(exit_code(guest), 0xff);
}
