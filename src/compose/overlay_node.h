// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compose/lasting_upper.h"
#include "compose/layer_node.h"
#include "compose/merged_index.h"
#include "compose/merged_node.h"
#include "compose/overlay.h"
#include "compose/overlay_table.h"
#include "wasifs/node.h"

namespace wasifs {

class OverlayNode;

/// What a lasting upper's marks say of a directory, or of a file that was copied up;
/// see OverlayMarks.
struct Remembered {
  OverlayMarks::Directory directory = {};
  std::int32_t more_links = 0;  ///< names that the upper has not, minus ours in "wasifs-links"
  std::string links_key = {};
};

/// A node of an overlay as its layers have it.
struct Parts {
  NodeRef upper = nullptr;                      ///< may be null
  LayerNodes lowers = {};                       ///< what merges below it
  std::unique_ptr<Remembered> remembered = {};  ///< null: nothing
  bool ask_origin = false;                      ///< the upper may say what it was copied up from
};

/// What something takes of an upper; see Filesystem::room_for().
struct UpperRoom {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
};

/// What a copy-up does with the bytes of a regular file.
enum class Content : std::uint8_t {
  copied,
  none,   ///< they are about to be thrown away
  later,  ///< they are not about to change: the lower's serve until then, where the upper allows
};

/// What the nodes of one overlay share.
///
/// Lock order in this folder, outermost first:
///   1. OverlayNode::copy_lock_, of files by address and before a directory's, of
///      which one is held at a time (a Tree's OpenLimits::growth_lock() is outside);
///   2. OverlayState::rename_lock;
///   3. OverlayNode::lock_: directories first, an ancestor before what lies below
///      it and unrelated ones by address (two of them only under rename_lock),
///      then other nodes;
///   4. OverlayState::links_lock;
///   5. the layers' own locks; a shard of OverlayTable.
/// Nothing here is held while a caller's callback runs.
struct OverlayState : OverlayLayers {
  OverlayOptions options;
  OverlayMarks marks;
  std::unique_ptr<LastingUpper> lasting;  ///< null: deletions are state of the nodes
  std::mutex rename_lock;
  /// Over a lasting upper a file with several names in a lower is found by its entry
  /// among the copied hard links, and these names may be of directories that have no
  /// lock in common. Shared from the search for the entry until the node is in `table`;
  /// alone from when there is an entry until the node has its upper.
  SmallSharedMutex links_lock;
  OverlayTable table;
  MergedIndexes merges;

  ~OverlayState();

  explicit OverlayState(const OverlayOptions& how) : options(how), marks(how.marks) {}

  /// The node that `parts` make up, found by the topmost of them. `parent` and
  /// `name`: where a copy-up would put it.
  [[nodiscard]] Result<Ref<OverlayNode>> node_for(Parts parts, Ref<OverlayNode> parent,
                                                  std::string_view name);
  /// A regular file of the upper without a name.
  [[nodiscard]] Result<LastingUpper::PreparedFile> new_file(Node& near, const NewNode& spec) const;
  /// The lower's number in the words of a mark: layers are counted from the lowest,
  /// so that a new one on top changes nothing.
  [[nodiscard]] OverlayMarks::Origin origin_of(const LayerNode& lower, std::uint64_t ino) const {
    return {.layer = static_cast<std::uint32_t>(lowers.size()) - lower.layer, .ino = ino, .links_key = {}};
  }
  /// What a lower node with several names is called in the directory of hard links:
  /// another one where it is not what it was.
  [[nodiscard]] std::string links_key(const LayerNode& lower, const Attr& attr) const;
  /// True if an attribute is not for users.
  [[nodiscard]] bool is_mark(std::string_view attribute) const {
    return any_marked && marks.is_mark(attribute);
  }

 private:
  [[nodiscard]] Result<std::uint64_t> number(Parts& parts, const Attr& top) const;
};

struct Overlay::State : OverlayState {
  using OverlayState::OverlayState;
  ~State() { root = nullptr; }  // `fixed` has it

