// SPDX-License-Identifier: Apache-2.0
// node main.mjs [--root DIR] [--as host|overlay|memory] [--source SOURCE] [--env NAME=VALUE]... [--wasix]
//               MODULE [ARG]...
// The same command line as that of the runner beside this folder.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { lib, make_guest, run } from './wasifs.mjs';

const NUL = -1n & 0xffffffffffffffffn; // WASIFS_NUL
const WASIX = 3; // WASIFS_WASI_WASIX_PATHS | WASIFS_WASI_WASMER_LAYOUT

/** Declares a function of the library that gives an errno; it throws where that is not 0. */
function declare(prototype) {
  const call = lib.func(prototype);
  return (...args) => {
    const error = call(...args);
    if (error !== 0) throw new Error(`${prototype.match(/wasifs_\w+/)[0]}: errno ${error}`);
  };
}

function fail(text) {
  console.error(text);
  process.exit(2);
}

const builder_new = declare('int wasifs_builder_new(_Out_ wasifs_builder **)');
const empty_base = declare('int wasifs_builder_set_empty_base(wasifs_builder *)');
const add_layer = declare('int wasifs_builder_add_root_layer(wasifs_builder *, wasifs_fs *)');
const set_upper = declare('int wasifs_builder_set_root_upper(wasifs_builder *, wasifs_fs *)');
const build = declare('int wasifs_builder_build(wasifs_builder *, _Out_ wasifs_root **, _Out_ wasifs_error **)');
const fs_memory = declare('int wasifs_fs_memory(uint64_t, uint64_t, _Out_ wasifs_fs **)');
const fs_host = declare('int wasifs_fs_host(const char *, size_t, int, _Out_ wasifs_fs **, _Out_ wasifs_error **)');
const root_open = declare('int wasifs_root_open(const char *, size_t, void *, _Out_ wasifs_root **, _Out_ wasifs_error **)');
const make_dir = declare('int wasifs_make_dir(wasifs_root *, const char *, size_t, uint32_t)');
const symlink = declare('int wasifs_symlink(wasifs_root *, const char *, size_t, const char *, size_t)');
const write_file = declare('int wasifs_write_file(wasifs_root *, const char *, size_t, const void *, size_t)');

const error_text = lib.func('const char *wasifs_error_text(wasifs_error *)');
const made = (constructor, ...args) => {
  const [out, error] = [[null], [null]];
  try {
    constructor(...args, out, ...(constructor === builder_new || constructor === fs_memory ? [] : [error]));
  } catch (failure) {
    fail(error[0] ? error_text(error[0]) : failure.message);
  }
  return out[0];
};

function copy_dir(root, from, to) {
  for (const name of readdirSync(from)) {
    const [inner, path] = [join(from, name), `${to}/${name}`];
    const stat = lstatSync(inner);
    if (stat.isSymbolicLink()) symlink(root, readlinkSync(inner), NUL, path, NUL);
    else if (!stat.isDirectory()) write_file(root, path, NUL, readFileSync(inner), stat.size);
    else {
      make_dir(root, path, NUL, stat.mode & 0o7777);
      copy_dir(root, inner, path);
    }
  }
}

function compose({ root: dir, as, source }) {
  if (source) return made(root_open, source, NUL, null);
  const builder = made(builder_new);
  empty_base(builder);
  const memory = as === 'memory';
  if (dir) {
    const fs = memory ? made(fs_memory, 0, 0) : made(fs_host, dir, NUL, 0);
    (as === 'overlay' ? add_layer : set_upper)(builder, fs);
  }
  const root = made(build, builder);
  if (dir && memory) copy_dir(root, dir, '');
  return root;
}

const argv = process.argv.slice(2);
const options = { as: 'host', env: [] };
while (argv[0]?.startsWith('--')) {
  const name = argv.shift().slice(2);
  if (name === 'wasix') options.flags = WASIX;
  else if (name === 'env') options.env.push(argv.shift());
  else if (['root', 'as', 'source'].includes(name)) options[name] = argv.shift();
  else throw new Error(`no option --${name}`);
}
if (argv.length === 0) fail('usage: node main.mjs [--root DIR] [--as HOW] [--source SOURCE] [--env N=V]... MODULE [ARG]...');
const root = compose(options);
const preopens = options.root || options.source ? [{ alias: '/', path: '/', read: 1, write: 1, create: 1 }] : [];
const guest = make_guest(root, { ...options, preopens, args: [basename(argv[0]), ...argv.slice(1)] });
process.exitCode = run(new WebAssembly.Module(readFileSync(argv[0])), guest);
