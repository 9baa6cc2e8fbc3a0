// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place that names libfuse's headers and the version of its interface.
// For .cpp files only: the headers of this folder forward-declare what they pass
// on, so that nobody who includes them needs libfuse.

#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 314
#endif
#include <fuse_lowlevel.h>
