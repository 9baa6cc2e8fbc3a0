// SPDX-License-Identifier: Apache-2.0
#include "wasifs/filesystem_wrapper.h"

#include <array>
#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace wasifs {

class WrapperNode;

namespace {

constexpr std::array<std::string_view, 30> kNames = {
    "attr",        "set_attr",         "lookup",       "open_dir",  "open",     "read_link", "share_content",
    "create",      "create_anonymous", "link",         "unlink",    "rmdir",    "rename",    "get_xattr",
    "list_xattrs", "set_xattr",        "remove_xattr", "sync",      "read_dir", "read",      "write",
    "append",      "truncate",         "allocate",     "sync_file", "seek",     "view",      "native_range",
    "statfs",      "room_for"};
static_assert(kNames.size() == static_cast<std::size_t>(Operation::room_for) + 1);

Status status_of(const Status& result) { return result; }
template <class T>
Status status_of(const Result<T>& result) {
  return result ? Status{} : Status(fail(result.error()));
}
template <class T>
Status status_of(const std::optional<T>&) {
  return {};
}

/// What a refused call gives: its error, or nothing where it has none to give.
template <class R>
R refusal(Errc error) {
  if constexpr (requires(R result) { result.error(); }) {
    return fail(error);
  } else {
    return std::nullopt;
  }
}

}  // namespace

std::string_view name_of(Operation operation) { return kNames[static_cast<std::size_t>(operation)]; }

template <class Ask>
auto FilesystemWrapper::run(const Call& call, Ask ask) -> decltype(ask()) {
  if (const Status allowed = before(call); !allowed) return refusal<decltype(ask())>(allowed.error());
  auto result = ask();
  after(call, status_of(result));
  return result;
}

/// The wrapper nodes that somebody holds, by the node that each stands for. As in
/// host::NodeTable, a node whose count has dropped to zero stays until its dispose()
/// takes it out, and may find another one in its place. Thread-safe; one lock per
/// shard, and nothing is called under it.
struct FilesystemWrapper::Table {
  static constexpr std::size_t kShards = 16;
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<const Node*, WrapperNode*> nodes;
  };
  std::array<Shard, kShards> shards;

  Shard& shard_of(const Node* node) {
    // Nodes are no smaller than a cache line, so the lowest bits say nothing.
    return shards[(reinterpret_cast<std::uintptr_t>(node) >> 6U) % kShards];
  }
};

class WrapperFile final : public File {
 public:
  WrapperFile(FilesystemWrapper& owner, NodeRef node, FilePtr inner)
      : File(inner->flags()), owner_(owner), node_(std::move(node)), inner_(std::move(inner)) {}

  std::optional<View> view(std::uint64_t offset, std::size_t length) override {
    return owner_.run(call(Operation::view, offset, length), [&] { return inner_->view(offset, length); });
  }
  std::optional<NativeRange> native_range() override {
    return owner_.run(call(Operation::native_range), [&] { return inner_->native_range(); });
  }

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    return owner_.run(call(Operation::read, offset, out.size()),
                      [&] { return inner_->read_at(offset, out); });
  }
  Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in) override {
    return owner_.run(call(Operation::write, offset, in.size()),
                      [&] { return inner_->write_at(offset, in); });
  }
  Result<std::size_t> do_append(std::span<const std::byte> in) override {
    return owner_.run(call(Operation::append, 0, in.size()), [&] { return inner_->write_at(0, in); });
  }
  Status do_truncate(std::uint64_t size) override {
    return owner_.run(call(Operation::truncate, 0, size), [&] { return inner_->truncate(size); });
  }
  Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override {
    return owner_.run(call(Operation::allocate, offset, length),
                      [&] { return inner_->allocate(mode, offset, length); });
  }
  Status do_sync(bool data_only) override {
    return owner_.run(call(Operation::sync_file), [&] { return inner_->sync(data_only); });
  }
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    return owner_.run(call(Operation::seek, offset),
                      [&] { return data ? inner_->seek_data(offset) : inner_->seek_hole(offset); });
  }

 private:
  [[nodiscard]] FilesystemWrapper::Call call(Operation operation, std::uint64_t offset = 0,
                                             std::uint64_t size = 0) const {
    return {.operation = operation, .node = node_.get(), .offset = offset, .size = size};
  }

  FilesystemWrapper& owner_;
  NodeRef node_;  // before the file: it goes last
  FilePtr inner_;
};

