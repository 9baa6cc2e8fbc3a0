// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conformance/vfs.h"
#include "naive_model.h"

namespace wasifs::test {

class RandomSource;

/// Does the change through the file system; 0 or the errno.
[[nodiscard]] int perform(Vfs& fs, const NaiveChange& change);

/// What differs between the file system and the model, in lines; "" if nothing does.
/// Looks at the types, contents and targets of all that is there, and at whether
/// listings and look-ups agree.
[[nodiscard]] std::string compare(Vfs& fs, const NaiveTree& expected);
/// Also looks for the random names that are not there.
[[nodiscard]] std::string compare_and_seek(Vfs& fs, const NaiveTree& expected);

/// Does `count` random changes to both and says what differed first; appends the
/// changes to `log`.
[[nodiscard]] std::string change_both(Vfs& fs, NaiveWorld& world, RandomSource& random, std::size_t count,
                                      std::string& log);

}  // namespace wasifs::test