  std::unique_ptr<MergedTree> fixed;  ///< all of it, where nothing can change; else null
};

/// An object of an overlay: an upper node, lower nodes, or both. Directories
/// merge all of them; anything else is its topmost.
///
/// The upper appears at most once (copy-up) and then stays, so it is read
/// without a lock. Lowers never change. What else an overlay has to remember is
/// in the node itself, in a part that most have not: which names of a directory show
/// nothing of the lowers, and by how much the link count differs from the lower's. A
/// node that has any of this cannot be made again from the layers, so it is *pinned*:
/// kept until its last name is gone. Over a lasting upper nothing is pinned: there the
/// marks say all that is needed to make a node again.
///
/// There is one for every inode that a kernel remembers, so its size counts: 88 bytes
/// and behind them those of the name.
class OverlayNode final : public LayeredNode {
 public:
  [[nodiscard]] static Ref<OverlayNode> make(OverlayState& state, std::uint64_t ino, Parts parts,
                                             Ref<OverlayNode> parent, std::string_view name);
  ~OverlayNode() override;
  static void operator delete(void* memory) { ::operator delete(memory); }

  /// What it was made from, which is where OverlayTable has it.
  [[nodiscard]] OverlayTable::Key key() const {
    return born_in_upper_ ? OverlayTable::Key{0, upper()} : OverlayTable::Key::of(lowers_.front());
  }

  [[nodiscard]] std::uint64_t ino() const { return ino_; }
  [[nodiscard]] const OverlayLayers& layers() const override { return state_; }
  [[nodiscard]] std::vector<LayerNode> parts() const override;
  [[nodiscard]] LayeredNode::Location location() const override;
  [[nodiscard]] bool hides(std::string_view name) const override;
  /// Null before copy-up.
  [[nodiscard]] Node* upper() const { return upper_.load(std::memory_order_acquire); }
  /// Null as long as the content of a regular file is the lower's.
  [[nodiscard]] Node* content_upper() const {
    Node* const node = upper();
    return (flags_.load(std::memory_order_acquire) & kContentBelow) != 0 ? nullptr : node;
  }

  Result<Attr> attr() override;
  Status set_attr(const SetAttr& change) override;
  Result<NodeRef> lookup(std::string_view name) override;
  Result<DirPtr> open_dir() override;
  Result<FilePtr> open(OpenFlags flags) override;
  Result<Link> read_link() override;
  bool sealed() const override { return top().sealed(); }
  Result<NodeRef> create(std::string_view name, const NewNode& spec) override;
  Result<NodeRef> create_anonymous(const NewNode& spec) override;
  Status link(std::string_view name, Node& target) override;
  Status unlink(std::string_view name) override;
  Status rmdir(std::string_view name) override;
  Status rename(std::string_view name, Node& new_parent, std::string_view new_name, RenameMode mode) override;
  Result<std::string> get_xattr(std::string_view name) override;
  Result<std::vector<std::string>> list_xattrs() override;
  Status set_xattr(std::string_view name, std::string_view value, XattrMode mode) override;
  Status remove_xattr(std::string_view name) override;
  Status sync() override { return top().sync(); }

  /// Makes sure that all of `nodes` have an upper, with the parents they need.
  /// Atomic: an upper appears complete, and where there is no room for all of
  /// them and for `also`, none appears.
  [[nodiscard]] static Status copy_up_all(std::span<OverlayNode* const> nodes, UpperRoom also = {});
  [[nodiscard]] Status copy_up(UpperRoom also = {});
  /// Applies `change` to the upper, which appears with the change made or, where
  /// that fails, not at all. `also`: what `change` takes of a node that is no
  /// regular file. eperm where a lower is sealed: its copy would not be, so only a
  /// rename makes one.
  [[nodiscard]] Status change_upper(Content content, FunctionRef<Status(Node&)> change, UpperRoom also = {});

  struct Item {
    std::string name;
    std::uint64_t ino;
    FileType type;
  };
  /// The merged listing, in no particular order, each name once.
  [[nodiscard]] Result<std::vector<Item>> list();

 protected:
  void dispose() noexcept override;

 private:
  friend struct OverlayState;
  friend class LowerSearch;
  friend class OverlayChanges;
  friend class OverlayCopyUp;
  friend class OverlayRename;
  friend class OverlayLastingDir;
  friend class OverlayOpenDir;
  friend class OverlayFile;
  using Lock = std::unique_lock<SmallSharedMutex>;
  using SharedLock = std::shared_lock<SmallSharedMutex>;
  struct Location {
    Ref<OverlayNode> parent;  ///< null: the root, or no name any more
    std::string name;