class WrapperDir final : public Dir {
 public:
  WrapperDir(FilesystemWrapper& owner, NodeRef node, DirPtr inner)
      : owner_(owner), node_(std::move(node)), inner_(std::move(inner)) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    return owner_.run({.operation = Operation::read_dir, .node = node_.get(), .offset = cookie},
                      [&] { return inner_->read(cookie, sink); });
  }

 private:
  FilesystemWrapper& owner_;
  NodeRef node_;
  DirPtr inner_;
};

class WrapperNode final : public Node {
 public:
  WrapperNode(FilesystemWrapper& owner, NodeRef inner)
      : Node(inner->type()), owner_(owner), inner_(std::move(inner)) {}

  [[nodiscard]] const FilesystemWrapper& owner() const { return owner_; }
  [[nodiscard]] Node& inner() const { return *inner_; }

  Result<Attr> attr() override {
    return owner_.run(call(Operation::attr), [&] { return inner_->attr(); });
  }
  Status set_attr(const SetAttr& change) override {
    return owner_.run(call(Operation::set_attr), [&] { return inner_->set_attr(change); });
  }
  Result<NodeRef> lookup(std::string_view name) override {
    return owner_.run(call(Operation::lookup, name), [&] { return wrapped(inner_->lookup(name)); });
  }
  Result<DirPtr> open_dir() override {
    return owner_.run(call(Operation::open_dir), [&]() -> Result<DirPtr> {
      Result<DirPtr> dir = inner_->open_dir();
      if (!dir) return dir;
      return std::make_unique<WrapperDir>(owner_, NodeRef(this), *std::move(dir));
    });
  }
  Result<FilePtr> open(OpenFlags flags) override {
    return owner_.run(call(Operation::open), [&]() -> Result<FilePtr> {
      Result<FilePtr> file = inner_->open(flags);
      if (!file) return file;
      return std::make_unique<WrapperFile>(owner_, NodeRef(this), *std::move(file));
    });
  }
  Result<Link> read_link() override {
    return owner_.run(call(Operation::read_link), [&] { return inner_->read_link(); });
  }
  Status share_content(View content) override {
    return owner_.run(call(Operation::share_content),
                      [&] { return inner_->share_content(std::move(content)); });
  }
  [[nodiscard]] bool sealed() const override { return inner_->sealed(); }

  Result<NodeRef> create(std::string_view name, const NewNode& spec) override {
    return owner_.run(call(Operation::create, name), [&] { return wrapped(inner_->create(name, spec)); });
  }
  Result<NodeRef> create_anonymous(const NewNode& spec) override {
    return owner_.run(call(Operation::create_anonymous),
                      [&] { return wrapped(inner_->create_anonymous(spec)); });
  }
  Status link(std::string_view name, Node& target) override {
    return owner_.run(call(Operation::link, name), [&]() -> Status {
      Node* const other = owner_.unwrap(target);
      return other == nullptr ? fail(Errc::exdev) : inner_->link(name, *other);
    });
  }
  Status unlink(std::string_view name) override {
    return owner_.run(call(Operation::unlink, name), [&] { return inner_->unlink(name); });
  }
  Status rmdir(std::string_view name) override {
    return owner_.run(call(Operation::rmdir, name), [&] { return inner_->rmdir(name); });
  }
  Status rename(std::string_view name, Node& new_parent, std::string_view new_name,
                RenameMode mode) override {
    const FilesystemWrapper::Call asked{
        .operation = Operation::rename, .node = this, .name = name, .new_name = new_name};
    return owner_.run(asked, [&]() -> Status {
      Node* const other = owner_.unwrap(new_parent);
      return other == nullptr ? fail(Errc::exdev) : inner_->rename(name, *other, new_name, mode);
    });
  }

