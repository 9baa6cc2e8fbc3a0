/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wasifs for C, and for every language that can call C.
 *
 * Everything here is thread-safe unless its comment says otherwise, and nothing
 * throws or aborts past it.
 *
 * Results. Functions that can fail return an int: 0, or a positive errno of the
 * host (ENOENT, ...). Out parameters are written on success only. Those that set
 * something up also take a wasifs_error **, which may be NULL; on failure it
 * receives an object that says what is wrong, where, and what to do next, or NULL
 * where not even memory for that is left (ENOMEM).
 *
 * Texts go in as a pointer and a length in bytes; the length WASIFS_NUL says that
 * a NUL ends them. Texts that come out end with a NUL that their length does not
 * count. Arrays of texts hold NUL-ended ones.
 *
 * A NULL where something must be is EINVAL.
 *
 * Structs of options begin with their size: set struct_size to sizeof the struct
 * and everything that you do not use to zero, as WASIFS_INIT does. A library that
 * is newer than the program takes what the program does not know as zero; one that
 * is older refuses with EINVAL what it does not know, unless it is zero.
 *
 * Objects. What a _new, _open, _build or _copy gives is yours until its _free or
 * _close, which take NULL as well. An object keeps alive what it was made from.
 */
#ifndef WASIFS_WASIFS_H
#define WASIFS_WASIFS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(WASIFS_BUILDING) && defined(__GNUC__)
#define WASIFS_EXPORT __attribute__((visibility("default")))
#else
#define WASIFS_EXPORT
#endif

/* The length of a text that a NUL ends. */
#define WASIFS_NUL SIZE_MAX
/* An options struct with everything unset: wasifs_stat s = WASIFS_INIT(wasifs_stat); */
#ifdef __cplusplus
#define WASIFS_INIT(type)              \
  ([] {                                \
    type value{};                      \
    value.struct_size = sizeof(value); \
    return value;                      \
  }())
#else
#define WASIFS_INIT(type) ((type){.struct_size = sizeof(type)})
#endif

/* ---- Version ---------------------------------------------------------------- */

/* Of this header. Equal majors are compatible: minors only add. */
#define WASIFS_ABI_MAJOR 0
#define WASIFS_ABI_MINOR 1

/* Of the library that is loaded: major << 16 | minor. */
WASIFS_EXPORT uint32_t wasifs_abi_version(void);
/* "0.1.0". */
WASIFS_EXPORT const char* wasifs_version(void);

/* ---- Errors of setting up --------------------------------------------------- */

/* Its functions take NULL as well: an error without texts. */
typedef struct wasifs_error wasifs_error;

/* What kind of trouble it is; the values are the exit statuses of the program. */
typedef enum wasifs_trouble {
  WASIFS_TROUBLE_USAGE = 2,    /* EINVAL: the caller's options */
  WASIFS_TROUBLE_MANIFEST = 3, /* EINVAL: the manifest's text, keys or values */
  WASIFS_TROUBLE_CONFLICT = 4, /* EEXIST: two mounts that may not share one path */
  WASIFS_TROUBLE_CORRUPT = 5,  /* EBADMSG: a package whose bytes are not what they must be */
  WASIFS_TROUBLE_SOURCE = 6,   /* ENOENT: a source is missing or unreadable */
  WASIFS_TROUBLE_BUG = 70      /* EIO: a state that cannot arise */
} wasifs_trouble;

WASIFS_EXPORT wasifs_trouble wasifs_error_trouble(const wasifs_error* error);
/* The whole of it for a person: place, message, causes and hint, a line each. */
WASIFS_EXPORT const char* wasifs_error_text(const wasifs_error* error);
/* Its parts. `file` and `hint` may be ""; lines and columns count from 1, 0: none. */
WASIFS_EXPORT const char* wasifs_error_message(const wasifs_error* error);
WASIFS_EXPORT const char* wasifs_error_hint(const wasifs_error* error);
WASIFS_EXPORT const char* wasifs_error_file(const wasifs_error* error);
WASIFS_EXPORT uint32_t wasifs_error_line(const wasifs_error* error);
WASIFS_EXPORT uint32_t wasifs_error_column(const wasifs_error* error);
/* What led to it, each an error of its own that belongs to `error`; NULL past the last. */
WASIFS_EXPORT const wasifs_error* wasifs_error_cause(const wasifs_error* error, size_t index);
WASIFS_EXPORT void wasifs_error_free(wasifs_error* error);

