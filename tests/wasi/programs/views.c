// SPDX-License-Identifier: Apache-2.0
// Reads and writes files as its standard input says, a line for each:
//   w PATH TEXT   makes or replaces the file; answers "ok"
//   r PATH        answers what is in the file
// Anything that fails is answered with "errno N".
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void answer_errno(void) { printf("errno %d\n", errno); }

static void write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const size_t length = strlen(text);
  if (fd < 0 || write(fd, text, length) != (ssize_t)length || close(fd) != 0) {
    answer_errno();
  } else {
    printf("ok\n");
  }
}

static void read_file(const char* path) {
  char text[256];
  const int fd = open(path, O_RDONLY);
  const ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (length < 0 || close(fd) != 0) {
    answer_errno();
  } else {
    printf("%.*s\n", (int)length, text);
  }
}

int main(void) {
  char line[512];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char* const path = line + 2;
    char* const space = strchr(path, ' ');
    if (line[0] == 'w' && space != NULL) {
      *space = '\0';
      write_file(path, space + 1);
    } else if (line[0] == 'r') {
      read_file(path);
    }
    fflush(stdout);
  }
  return 0;
}