  Result<std::string> get_xattr(std::string_view name) override {
    return owner_.run(call(Operation::get_xattr, name), [&] { return inner_->get_xattr(name); });
  }
  Result<std::vector<std::string>> list_xattrs() override {
    return owner_.run(call(Operation::list_xattrs), [&] { return inner_->list_xattrs(); });
  }
  Status set_xattr(std::string_view name, std::string_view value, XattrMode mode) override {
    return owner_.run(call(Operation::set_xattr, name), [&] { return inner_->set_xattr(name, value, mode); });
  }
  Status remove_xattr(std::string_view name) override {
    return owner_.run(call(Operation::remove_xattr, name), [&] { return inner_->remove_xattr(name); });
  }
  Status sync() override {
    return owner_.run(call(Operation::sync), [&] { return inner_->sync(); });
  }

 private:
  void dispose() noexcept override;

  [[nodiscard]] FilesystemWrapper::Call call(Operation operation, std::string_view name = {}) {
    return {.operation = operation, .node = this, .name = name};
  }
  [[nodiscard]] Result<NodeRef> wrapped(Result<NodeRef> node) {
    return node ? owner_.wrap(*std::move(node)) : std::move(node);
  }

  FilesystemWrapper& owner_;
  const NodeRef inner_;
};

void WrapperNode::dispose() noexcept {
  auto& shard = owner_.table_->shard_of(inner_.get());
  {
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.nodes.find(inner_.get());
    if (found != shard.nodes.end() && found->second == this) shard.nodes.erase(found);
  }
  delete this;
}

FilesystemWrapper::FilesystemWrapper(FilesystemPtr inner)
    : inner_(std::move(inner)), table_(std::make_unique<Table>()) {}
FilesystemWrapper::~FilesystemWrapper() = default;

Status FilesystemWrapper::before(const Call& /*call*/) { return {}; }
void FilesystemWrapper::after(const Call& /*call*/, Status /*result*/) {}

NodeRef FilesystemWrapper::wrap(NodeRef inner) {
  const Node* const key = inner.get();
  Table::Shard& shard = table_->shard_of(key);
  const std::lock_guard lock(shard.mutex);
  WrapperNode*& slot = shard.nodes[key];
  // It holds `inner`, so nobody else can have got that one's address since.
  if (slot != nullptr && slot->try_add_ref()) return Ref<WrapperNode>::adopt(slot);
  Ref<WrapperNode> fresh = make_ref<WrapperNode>(*this, std::move(inner));
  slot = fresh.get();
  return fresh;
}

Node* FilesystemWrapper::unwrap(Node& node) const {
  const auto* const ours = dynamic_cast<const WrapperNode*>(&node);
  return ours != nullptr && &ours->owner() == this ? &ours->inner() : nullptr;
}

NodeRef FilesystemWrapper::root() { return wrap(inner_->root()); }

Result<StatFs> FilesystemWrapper::statfs() {
  return run({.operation = Operation::statfs}, [&] { return inner_->statfs(); });
}

Status FilesystemWrapper::room_for(std::uint64_t bytes, std::uint64_t inodes) {
  return run({.operation = Operation::room_for, .size = bytes},
             [&] { return inner_->room_for(bytes, inodes); });
}

std::string FilesystemWrapper::path_of(Node& node) {
  Node* const inner = unwrap(node);
  return inner == nullptr ? std::string() : inner_->path_of(*inner);
}

Origin FilesystemWrapper::origin(Node& node) {
  Node* const inner = unwrap(node);
  return inner == nullptr ? Origin{.source = describe()} : inner_->origin(*inner);
}

std::vector<LayerTrace> FilesystemWrapper::trace_node(Node& node) {
  Node* const inner = unwrap(node);
  return inner == nullptr ? std::vector<LayerTrace>{} : inner_->trace_node(*inner);
}

std::vector<LayerTrace> FilesystemWrapper::trace_path(std::string_view path) {
  return inner_->trace_path(path);
}

Result<UpperChanges> FilesystemWrapper::changes(Node& directory) {
  Node* const inner = unwrap(directory);
  return inner == nullptr ? fail(Errc::enotsup) : inner_->changes(*inner);
}

}  // namespace wasifs