/* ---- Attributes ------------------------------------------------------------- */

typedef enum wasifs_type {
  WASIFS_TYPE_REGULAR = 0,
  WASIFS_TYPE_DIRECTORY = 1,
  WASIFS_TYPE_SYMLINK = 2,
  WASIFS_TYPE_CHAR_DEVICE = 3,
  WASIFS_TYPE_BLOCK_DEVICE = 4,
  WASIFS_TYPE_FIFO = 5,
  WASIFS_TYPE_SOCKET = 6
} wasifs_type;

/* Seconds since 1970-01-01T00:00:00Z and 0 <= nsec < 1,000,000,000 on top. */
typedef struct wasifs_time {
  int64_t sec;
  int32_t nsec;
} wasifs_time;

/* stat(2). */
typedef struct wasifs_stat {
  size_t struct_size; /* the library writes no further than this */
  uint64_t ino;
  uint32_t type; /* wasifs_type */
  uint32_t mode; /* permission, set-id and sticky bits */
  uint32_t nlink;
  uint32_t uid;
  uint32_t gid;
  uint64_t rdev;
  uint64_t size;   /* bytes */
  uint64_t blocks; /* of 512 bytes */
  wasifs_time atime, mtime, ctime, btime;
} wasifs_stat;

/* Which members of a wasifs_stat are to be changed. */
enum {
  WASIFS_SET_MODE = 1,
  WASIFS_SET_UID = 2,
  WASIFS_SET_GID = 4,
  WASIFS_SET_SIZE = 8,
  WASIFS_SET_ATIME = 16,
  WASIFS_SET_MTIME = 32
};

/* ---- File systems ----------------------------------------------------------- */

/* A layer: memory, a directory of the host, a package's volume, or one of yours. */
typedef struct wasifs_fs wasifs_fs;

/* An empty one in memory. The limits are its own, 0: none. */
WASIFS_EXPORT int wasifs_fs_memory(uint64_t max_bytes, uint64_t max_inodes, wasifs_fs** out);
/* A directory of the host; nothing in it leads out of it. */
WASIFS_EXPORT int wasifs_fs_host(const char* path, size_t path_len, int read_only, wasifs_fs** out,
                                 wasifs_error** error);
/* A volume of a webc package; `volume` "": the only one it has. */
WASIFS_EXPORT int wasifs_fs_package(const char* path, size_t path_len, const char* volume, size_t volume_len,
                                    wasifs_fs** out, wasifs_error** error);
/* What an archive (tar, zip, cpio, ..., compressed or not) holds, read-only. With
   `whiteouts` not 0 its names `.wh.NAME` and `.wh..wh..opq` are deletions in the layers
   below, as in container images. */
WASIFS_EXPORT int wasifs_fs_archive(const char* path, size_t path_len, int whiteouts, wasifs_fs** out,
                                    wasifs_error** error);
WASIFS_EXPORT void wasifs_fs_free(wasifs_fs* fs);

/* Takes one entry of a directory; 0: enough. `next` continues behind it. */
typedef int (*wasifs_dir_sink)(void* sink, const char* name, size_t name_len, uint64_t ino, uint32_t type,
                               uint64_t next);

