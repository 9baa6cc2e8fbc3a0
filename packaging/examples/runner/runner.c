/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "runner.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FAILED = 70, USAGE = 2 };

typedef struct options {
  const char* root;
  const char* as;
  const char* source;
  const char* const* env;
  size_t env_count;
  int wasix;
  const char** args; /* the module first */
  size_t arg_count;
} options;

static int complain(const char* what, const char* why) {
  fprintf(stderr, "error: %s: %s\n", what, why);
  return FAILED;
}

/* Reads all of a file; NULL with errno. */
static void* read_all(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  struct stat st;
  char* bytes = NULL;
  if (fstat(fileno(file), &st) == 0 && (bytes = malloc((size_t)st.st_size + 1)) != NULL) {
    *size = fread(bytes, 1, (size_t)st.st_size, file);
  }
  fclose(file);
  return bytes;
}

/* Copies one directory of the host, with all below it, to `to` of the tree. */
static int copy_dir(const wasifs_root* root, const char* from, const char* to);

static int copy_entry(const wasifs_root* root, const char* from, const char* to) {
  struct stat st;
  if (lstat(from, &st) != 0) return errno;
  if (S_ISDIR(st.st_mode)) {
    const int error = wasifs_make_dir(root, to, WASIFS_NUL, st.st_mode & 07777);
    return error != 0 ? error : copy_dir(root, from, to);
  }
  if (S_ISLNK(st.st_mode)) {
    char target[PATH_MAX];
    const ssize_t length = readlink(from, target, sizeof(target));
    return length < 0 ? errno : wasifs_symlink(root, target, (size_t)length, to, WASIFS_NUL);
  }
  size_t size = 0;
  void* bytes = read_all(from, &size);
  if (bytes == NULL) return errno;
  const int error = wasifs_write_file(root, to, WASIFS_NUL, bytes, size);
  free(bytes);
  return error;
}

