// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/tree_vfs.h"
#include "wasifs/root.h"

namespace wasifs::test {

/// The ">" steps of a case: operations on a composed root that stays open, through
/// its Tree, and looks at what is on the host. Paths of the root are absolute; sizes
/// are numbers of bytes. What an operation has to say comes as lines; one that fails
/// adds "= ERRNO".
///
///   open SOURCE               composes it; prints warnings, or the error and its status
///   serve SOURCE              the same as a mount does it, without warnings: uppers on
///                             the host keep changes, and are locked until "close" or
///                             the next of these
///   close                     ends what was opened
///   tree [PATH]               every path below with type and content, sorted
///   ls PATH                   the names, sorted
///   stat PATH                 type, mode, size (not of directories) and link count
///   times PATH                modification time in seconds
///   cat PATH, readlink PATH   in quotes; cat follows symlinks
///   same A B                  whether both names are one file
///   write PATH TEXT           creates or replaces       append PATH TEXT
///   fill PATH BYTES           the same with so many "x"
///   create PATH               O_CREAT                   create-new PATH    with O_EXCL
///   truncate PATH BYTES       chmod PATH MODE           touch PATH SECONDS
///   mkdir PATH                rmdir PATH                rm PATH            rm-r PATH
///   mv A B                    mv-new A B                exchange A B
///   ln A B                    ln -s TARGET PATH         mkfifo PATH
///   getxattr PATH NAME        setxattr PATH NAME VALUE
///   explain PATH              where it comes from, as `wasifs explain` prints it
///   usage PATH                bytes and inodes free in the file system there
///   fopen H PATH FLAGS        opens PATH as handle H; FLAGS: r, w, rw, and a (append)
///                             or t (truncate) behind them
///   fread H                   fwrite H OFFSET TEXT      ftruncate H BYTES
///   fstat H                   fclose H
///   host-cat PATH, host-ls PATH   of the case's folder, past the root
class RootOperations {
 public:
  /// `folder` is the case's own; it is left out of messages by the caller.
  explicit RootOperations(std::string folder) : folder_(std::move(folder)) {}

  /// Does `words`, the first of which names the operation. Throws
  /// std::invalid_argument where there is no such operation, or not with these
  /// arguments, and where a root is needed that cannot be composed.
  [[nodiscard]] std::vector<std::string> perform(const std::vector<std::string>& words);

 private:
  using Words = std::vector<std::string>;
  using Lines = std::vector<std::string>;
  using Operation = Lines (RootOperations::*)(const Words&);
  struct Known {
    std::size_t least;  ///< number of arguments
    std::size_t most;
    Operation operation;
  };
  static const std::map<std::string, Known, std::less<>>& known();

  [[nodiscard]] Vfs& root();
  [[nodiscard]] Handle& handle(const std::string& name);
  [[nodiscard]] static Lines outcome(const Status& status);
  void describe(const std::string& path, Lines& out);

  Lines open(const Words& words);
  Lines close(const Words& words);
  Lines tree(const Words& words);
  Lines ls(const Words& words);
  Lines stat(const Words& words);
  Lines times(const Words& words);
  Lines cat(const Words& words);
  Lines readlink(const Words& words);
  Lines same(const Words& words);
  Lines write(const Words& words);
  Lines append(const Words& words);
  Lines fill(const Words& words);
  Lines create(const Words& words);
  Lines truncate(const Words& words);
  Lines chmod(const Words& words);
  Lines touch(const Words& words);
  Lines make(const Words& words);
  Lines remove(const Words& words);
  Lines rename(const Words& words);
  Lines link(const Words& words);
  Lines getxattr(const Words& words);
  Lines setxattr(const Words& words);
  Lines explain(const Words& words);
  Lines usage(const Words& words);
  Lines fopen(const Words& words);
  Lines fread(const Words& words);
  Lines fwrite(const Words& words);
  Lines ftruncate(const Words& words);
  Lines fstat(const Words& words);
  Lines fclose(const Words& words);
  Lines host_cat(const Words& words);
  Lines host_ls(const Words& words);

  std::string folder_;
  std::optional<TreeVfs> vfs_;
  Plan plan_;
  std::map<std::string, HandlePtr> handles_;  // after the root: they go first
};

}  // namespace wasifs::test