/*
 * A file system of your own. Nodes are numbers that you choose, never 0, and one
 * number is one file for as long as it is held; the root is 1. Operations return 0
 * or an errno. A member that is NULL answers ENOSYS where it reads and EROFS where
 * it changes something. They are called from any thread, several at a time, but
 * changes of one file's content one after the other; they must neither throw nor
 * call into the tree that they are part of. Answers that cannot be (no such type,
 * more bytes than asked for) are EIO.
 *
 * A node is held from when `lookup` or `create` gives it until `forget`, which says
 * that nobody holds it any more, once: its number may be used anew. `forget` waits
 * for those two, so they must not wait for it. What loses its last name while nobody
 * holds it is not spoken of again. The root's comes last, then `destroy`.
 * struct_size tells how many of the members are there.
 */
typedef struct wasifs_fs_ops {
  size_t struct_size;
  /* Non-zero: nothing ever changes, so it may be cached for ever. */
  int immutable;
  /* One line for a person, e.g. "kv \"settings.db\""; it is copied. */
  const char* description;

  /* `out` is zero but for the node as `ino`, its type and a link count of 1. */
  int (*stat)(void* user, uint64_t node, wasifs_stat* out);
  int (*lookup)(void* user, uint64_t dir, const char* name, size_t name_len, uint64_t* node, uint32_t* type);
  /* Every name once, without "." and "..", from `cookie` on; 0 is the start. `next` is neither
   * 0 nor 2^62 or more. Guests can make a cookie up: nothing may break by any number. */
  int (*read_dir)(void* user, uint64_t dir, uint64_t cookie, wasifs_dir_sink emit, void* sink);
  /* Up to `size` bytes of the text; *length is all of it. */
  int (*read_link)(void* user, uint64_t node, char* buffer, size_t size, size_t* length);
  /* Some of it will do; *done is 0, as it is set before, only at the end of the file. */
  int (*read)(void* user, uint64_t node, uint64_t offset, void* buffer, size_t size, size_t* done);

  /* Likewise; *done is 0 only where the space ends. */
  int (*write)(void* user, uint64_t node, uint64_t offset, const void* data, size_t size, size_t* done);
  /* `changes`: WASIFS_SET_*; all of them or none. */
  int (*set_stat)(void* user, uint64_t node, uint32_t changes, const wasifs_stat* attributes);
  /* A child of attributes->type; `target` is the text of a symlink. */
  int (*create)(void* user, uint64_t dir, const char* name, size_t name_len, const wasifs_stat* attributes,
                const char* target, size_t target_len, uint64_t* node);
  int (*link)(void* user, uint64_t dir, const char* name, size_t name_len, uint64_t node);
  int (*unlink)(void* user, uint64_t dir, const char* name, size_t name_len);
  int (*rmdir)(void* user, uint64_t dir, const char* name, size_t name_len);
  /* `no_replace`: EEXIST where the new name is taken. */
  int (*rename)(void* user, uint64_t dir, const char* name, size_t name_len, uint64_t new_dir,
                const char* new_name, size_t new_name_len, int no_replace);
  int (*sync)(void* user, uint64_t node); /* NULL: there is nothing to do */

  void (*forget)(void* user, uint64_t node);
  void (*destroy)(void* user);
} wasifs_fs_ops;

/* `ops` is copied; `user` is handed to each of them. EINVAL: no struct_size, stat or
 * lookup; else what `stat` of the root answers. `destroy` is not called where it fails. */
WASIFS_EXPORT int wasifs_fs_new(const wasifs_fs_ops* ops, void* user, wasifs_fs** out);

/* ---- Prepared roots --------------------------------------------------------- */

/* A composed tree and what its guest is to be started with. */
typedef struct wasifs_root wasifs_root;

/* What the flags of the same names say; each array with its length. */
typedef struct wasifs_compose_options {
  size_t struct_size;
  const char* const* volumes; /* [HOST:]GUEST[:ro|rw|cow] */
  size_t volume_count;
  const char* const* mapped_dirs; /* GUEST:HOST */
  size_t mapped_dir_count;
  const char* const* uses; /* packages to inject */
  size_t use_count;
  const char* const* map_commands; /* ALIAS=PATH */
  size_t map_command_count;
  const char* const* env; /* NAME=VALUE */
  size_t env_count;
  const char* const* args; /* behind those of the manifest */
  size_t arg_count;
  const char* cwd;     /* NULL: what the manifest says */
  const char* store;   /* the folder of packages; NULL: none */
  int no_dependencies; /* packages without what they depend on */
} wasifs_compose_options;

