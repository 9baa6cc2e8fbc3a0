// SPDX-License-Identifier: Apache-2.0
#include "wasifs/wasifs.h"

uint32_t wasifs_abi_version(void) { return uint32_t{WASIFS_ABI_MAJOR} << 16 | uint32_t{WASIFS_ABI_MINOR}; }

const char* wasifs_version(void) { return WASIFS_VERSION; }