    [[nodiscard]] bool is_of(const OverlayNode& node) const {
      return node.parent_ == parent && (parent == nullptr || node.name() == name);
    }
  };
  using Names = std::set<std::string, std::less<>>;
  static constexpr std::int64_t kUncounted = -1;
  /// What changed nodes and directories have beside the layers; lock_ guards it.
  struct OwnState {
    std::string name = {};          ///< since the node has another one than at first
    bool renamed = false;           ///< `name` counts
    bool removed = false;           ///< a directory that rmdir or rename took away
    bool layer_rooted = false;      ///< of a symlink that was copied up: Link::layer_rooted of the lower
    std::uint32_t lower_links = 0;  ///< link count of the lower when it was copied up
    std::int32_t extra_links = 0;   ///< names added here minus names removed here
    Names hidden = {};              ///< names of a directory that show nothing of its lowers
    /// Subdirectories of the merged directory, kUncounted until somebody asks.
    std::atomic<std::int64_t> subdirectories{kUncounted};
    std::atomic<const MergedIndex*> index{nullptr};  ///< null: not asked for, or there is none
    /// Of a lasting upper; a file that was not copied up has none. The redirect changes
    /// under rename_lock as well, and is read under either lock.
    std::unique_ptr<Remembered> remembered = {};
  };

  OverlayNode(OverlayState& state, FileType type, std::uint64_t ino, Parts parts, Ref<OverlayNode> parent,
              std::string_view name);

  /// Whether it was set.
  bool set_flag(std::uint8_t flag, bool value) {
    const int before = value ? flags_.fetch_or(flag) : flags_.fetch_and(static_cast<std::uint8_t>(~flag));
    return (before & flag) != 0;
  }
  [[nodiscard]] const OwnState& own() const {
    const OwnState* const own = own_.load(std::memory_order_acquire);
    return own != nullptr ? *own : kNone;
  }
  /// Made where there is none.
  [[nodiscard]] OwnState& make_own() const;
  /// Null: nothing.
  [[nodiscard]] Remembered* remembered() const { return own().remembered.get(); }
  /// Under which a copy-up would put it, as long as there is a parent_; with lock_ held.
  [[nodiscard]] std::string_view name() const {
    if (own().renamed) return own().name;
    return {reinterpret_cast<const char*>(this) + sizeof(OverlayNode), first_name_size_};
  }
  void set_name(std::string_view name);

  /// What answers for this node: the upper, else the topmost lower.
  [[nodiscard]] Node& top() const;
  [[nodiscard]] LayerNode top_lower() const { return lowers_.empty() ? LayerNode{} : lowers_.front(); }
  [[nodiscard]] Location place() const;
  /// Those of the lowers that can never change.
  [[nodiscard]] std::span<const LayerNode> fixed_lowers() const;
  /// Of those, if they are several or have marks, and can be listed; else null.
  [[nodiscard]] const MergedIndex* index() const;
  /// That, if it says all that there is to this directory; with lock_ held.
  [[nodiscard]] const MergedIndex* sole_index() const;

  // With lock_ held:
  [[nodiscard]] Result<Ref<OverlayNode>> find(std::string_view name);
  /// What the lowers have of the name, or of what `redirect` says instead of it.
  /// `known`: may take what is known under the name; the search then ends, and gives nothing.
  [[nodiscard]] Result<LayerNodes> find_lowers(std::string_view name, std::string_view redirect = {},
                                               Ref<OverlayNode>* known = nullptr) const;
  /// Adds the upper of a lower file that was copied up under another of its names.
  /// Where it may be, `linking` has links_lock afterwards.
  [[nodiscard]] Status find_copied_link(Parts& parts, SharedLock& linking) const;
  [[nodiscard]] bool hidden(std::string_view name) const { return own().hidden.contains(name); }
  [[nodiscard]] Result<std::vector<Item>> list_locked();
  [[nodiscard]] Result<std::uint64_t> number_in_upper(Node& upper_node, const DirEntry& entry);
  [[nodiscard]] Status check_empty();
  /// True if creating `spec` at this node's name hides it instead of failing.
  [[nodiscard]] bool may_be_hidden_by(const NewNode& spec) const;
  [[nodiscard]] Result<NodeRef> create_in_upper(std::string_view name, const NewNode& spec);
  [[nodiscard]] Status link_in_upper(std::string_view name, OverlayNode& node);
  /// False where something has to be copied up before a name of `node` can go.
  [[nodiscard]] Result<bool> may_lose_name(OverlayNode& node) const;
  /// Over a lasting upper: `name` of the file `node` has no entry in it.
  [[nodiscard]] bool is_below_alone(std::string_view name, const OverlayNode& node) const;
  /// Takes the name of `node`, which may be in lowers alone, away.
  [[nodiscard]] Status remove_in_upper(std::string_view name, OverlayNode& node);
  /// True if taking `name` away needs a whiteout: a lower has it and it is not
  /// hidden yet. The part of hiding that can fail, to be asked before the upper
  /// is changed.
  [[nodiscard]] Result<bool> needs_hiding(std::string_view name) const;
  void hide(std::string_view name);
  /// Sees to it that the upper directory holds `child` under `name`: a further
  /// hard link of a lower file has no entry there yet.
  [[nodiscard]] Status materialise(std::string_view name, OverlayNode& child);
  /// Makes of the attributes of top() those of this node.
  [[nodiscard]] Status show(Attr& attr);
  [[nodiscard]] Result<std::uint32_t> directory_links();
  /// A subdirectory came (1) or went (-1); with lock_ held alone.
  void count_subdirectory(int change);

