// SPDX-License-Identifier: Apache-2.0
#include "fs/oci/blobs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <deque>

#include "base/path.h"

namespace wasifs::oci {

namespace {

constexpr int kMaxLinks = 16;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

struct Mapping {
  Mapping(void* at, std::size_t bytes) : address(at), size(bytes) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(address, size); }

  void* address;
  std::size_t size;
};

class DirectoryBlobs final : public Blobs {
 public:
  DirectoryBlobs(int directory, std::string label) : Blobs(std::move(label)), directory_(directory) {}

  [[nodiscard]] bool has(const std::string& name) const override { return Descriptor(open(name)).get() >= 0; }

  [[nodiscard]] Outcome<View> bytes(const std::string& name) const override {
    const Descriptor file(open(name));
    if (file.get() < 0) {
      const int error = errno;
      if (error == ENOENT) return fail(problem(Trouble::corrupt, name, "it is missing"));
      if (error == ELOOP) return fail(problem(Trouble::corrupt, name, "it is a symlink, or behind one"));
      return fail(problem(Trouble::source, name, message(static_cast<Errc>(error))));
    }
    struct stat info{};
    if (::fstat(file.get(), &info) != 0) {
      return fail(problem(Trouble::source, name, message(static_cast<Errc>(errno))));
    }
    if (!S_ISREG(info.st_mode)) return fail(problem(Trouble::corrupt, name, "it is no regular file"));
    if (info.st_size == 0) return View{};
    const auto size = static_cast<std::size_t>(info.st_size);
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (at == MAP_FAILED) return fail(problem(Trouble::source, name, message(static_cast<Errc>(errno))));
    return View{{static_cast<const std::byte*>(at), size}, std::make_shared<const Mapping>(at, size)};
  }

 private:
  /// -1 and errno where it fails.
  [[nodiscard]] int open(const std::string& name) const {
    open_how how{};
    // O_NONBLOCK: opening a FIFO that nobody writes to must not hang.
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, directory_.get(), name.c_str(), &how, sizeof how));
  }

  Descriptor directory_;
};

class TarBlobs final : public Blobs {
 public:
  TarBlobs(FilesystemPtr tar, std::string label) : Blobs(std::move(label)), tar_(std::move(tar)) {}

  [[nodiscard]] bool has(const std::string& name) const override {
    const Result<NodeRef> node = find(name);
    return node && (*node)->type() == FileType::regular;
  }

  [[nodiscard]] Outcome<View> bytes(const std::string& name) const override {
    const Result<NodeRef> node = find(name);
    if (!node) {
      const bool missing = node.error() == Errc::enoent || node.error() == Errc::enotdir;
      return fail(problem(Trouble::corrupt, name, missing ? "it is missing" : message(node.error())));
    }
    if ((*node)->type() != FileType::regular) {
      return fail(problem(Trouble::corrupt, name, "it is no regular file"));
    }
    const Result<Attr> attr = (*node)->attr();
    if (!attr) return fail(problem(Trouble::source, name, message(attr.error())));
    if (attr->size == 0) return View{};
    const Result<FilePtr> file = (*node)->open({});
    if (!file) return fail(problem(Trouble::source, name, message(file.error())));
    std::optional<View> view = (*file)->view(0, static_cast<std::size_t>(attr->size));
    if (!view || view->bytes.size() != attr->size) {
      return fail(problem(Trouble::source, name, "its bytes do not lie in one piece"));
    }
    return *std::move(view);
  }

 private:
  /// einval: the name leads out of the tar; eloop: too many symlinks on the way.
  [[nodiscard]] Result<NodeRef> find(const std::string& name) const {
    std::vector<NodeRef> way{tar_->root()};
    std::deque<std::string> names;
    push_front(names, name);
    for (int links = 0; !names.empty();) {
      const std::string next = std::move(names.front());
      names.pop_front();
      if (next == ".") continue;
      if (next == "..") {
        if (way.size() == 1) return fail(Errc::einval);
        way.pop_back();
        continue;
      }
      Result<NodeRef> node = way.back()->lookup(next);
      if (!node) return node;
      if ((*node)->type() != FileType::symlink) {
        way.push_back(*std::move(node));
        continue;
      }
      if (++links > kMaxLinks) return fail(Errc::eloop);
      const auto link = (*node)->read_link();
      if (!link) return fail(link.error());
      if (link->text.starts_with('/')) return fail(Errc::einval);
      push_front(names, link->text);
    }
    return way.back();
  }

  static void push_front(std::deque<std::string>& names, std::string_view path) {
    const std::vector<std::string_view> parts = split_path(path);
    names.insert(names.begin(), parts.begin(), parts.end());
  }

  FilesystemPtr tar_;
};

}  // namespace

Diagnostic Blobs::problem(Trouble trouble, const std::string& name, const std::string& what) const {
  return {.trouble = trouble, .message = label_ + ": " + wasifs::quoted(name) + ": " + what};
}

Outcome<std::unique_ptr<Blobs>> open_directory(const std::string& path, std::string label) {
  const int fd = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return fail(Diagnostic{.trouble = Trouble::source,
                           .message = label + " cannot be opened: " + message(static_cast<Errc>(errno))});
  }
  return std::make_unique<DirectoryBlobs>(fd, std::move(label));
}

std::unique_ptr<Blobs> blobs_of(FilesystemPtr tar, std::string label) {
  return std::make_unique<TarBlobs>(std::move(tar), std::move(label));
}

}  // namespace wasifs::oci
