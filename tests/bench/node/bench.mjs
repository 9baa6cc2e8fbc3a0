// SPDX-License-Identifier: Apache-2.0
// A guest's calls in Node.js: wasifs through its C ABI (koffi) beside Node's own WASI
// on tmpfs, interleaved, one report.
//
//   clang-19 --target=wasm32-wasi -O2 -nostdlib -Wl,--no-entry guest.c -o guest.wasm
//   WASIFS_LIBRARY=PREFIX/lib/libwasifs.so.0 node bench.mjs EMBED_NODE_DIR guest.wasm [ROUNDS]
//
// EMBED_NODE_DIR is packaging/examples/embed_node, after npm install.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WASI } from 'node:wasi';

const [dir, wasm, rounds = '9'] = process.argv.slice(2);
const { bind, lib, make_guest } = await import(pathToFileURL(join(resolve(dir), 'wasifs.mjs')));
const module = new WebAssembly.Module(readFileSync(wasm));
const NUL = -1n & 0xffffffffffffffffn;
const path = 'usr/lib/python/site';

/** A function of the library that gives an errno; it throws where that is not 0. */
function declare(prototype) {
  const call = lib.func(prototype);
  return (...args) => {
    if (call(...args) !== 0) throw new Error(prototype);
  };
}

function fill(mkdir, write) {
  for (const [i] of path.split('/').entries()) mkdir(path.split('/', i + 1).join('/'));
  write(`${path}/module.py`, Buffer.alloc(65536, 'x'));
  mkdir('many');
  for (let i = 0; i < 1000; ++i) write(`many/name${i}`, Buffer.alloc(0));
}

function on_wasifs() {
  const made = (prototype, ...args) => {
    const out = [null];
    declare(prototype)(...args, out, ...(prototype.includes('wasifs_error') ? [[null]] : []));
    return out[0];
  };
  const builder = made('int wasifs_builder_new(_Out_ wasifs_builder **)');
  declare('int wasifs_builder_set_empty_base(wasifs_builder *)')(builder);
  const root = made('int wasifs_builder_build(wasifs_builder *, _Out_ wasifs_root **, _Out_ wasifs_error **)', builder);
  const make_dir = declare('int wasifs_make_dir(wasifs_root *, const char *, size_t, uint32_t)');
  const write_file = declare('int wasifs_write_file(wasifs_root *, const char *, size_t, const void *, size_t)');
  fill((name) => make_dir(root, name, NUL, 0o755), (name, data) => write_file(root, name, NUL, data, data.length));
  const preopens = [{ alias: '/', path: '/', read: 1, write: 1, create: 1 }];
  const host = bind(module, make_guest(root, { args: ['bench'], preopens }));
  const { exports } = new WebAssembly.Instance(module, host.imports);
  host.memory = exports.memory;
  return exports;
}

const scratch = mkdtempSync('/dev/shm/wasifs-bench-');
process.on('exit', () => rmSync(scratch, { recursive: true }));
function on_node() {
  fill((name) => mkdirSync(join(scratch, name)), (name, data) => writeFileSync(join(scratch, name), data));
  const wasi = new WASI({ version: 'preview1', preopens: { '/': scratch } });
  const instance = new WebAssembly.Instance(module, wasi.getImportObject());
  wasi.initialize(instance);
  return instance.exports;
}

const median = (all) => all.toSorted((a, b) => a - b)[all.length >> 1];
const sides = { wasifs: on_wasifs(), node: on_node() };
console.log('| call | wasifs, ns | node:wasi, ns | times as fast |\n| --- | ---: | ---: | ---: |');
for (const [name, count] of [['open_close', 20000], ['pread_4k', 40000], ['filestat_get', 40000], ['readdir', 100000]]) {
  const seen = { wasifs: [], node: [] };
  for (const side of Object.keys(sides)) sides[side][name](count / 10); // compiled, and warm
  for (let round = 0; round < Number(rounds); ++round) {
    for (const side of Object.keys(sides)) {
      const start = process.hrtime.bigint();
      const calls = sides[side][name](count);
      seen[side].push(Number(process.hrtime.bigint() - start) / calls);
    }
  }
  const [ours, theirs] = [median(seen.wasifs), median(seen.node)];
  console.log(`| ${name} | ${ours.toFixed(0)} | ${theirs.toFixed(0)} | ${(theirs / ours).toFixed(1)} |`);
}
