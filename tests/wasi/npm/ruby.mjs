// SPDX-License-Identifier: Apache-2.0
// node ruby.mjs SOURCE SCRIPT: runs a Ruby script on the root that SOURCE composes.
// It lies beside the files of packaging/examples/embed_node/ when it runs.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { bind, lib, make_guest } from './wasifs.mjs';

const { RubyVM } = createRequire(import.meta.url)('@ruby/wasm-wasi');
const root_open = lib.func(
  'int wasifs_root_open(const char *, size_t, void *, _Out_ wasifs_root **, _Out_ wasifs_error **)');

const [source, script] = process.argv.slice(2);
const root = [null];
const error = root_open(source, source.length, null, root, [null]);
if (error !== 0) throw new Error(`wasifs_root_open: errno ${error}`);
const preopens = [{ alias: '/', path: '/', read: 1, write: 1, create: 1 }];
const guest = make_guest(root[0], { args: ['ruby'], preopens });
const file = new URL('node_modules/@ruby/4.0-wasm-wasi/dist/ruby.wasm', import.meta.url);
const module = new WebAssembly.Module(readFileSync(file));
const host = bind(module, guest);
const { vm } = await RubyVM.instantiateModule({
  module,
  wasip1: { wasiImport: host.imports.wasi_snapshot_preview1, initialize: (instance) => instance.exports._initialize() },
  setMemory: (memory) => {
    host.memory = memory;
  },
});
vm.eval(readFileSync(script, 'utf8'));
