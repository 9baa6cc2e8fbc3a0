// SPDX-License-Identifier: Apache-2.0
// Prints what is below each of its arguments, a line for each name, as whoever runs it
// shows it: kind, size, seconds of the modification, hash of the content or text of the
// link, and the path, both in hexadecimal digits. What cannot be read is a line, too.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kMaxPath = 4096 };

static void print_hex(const char* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) printf("%02x", (unsigned char)bytes[i]);
}

static void print_line(const char* kind, const char* path, const char* what) {
  printf("%s - - %s ", kind, what);
  print_hex(path, strlen(path));
  printf("\n");
}

// FNV-1a of a file's content; 0 and errno where it cannot be read.
static uint64_t hash_of(const char* path) {
  uint64_t hash = 0xcbf29ce484222325;
  char buffer[8192];
  const int fd = open(path, O_RDONLY);
  if (fd < 0) return 0;
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count <= 0) break;
    for (ssize_t i = 0; i < count; ++i) hash = (hash ^ (unsigned char)buffer[i]) * 0x100000001b3;
  }
  close(fd);
  return hash;
}

static void print_link(const char* path) {
  char text[kMaxPath];
  const ssize_t size = readlink(path, text, sizeof text);
  printf("link ");
  if (size < 0) {
    printf("- - %s ", strerror(errno));
  } else {
    printf("%zd - ", size);
    print_hex(text, (size_t)size);
    printf(" ");
  }
}

static void print_entry(const char* path, const struct stat* found) {
  if (S_ISDIR(found->st_mode)) {
    printf("dir - %lld - ", (long long)found->st_mtim.tv_sec);
  } else if (S_ISLNK(found->st_mode)) {
    print_link(path);
  } else {
    printf("file %lld %lld %016llx ", (long long)found->st_size, (long long)found->st_mtim.tv_sec,
           (unsigned long long)hash_of(path));
  }
  print_hex(path, strlen(path));
  printf("\n");
}

// The paths that are still to be visited: a stack, so that depth costs no stack.
struct Paths {
  char** all;
  size_t count;
  size_t room;
};

static void push(struct Paths* paths, const char* path) {
  if (paths->count == paths->room) {
    paths->room = paths->room == 0 ? 64 : paths->room * 2;
    paths->all = realloc(paths->all, paths->room * sizeof *paths->all);
    if (paths->all == NULL) abort();
  }
  paths->all[paths->count++] = strdup(path);
}

static void visit(struct Paths* paths, const char* path) {
  struct stat found;
  if (lstat(path, &found) != 0) {
    print_line("unreachable", path, "-");
    return;
  }
  print_entry(path, &found);
  if (!S_ISDIR(found.st_mode)) return;
  DIR* const directory = opendir(path);
  if (directory == NULL) {
    print_line("unreadable", path, "-");
    return;
  }
  for (struct dirent* entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char below[kMaxPath];
    const char* const slash = path[strlen(path) - 1] == '/' ? "" : "/";
    if (snprintf(below, sizeof below, "%s%s%s", path, slash, entry->d_name) >= kMaxPath) {
      print_line("too-long", path, "-");
      continue;
    }
    push(paths, below);
  }
  closedir(directory);
}

int main(int argc, char** argv) {
  struct Paths paths = {NULL, 0, 0};
  for (int i = 1; i < argc; ++i) push(&paths, argv[i]);
  while (paths.count > 0) {
    char* const path = paths.all[--paths.count];
    visit(&paths, path);
    free(path);
  }
  free(paths.all);
  return 0;
}