static int copy_dir(const wasifs_root* root, const char* from, const char* to) {
  DIR* dir = opendir(from);
  if (dir == NULL) return errno;
  int error = 0;
  for (struct dirent* entry; error == 0 && (entry = readdir(dir)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char inner_from[PATH_MAX], inner_to[PATH_MAX];
    const int a = snprintf(inner_from, sizeof(inner_from), "%s/%s", from, entry->d_name);
    const int b = snprintf(inner_to, sizeof(inner_to), "%s/%s", to, entry->d_name);
    error = a >= PATH_MAX || b >= PATH_MAX ? ENAMETOOLONG : copy_entry(root, inner_from, inner_to);
  }
  closedir(dir);
  return error;
}

/* A root that is DIR and nothing else. */
static int compose_dir(const options* opts, wasifs_root** out, wasifs_error** error) {
  const int in_memory = strcmp(opts->as, "memory") == 0;
  wasifs_builder* builder = NULL;
  wasifs_fs* fs = NULL;
  int failed = wasifs_builder_new(&builder);
  if (failed == 0) failed = wasifs_builder_set_empty_base(builder);
  if (failed == 0) {
    failed = in_memory ? wasifs_fs_memory(0, 0, &fs) : wasifs_fs_host(opts->root, WASIFS_NUL, 0, &fs, error);
  }
  if (failed == 0) {
    failed = strcmp(opts->as, "overlay") == 0 ? wasifs_builder_add_root_layer(builder, fs)
                                              : wasifs_builder_set_root_upper(builder, fs);
  }
  if (failed == 0) failed = wasifs_builder_build(builder, out, error);
  if (failed == 0 && in_memory) failed = copy_dir(*out, opts->root, "");
  wasifs_fs_free(fs);
  wasifs_builder_free(builder);
  return failed;
}

static int compose(const options* opts, wasifs_root** out, wasifs_error** error) {
  if (opts->source != NULL) return wasifs_root_open(opts->source, WASIFS_NUL, NULL, out, error);
  if (opts->root != NULL) return compose_dir(opts, out, error);
  wasifs_builder* builder = NULL;
  int failed = wasifs_builder_new(&builder);
  if (failed == 0) failed = wasifs_builder_build(builder, out, error);
  wasifs_builder_free(builder);
  return failed;
}

static int make_guest(const options* opts, runner* self, wasifs_error** error) {
  static const wasifs_preopen kRoot = {"/", "/", 1, 1, 1};
  const int any = opts->root != NULL || opts->source != NULL;
  wasifs_wasi_options guest = WASIFS_INIT(wasifs_wasi_options);
  guest.flags = opts->wasix ? WASIFS_WASI_WASIX_PATHS | WASIFS_WASI_WASMER_LAYOUT : 0;
  guest.args = opts->args;
  guest.arg_count = opts->arg_count;
  guest.env = opts->env;
  guest.env_count = opts->env_count;
  guest.preopens = any ? &kRoot : NULL;
  guest.preopen_count = any ? 1 : 0;
  guest.no_preopens = !any;
  for (int fd = 0; fd < 3; ++fd) {
    guest.stdio[fd].kind = WASIFS_STREAM_FD;
    guest.stdio[fd].fd = fd;
  }
  return wasifs_wasi_new(self->root, &guest, &self->wasi, error);
}

/* 0 or an exit status. `args` and `env` have room for all of argv. */
static int read_options(int argc, char** argv, options* opts, const char** env, const char** args) {
  opts->as = "host";
  opts->env = env;
  int at = 1;
  for (; at < argc && strncmp(argv[at], "--", 2) == 0; ++at) {
    const char* name = argv[at];
    if (strcmp(name, "--wasix") == 0) {
      opts->wasix = 1;
      continue;
    }
    const char* value = at + 1 < argc ? argv[++at] : NULL;
    if (value == NULL) return complain(name, "it takes a value"), USAGE;
    if (strcmp(name, "--root") == 0)
      opts->root = value;
    else if (strcmp(name, "--as") == 0)
      opts->as = value;
    else if (strcmp(name, "--source") == 0)
      opts->source = value;
    else if (strcmp(name, "--env") == 0)
      env[opts->env_count++] = value;
    else
      return complain(name, "no such option"), USAGE;
  }
  if (at == argc) return complain(argv[0], "no module given"), USAGE;
  for (; at < argc; ++at) args[opts->arg_count++] = argv[at];
  opts->args = args;
  return 0;
}

int runner_start(runner* out, int argc, char** argv) {
  memset(out, 0, sizeof(*out));
  const char** texts = calloc((size_t)argc * 2 + 2, sizeof(*texts));
  if (texts == NULL) return complain(argv[0], strerror(errno));
  options opts = {0};
  int status = read_options(argc, argv, &opts, texts, texts + argc + 1);
  if (status == 0) {
    const char* path = opts.args[0];
    const char* slash = strrchr(path, '/');
    opts.args[0] = slash == NULL ? path : slash + 1;
    out->module = read_all(path, &out->module_size);
    if (out->module == NULL) status = complain(path, strerror(errno));
  }
  wasifs_error* error = NULL;
  if (status == 0) {
    int failed = compose(&opts, &out->root, &error);
    if (failed == 0) failed = make_guest(&opts, out, &error);
    if (error != NULL) {
      fprintf(stderr, "%s\n", wasifs_error_text(error));
      status = (int)wasifs_error_trouble(error);
    } else if (failed != 0) {
      status = complain("composing the root", strerror(failed));
    }
    wasifs_error_free(error);
  }
  free(texts);
  if (status != 0) runner_end(out);
  return status;
}

int runner_status(const runner* self) {
  const uint32_t code = wasifs_wasi_exit_code(self->wasi);
  /* The kernel keeps the low byte: a failure must not become a success by that. */
  return code > 0xff ? 0xff : (int)code;
}

void runner_end(runner* self) {
  wasifs_wasi_free(self->wasi);
  wasifs_root_free(self->root);
  free(self->module);
  memset(self, 0, sizeof(*self));
}
