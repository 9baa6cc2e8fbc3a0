/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the examples of engines share: a command line, a root composed from it, and a
 * guest's world on that root. Everything an engine needs is in the struct.
 *
 *   PROGRAM [OPTION]... MODULE [ARG]...
 *
 *   --root DIR       "/" of the guest; without it and --source it has no directory
 *   --as HOW         what becomes of DIR: host (default; changes go to it), overlay
 *                    (changes stay in memory), memory (it is copied into memory)
 *   --source SOURCE  instead of DIR: a manifest or a package
 *   --env NAME=VALUE
 *   --wasix          paths and descriptors 0 to 2 as wasmer has them
 */
#ifndef WASIFS_EXAMPLES_RUNNER_H
#define WASIFS_EXAMPLES_RUNNER_H

#include <stddef.h>

#include "wasifs/wasifs.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct runner {
  wasifs_root* root;
  wasifs_wasi* wasi;
  void* module; /* the bytes of MODULE */
  size_t module_size;
} runner;

/* 0, or an exit status after a message on stderr. */
int runner_start(runner* out, int argc, char** argv);
/* The exit status that a guest which has ended by itself asks for. */
int runner_status(const runner* self);
void runner_end(runner* self);

#ifdef __cplusplus
}
#endif

#endif /* WASIFS_EXAMPLES_RUNNER_H */