/* Composes SOURCE: a manifest, a package, a wasmer.toml or a directory. `options` may be NULL. */
WASIFS_EXPORT int wasifs_root_open(const char* source, size_t source_len,
                                   const wasifs_compose_options* options, wasifs_root** out,
                                   wasifs_error** error);
/* A handle of its own to the same tree. */
WASIFS_EXPORT wasifs_root* wasifs_root_copy(const wasifs_root* root);
WASIFS_EXPORT void wasifs_root_free(wasifs_root* root);

/* What the guest is to be started with; NULL past the last. They live as long as the root. */
WASIFS_EXPORT const char* wasifs_root_arg(const wasifs_root* root, size_t index);
WASIFS_EXPORT const char* wasifs_root_env(const wasifs_root* root, size_t index); /* NAME=VALUE */
WASIFS_EXPORT const char* wasifs_root_cwd(const wasifs_root* root);
/* The command that is run; "": none. Its program is /bin/NAME. */
WASIFS_EXPORT const char* wasifs_root_command(const wasifs_root* root);

/* ---- Composing without a manifest ------------------------------------------- */

/* Not thread-safe. What was added wrong is told by wasifs_builder_build. */
typedef struct wasifs_builder wasifs_builder;

typedef enum wasifs_access {
  WASIFS_ACCESS_RW = 0,  /* changes go to the file system itself */
  WASIFS_ACCESS_COW = 1, /* changes stay in memory */
  WASIFS_ACCESS_RO = 2   /* changes are refused */
} wasifs_access;

/* A builder with the default base root, in which the last of two mounts wins. */
WASIFS_EXPORT int wasifs_builder_new(wasifs_builder** out);
WASIFS_EXPORT void wasifs_builder_free(wasifs_builder* builder);
/* An empty root instead of the default one with /bin, /dev, /etc, ... */
WASIFS_EXPORT int wasifs_builder_set_empty_base(wasifs_builder* builder);
/* Two mounts at one path: an error instead of the last one. */
WASIFS_EXPORT int wasifs_builder_set_fail_on_conflict(wasifs_builder* builder);
/* Of all that is written to memory; 0: the default. */
WASIFS_EXPORT int wasifs_builder_set_quota(wasifs_builder* builder, uint64_t max_bytes, uint64_t max_inodes);
WASIFS_EXPORT int wasifs_builder_add_mount(wasifs_builder* builder, const char* guest, size_t guest_len,
                                           wasifs_fs* fs, wasifs_access access);
/* A layer below the base root; earlier ones win over later ones. */
WASIFS_EXPORT int wasifs_builder_add_root_layer(wasifs_builder* builder, wasifs_fs* fs);
/* What changes to the root go to, instead of memory; it shows above base and layers. */
WASIFS_EXPORT int wasifs_builder_set_root_upper(wasifs_builder* builder, wasifs_fs* fs);
/* The folder of packages that those which are injected find their dependencies in. */
WASIFS_EXPORT int wasifs_builder_set_store(wasifs_builder* builder, const char* folder, size_t folder_len);
/* A package with all that it mounts. */
WASIFS_EXPORT int wasifs_builder_inject(wasifs_builder* builder, const char* package, size_t package_len);
WASIFS_EXPORT int wasifs_builder_add_arg(wasifs_builder* builder, const char* arg, size_t arg_len);
WASIFS_EXPORT int wasifs_builder_add_env(wasifs_builder* builder, const char* name, size_t name_len,
                                         const char* value, size_t value_len);