  /// One name of `this` went away (or, for an exchange or link, came).
  void lost_name(const OverlayNode& parent, std::string_view name);
  void gained_name(OverlayNode& parent, std::string_view name);
  /// Over a lasting upper: how many more names there are than top() has; with lock_ held.
  [[nodiscard]] std::int64_t more_links() const;
  /// How many names a node with lowers has; with lock_ held, and without.
  [[nodiscard]] std::int64_t names_left() const;
  [[nodiscard]] std::int64_t names_left_now() const;
  void mark_removed();

  // What a lasting upper has to be told, before what it is about happens.
  /// Holds a child that came from a lower.
  [[nodiscard]] Status note_impure();
  [[nodiscard]] bool from_lower() const;
  /// How many names there are that the upper has not, after they changed: a count that
  /// is too low would drop the entry of a file that has names left.
  void note_links(std::int32_t change);
  void note_links_held(std::int32_t change);
  /// Of a copy that nobody sees yet: where it comes from, and its entry in the
  /// directory of hard links. Returns what is then remembered of it.
  [[nodiscard]] Result<std::unique_ptr<Remembered>> note_origin(Node& copy, const Attr& lower) const;
  /// The copy is about to get its name: the last that is to be on the disk before.
  [[nodiscard]] Status announce(OverlayNode& parent, Node& copy);
  /// It did not get it.
  void take_back();

  // Parts of a copy-up; see OverlayCopyUp.
  [[nodiscard]] Result<UpperRoom> room_needed();
  struct Staged {
    LastingUpper::PreparedFile file;
    std::unique_ptr<Remembered> remembered;
    bool content_below = false;
  };
  [[nodiscard]] Result<Staged> make_file(Content content);
  /// Applies `change` to the upper, with the content that an earlier copy-up has left
  /// below if that is needed now; where it fails, the content still is below.
  [[nodiscard]] Status bring_content(Content content, FunctionRef<Status(Node&)> change);
  [[nodiscard]] Result<NodeRef> make_other(OverlayNode& parent, std::string_view name);
  [[nodiscard]] Result<NodeRef> make_lasting(OverlayNode& parent, std::string_view name, const NewNode& spec,
                                             const Attr& lower);
  /// False: the upper has the content now; true: it is left below.
  [[nodiscard]] Result<bool> copy_content(Node& to, Content content) const;
  /// `from`: the lower's, as they were before anything was read.
  [[nodiscard]] Status copy_metadata(Node& to, const Attr& from);
  void publish(NodeRef upper);
  void pin();
  void unpin();

  static const OwnState kNone;

  /// The upper of a regular file has no content of its own yet. Set before the upper
  /// appears, cleared once, under copy_lock_.
  static constexpr std::uint8_t kContentBelow = 1;
  static constexpr std::uint8_t kPinned = 2;

  // The first members lie in what the base class leaves of its last word.
  std::atomic<std::uint8_t> flags_{0};
  const bool born_in_upper_;
  const std::uint8_t first_name_size_;
  SmallSharedMutex copy_lock_;  ///< held by the thread that copies this node up
  mutable SmallSharedMutex lock_;
  OverlayState& state_;
  const std::uint64_t ino_;
  const LayerNodes lowers_;
  std::atomic<Node*> upper_;  ///< owned; null before copy-up
  Ref<OverlayNode> parent_;
  mutable std::atomic<OwnState*> own_{nullptr};
};

}  // namespace wasifs
