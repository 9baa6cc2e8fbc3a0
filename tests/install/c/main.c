/* SPDX-License-Identifier: Apache-2.0 */
/* A program of C that embeds wasifs: memory and a file system of its own in one
 * root, used by paths and by a WASI host function. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wasifs/wasifs.h>

static void check(int error, const char* what) {
  if (error == 0) return;
  fprintf(stderr, "%s: errno %d\n", what, error);
  exit(1);
}

/* A read-only file system of one file: node 2, "greeting". */
static const char greeting[] = "from C";
static int destroyed = 0;

static int kv_stat(void* user, uint64_t node, wasifs_stat* out) {
  (void)user;
  out->type = node == 1 ? WASIFS_TYPE_DIRECTORY : WASIFS_TYPE_REGULAR;
  out->mode = node == 1 ? 0555 : 0444;
  out->size = node == 1 ? 0 : strlen(greeting);
  return 0;
}

static int kv_lookup(void* user, uint64_t dir, const char* name, size_t name_len, uint64_t* node,
                     uint32_t* type) {
  (void)user;
  (void)dir;
  if (name_len != 8 || memcmp(name, "greeting", 8) != 0) return 2; /* ENOENT */
  *node = 2;
  *type = WASIFS_TYPE_REGULAR;
  return 0;
}

static int kv_read_dir(void* user, uint64_t dir, uint64_t cookie, wasifs_dir_sink emit, void* sink) {
  (void)user;
  (void)dir;
  if (cookie == 0) emit(sink, "greeting", 8, 2, WASIFS_TYPE_REGULAR, 1);
  return 0;
}

static int kv_read(void* user, uint64_t node, uint64_t offset, void* buffer, size_t size, size_t* done) {
  size_t length = strlen(greeting);
  (void)user;
  (void)node;
  if (offset > length) offset = length;
  *done = size < length - offset ? size : length - (size_t)offset;
  memcpy(buffer, greeting + offset, *done);
  return 0;
}

static void kv_destroy(void* user) {
  (void)user;
  destroyed = 1;
}

static wasifs_root* compose(void) {
  wasifs_fs_ops ops = {.struct_size = sizeof ops,
                       .immutable = 1,
                       .description = "one greeting",
                       .stat = kv_stat,
                       .lookup = kv_lookup,
                       .read_dir = kv_read_dir,
                       .read = kv_read,
                       .destroy = kv_destroy};
  wasifs_fs* kv = NULL;
  wasifs_fs* memory = NULL;
  wasifs_builder* builder = NULL;
  wasifs_root* root = NULL;
  wasifs_error* error = NULL;
  check(wasifs_fs_new(&ops, NULL, &kv), "wasifs_fs_new");
  check(wasifs_fs_memory(0, 0, &memory), "wasifs_fs_memory");
  check(wasifs_builder_new(&builder), "wasifs_builder_new");
  check(wasifs_builder_set_empty_base(builder), "wasifs_builder_set_empty_base");
  check(wasifs_builder_add_mount(builder, "/data", WASIFS_NUL, memory, WASIFS_ACCESS_RW), "mount /data");
  check(wasifs_builder_add_mount(builder, "/kv", WASIFS_NUL, kv, WASIFS_ACCESS_COW), "mount /kv");
  wasifs_fs_free(memory);
  wasifs_fs_free(kv);
  if (wasifs_builder_build(builder, &root, &error) != 0) {
    fprintf(stderr, "%s\n", wasifs_error_text(error));
    exit(1);
  }
  wasifs_builder_free(builder);
  return root;
}

struct walk {
  const wasifs_root* root;
  const char* dir;
};

static void walk(const wasifs_root* root, const char* dir);

static int visit(void* sink, const char* name, size_t name_len, uint64_t ino, uint32_t type, uint64_t next) {
  const struct walk* at = sink;
  char path[256];
  (void)ino;
  (void)next;
  snprintf(path, sizeof path, "%s/%.*s", at->dir, (int)name_len, name);
  printf("%s\n", path);
  if (type == WASIFS_TYPE_DIRECTORY) walk(at->root, path);
  return 1;
}

static void walk(const wasifs_root* root, const char* dir) {
  struct walk at = {root, dir};
  wasifs_dir* open_dir = NULL;
  check(wasifs_open_dir(root, *dir == 0 ? "/" : dir, WASIFS_NUL, &open_dir), dir);
  check(wasifs_dir_read(open_dir, 0, visit, &at), dir);
  wasifs_dir_close(open_dir);
}

static void write_and_read(const wasifs_root* root, const char* path) {
  wasifs_file* file = NULL;
  char buffer[64];
  size_t done = 0;
  check(wasifs_open(root, path, WASIFS_NUL, WASIFS_OPEN_READ | WASIFS_OPEN_WRITE | WASIFS_OPEN_CREATE, 0644,
                    &file),
        path);
  check(wasifs_file_write(file, 0, "hello", 5, &done), "wasifs_file_write");
  check(wasifs_file_read(file, 0, buffer, sizeof buffer, &done), "wasifs_file_read");
  printf("%s: %.*s\n", path, (int)done, buffer);
  wasifs_file_close(file);
}

/* Calls fd_write as an engine does for a guest that prints. */
static void print_as_guest(const wasifs_root* root) {
  unsigned char memory[64] = {16, 0, 0, 0, 6, 0, 0, 0}; /* an iovec: 6 bytes at 16 */
  const uint64_t args[4] = {1, 0, 1, 8};
  wasifs_wasi_options options = WASIFS_INIT(wasifs_wasi_options);
  wasifs_wasi* wasi = NULL;
  const void* printed = NULL;
  size_t size = 0;
  int abi = wasifs_wasi_find_abi("wasi_snapshot_preview1", WASIFS_NUL);
  int fd_write = wasifs_wasi_find_function(abi, "fd_write", WASIFS_NUL);
  memcpy(memory + 16, "guest\n", 6);
  options.stdio[1].kind = WASIFS_STREAM_BYTES;
  check(wasifs_wasi_new(root, &options, &wasi, NULL), "wasifs_wasi_new");
  check(wasifs_wasi_call(wasi, abi, (size_t)fd_write, memory, sizeof memory, args, 4), "fd_write");
  check(wasifs_wasi_output(wasi, 1, &printed, &size), "wasifs_wasi_output");
  printf("%.*s", (int)size, (const char*)printed);
  wasifs_wasi_free(wasi);
}

int main(void) {
  wasifs_root* root = compose();
  void* data = NULL;
  size_t size = 0;
  write_and_read(root, "/data/note");
  check(wasifs_read_file(root, "/kv/greeting", WASIFS_NUL, &data, &size), "/kv/greeting");
  printf("/kv/greeting: %.*s\n", (int)size, (const char*)data);
  wasifs_free(data);
  walk(root, "");
  print_as_guest(root);
  wasifs_root_free(root);
  printf("%s, ABI %u\n", destroyed ? "all freed" : "something is held",
         (unsigned)(wasifs_abi_version() >> 16));
  return 0;
}