WASIFS_EXPORT int wasifs_builder_set_cwd(wasifs_builder* builder, const char* path, size_t path_len);
/* Builds the root; the builder stays as it is and can build another. */
WASIFS_EXPORT int wasifs_builder_build(const wasifs_builder* builder, wasifs_root** out,
                                       wasifs_error** error);

/* ---- The tree, by paths ----------------------------------------------------- */

/* Paths are those of the tree; a relative one starts at its root as well. */

typedef struct wasifs_file wasifs_file;
typedef struct wasifs_dir wasifs_dir;

enum {
  WASIFS_OPEN_READ = 1,
  WASIFS_OPEN_WRITE = 2,
  WASIFS_OPEN_APPEND = 4, /* every write goes to the end */
  WASIFS_OPEN_TRUNCATE = 8,
  WASIFS_OPEN_CREATE = 16,
  WASIFS_OPEN_EXCLUSIVE = 32, /* with CREATE: EEXIST where something is there */
  WASIFS_OPEN_NOFOLLOW = 64   /* ELOOP where the last component is a symlink */
};

/* `follow`: whether a symlink as the last component is followed. */
WASIFS_EXPORT int wasifs_stat_path(const wasifs_root* root, const char* path, size_t path_len, int follow,
                                   wasifs_stat* out);
WASIFS_EXPORT int wasifs_set_stat_path(const wasifs_root* root, const char* path, size_t path_len, int follow,
                                       uint32_t changes, const wasifs_stat* attributes);
/* `mode` is that of a file that is made. */
WASIFS_EXPORT int wasifs_open(const wasifs_root* root, const char* path, size_t path_len, uint32_t flags,
                              uint32_t mode, wasifs_file** out);
WASIFS_EXPORT int wasifs_open_dir(const wasifs_root* root, const char* path, size_t path_len,
                                  wasifs_dir** out);
WASIFS_EXPORT int wasifs_make_dir(const wasifs_root* root, const char* path, size_t path_len, uint32_t mode);
WASIFS_EXPORT int wasifs_unlink(const wasifs_root* root, const char* path, size_t path_len);
WASIFS_EXPORT int wasifs_remove_dir(const wasifs_root* root, const char* path, size_t path_len);
WASIFS_EXPORT int wasifs_rename(const wasifs_root* root, const char* path, size_t path_len,
                                const char* new_path, size_t new_path_len);
WASIFS_EXPORT int wasifs_link(const wasifs_root* root, const char* path, size_t path_len,
                              const char* new_path, size_t new_path_len);
WASIFS_EXPORT int wasifs_symlink(const wasifs_root* root, const char* target, size_t target_len,
                                 const char* path, size_t path_len);
/* Up to `size` bytes of the text, no NUL; *length is all of it. */
WASIFS_EXPORT int wasifs_read_link(const wasifs_root* root, const char* path, size_t path_len, char* buffer,
                                   size_t size, size_t* length);
/* The value of an attribute, for instance "user.wasifs.origin", likewise. */
WASIFS_EXPORT int wasifs_get_xattr(const wasifs_root* root, const char* path, size_t path_len,
                                   const char* name, size_t name_len, char* buffer, size_t size,
                                   size_t* length);

/* All of a file; *data is given back by wasifs_free. */
WASIFS_EXPORT int wasifs_read_file(const wasifs_root* root, const char* path, size_t path_len, void** data,
                                   size_t* size);
/* Makes or replaces the content. */
WASIFS_EXPORT int wasifs_write_file(const wasifs_root* root, const char* path, size_t path_len,
                                    const void* data, size_t size);
WASIFS_EXPORT void wasifs_free(void* memory);

/* ---- Open files and directories --------------------------------------------- */

WASIFS_EXPORT int wasifs_file_stat(const wasifs_file* file, wasifs_stat* out);
/* Fewer than `size` bytes only at the end of the file. */
WASIFS_EXPORT int wasifs_file_read(wasifs_file* file, uint64_t offset, void* buffer, size_t size,
                                   size_t* done);
/* Fewer than `size` bytes only where the space ends. */
WASIFS_EXPORT int wasifs_file_write(wasifs_file* file, uint64_t offset, const void* data, size_t size,
                                    size_t* done);
WASIFS_EXPORT int wasifs_file_truncate(wasifs_file* file, uint64_t size);
WASIFS_EXPORT int wasifs_file_sync(wasifs_file* file, int data_only);

/* Bytes that are read where they lie, without copying. */
typedef struct wasifs_view wasifs_view;
/* ENODATA: the content is not immutable memory; read it instead. */
WASIFS_EXPORT int wasifs_file_view(wasifs_file* file, uint64_t offset, size_t size, wasifs_view** out);
WASIFS_EXPORT const void* wasifs_view_data(const wasifs_view* view);
WASIFS_EXPORT size_t wasifs_view_size(const wasifs_view* view);
WASIFS_EXPORT void wasifs_view_free(wasifs_view* view);

WASIFS_EXPORT void wasifs_file_close(wasifs_file* file);

/* Delivers the entries behind `cookie` (0: from the start) until the sink says enough. */
WASIFS_EXPORT int wasifs_dir_read(wasifs_dir* dir, uint64_t cookie, wasifs_dir_sink emit, void* sink);
WASIFS_EXPORT void wasifs_dir_close(wasifs_dir* dir);

/* ---- WASI host functions ---------------------------------------------------- */

/* The import modules that are served; they are no aliases of each other. */
typedef enum wasifs_wasi_abi {
  WASIFS_WASI_PREVIEW1 = 0, /* "wasi_snapshot_preview1" */
  WASIFS_WASI_UNSTABLE = 1, /* "wasi_unstable" */
  WASIFS_WASI_WASIX = 2     /* "wasix_32v1", the file-system part */
} wasifs_wasi_abi;

/* A function to be imported: bind it to wasifs_wasi_call with its index. */
typedef struct wasifs_wasi_function {
  const char* name;
  const char* params; /* a letter each: 'i' is an i32, 'I' an i64 */
  int returns;        /* 1: an i32; 0: nothing, the guest never goes on */
} wasifs_wasi_function;

/* WASIFS_WASI_* of a module's name; -1: it is not served. */
WASIFS_EXPORT int wasifs_wasi_find_abi(const char* module, size_t module_len);
/* How many functions an ABI has; 0: there is no such ABI. */
WASIFS_EXPORT size_t wasifs_wasi_function_count(int abi);
/* NULL past the last. It lives for ever. */
WASIFS_EXPORT const wasifs_wasi_function* wasifs_wasi_function_at(int abi, size_t index);
/* The index of a function; -1: there is none of that name. */
WASIFS_EXPORT int wasifs_wasi_find_function(int abi, const char* name, size_t name_len);

typedef enum wasifs_stream_kind {
  WASIFS_STREAM_NULL = 0,  /* ends at once; discards */
  WASIFS_STREAM_FD = 1,    /* a descriptor of the host, which stays yours */
  WASIFS_STREAM_BYTES = 2, /* stdin: `data`, which is copied; else: kept, see wasifs_wasi_output */
  WASIFS_STREAM_CALLBACK = 3
} wasifs_stream_kind;

typedef struct wasifs_stream {
  uint32_t kind; /* wasifs_stream_kind */
  int fd;
  const void* data;
  size_t size;
  /* Return 0 or an errno; a read that gives 0 bytes is the end. From any thread. */
  int (*read)(void* user, void* buffer, size_t size, size_t* done);
  int (*write)(void* user, const void* data, size_t size, size_t* done);
  void* user;
} wasifs_stream;

/* A descriptor of the host that a guest's poll_oneoff waits for. */
typedef struct wasifs_wait_fd {
  int fd;
  int write;          /* 1: until it can be written to; 0: until there is something to read */
  int ready, hang_up; /* the answer */
} wasifs_wait_fd;

typedef struct wasifs_preopen {
  const char* alias;       /* what the guest sees */
  const char* path;        /* a directory of the tree */
  int read, write, create; /* at least one; create implies write */
} wasifs_preopen;

/* A call that was served. Borrowed for the time of the hook. */
typedef struct wasifs_wasi_event {
  size_t struct_size;
  int abi;
  const char* function;
  const uint64_t* args;
  size_t arg_count;
  const char* path; /* that the call read from the guest; paths need not be UTF-8 */
  size_t path_len;
  const char* path2;
  size_t path2_len;
  uint32_t result; /* errno of WASI */
  int exited;
  uint32_t exit_code;
  uint64_t nanoseconds;
} wasifs_wasi_event;

enum {
  WASIFS_WASI_WASIX_PATHS = 1,    /* absolute paths and "..", as wasmer takes them */
  WASIFS_WASI_WASMER_LAYOUT = 2,  /* descriptors 0 to 2 as wasmer has them */
  WASIFS_WASI_REFERENCE_ERRNO = 4 /* the reference's numbers where they differ from POSIX */
};

/* Zeros mean: what the root says (args, env, preopens), the system (clock, random, wait), none.
 * An array that is not NULL replaces what the root says, also one of no elements. */
typedef struct wasifs_wasi_options {
  size_t struct_size;
  uint32_t flags;
  const char* const* args; /* argv, the program's name first */
  size_t arg_count;
  const char* const* env; /* NAME=VALUE */
  size_t env_count;
  const wasifs_preopen* preopens;
  size_t preopen_count;
  int no_preopens; /* none at all, where `preopens` is NULL */
  wasifs_stream stdio[3];
  size_t max_fds; /* 0: 1024 */
  /* Nanoseconds of a clock of WASI; 0 or an errno. */
  int (*clock)(void* user, uint32_t clock, uint64_t* nanoseconds);
  int (*random)(void* user, void* buffer, size_t size);
  void (*trace)(void* user, const wasifs_wasi_event* event);
  void* user; /* of the hooks */
  /* Waits until one of `fds` is ready or `timeout` nanoseconds have passed, UINT64_MAX: without
   * end; not less than that. EINTR, which the guest is told: it was interrupted. */
  int (*wait)(void* user, wasifs_wait_fd* fds, size_t count, uint64_t timeout);
} wasifs_wasi_options;

/* The world of one guest: descriptors, arguments, environment, streams. */
typedef struct wasifs_wasi wasifs_wasi;

/* `options` may be NULL. */
WASIFS_EXPORT int wasifs_wasi_new(const wasifs_root* root, const wasifs_wasi_options* options,
                                  wasifs_wasi** out, wasifs_error** error);
WASIFS_EXPORT void wasifs_wasi_free(wasifs_wasi* wasi);

/* Of wasifs_wasi_call: the guest has called proc_exit and must not go on. */
#define WASIFS_WASI_EXITED (-1)

/*
 * Serves function `index` of `abi`; NOSYS (52) where there is none, or not with so many arguments. `memory`
 * is the guest's linear memory as it is now; it may move between calls, and nothing of it is kept. `args` has
 * one element for each parameter, i32 zero-extended. Gives the i32 for the guest, an errno of WASI, or
 * WASIFS_WASI_EXITED. Never throws or jumps through the engine.
 */
WASIFS_EXPORT int32_t wasifs_wasi_call(wasifs_wasi* wasi, int abi, size_t index, void* memory,
                                       size_t memory_size, const uint64_t* args, size_t arg_count);
/* What proc_exit was called with; 0 where it was not. */
WASIFS_EXPORT uint32_t wasifs_wasi_exit_code(const wasifs_wasi* wasi);
/* What the guest wrote to `fd`, 1 or 2, where that is WASIFS_STREAM_BYTES. It is read while
 * no call is under way. */
WASIFS_EXPORT int wasifs_wasi_output(const wasifs_wasi* wasi, int fd, const void** data, size_t* size);

#ifdef __cplusplus
}
#endif

#endif /* WASIFS_WASIFS_H */
