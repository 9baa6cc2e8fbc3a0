// SPDX-License-Identifier: Apache-2.0
#include "fuse/agreement.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "fuse/libfuse.h"
#include "fuse/protocol.h"
#include "fuse/request_counts.h"
#include "wasifs/tree.h"

namespace wasifs::fuse {
namespace {

/// An INIT as the kernel sends it.
std::string offer(std::uint32_t flags, std::uint32_t flags2) {
  fuse_in_header header{};
  fuse_init_in body{};
  body.flags = flags;
  body.flags2 = flags2;
  std::string request(sizeof header + sizeof body, '\0');
  std::memcpy(request.data(), &header, sizeof header);
  std::memcpy(request.data() + sizeof header, &body, sizeof body);
  return request;
}

/// What becomes of libfuse's answer.
fuse_init_out completed(Agreement& agreement) {
  fuse_init_out answer{};
  answer.flags = FUSE_BIG_WRITES;
  agreement.complete(&answer, sizeof answer);
  return answer;
}

std::uint32_t depth_of(const fuse_init_out& answer) {
  InitAnswer known{};
  std::memcpy(&known, &answer, sizeof known);
  return known.max_stack_depth;
}

TEST(Agreement, TakesWhatTheKernelOffersAndLibfuseDoesNotKnow) {
  Agreement agreement;
  agreement.passthrough = true;
  agreement.note_offer(offer(FUSE_INIT_EXT | FUSE_HANDLE_KILLPRIV_V2, kPassthroughFlag2));
  const fuse_init_out answer = completed(agreement);
  EXPECT_EQ(answer.flags, std::uint32_t{FUSE_BIG_WRITES | FUSE_INIT_EXT | FUSE_HANDLE_KILLPRIV_V2});
  EXPECT_EQ(answer.flags2, kPassthroughFlag2);
  EXPECT_EQ(depth_of(answer), 1U);
  EXPECT_TRUE(agreement.passthrough);
  EXPECT_TRUE(agreement.kills_privileges);
}

TEST(Agreement, AsksForNothingThatAnOlderKernelDoesNotOffer) {
  Agreement agreement;
  agreement.passthrough = true;
  // Without FUSE_INIT_EXT what stands at the place of more flags means nothing.
  agreement.note_offer(offer(0, kPassthroughFlag2));
  const fuse_init_out answer = completed(agreement);
  EXPECT_EQ(answer.flags, std::uint32_t{FUSE_BIG_WRITES});
  EXPECT_EQ(answer.flags2, 0U);
  EXPECT_EQ(depth_of(answer), 0U);
  EXPECT_FALSE(agreement.passthrough);
  EXPECT_FALSE(agreement.kills_privileges);
}

TEST(Agreement, AsksForNoPassthroughThatIsNotWanted) {
  Agreement agreement;
  agreement.note_offer(offer(FUSE_INIT_EXT, kPassthroughFlag2));
  EXPECT_EQ(completed(agreement).flags2, 0U);
}

TEST(Agreement, ReadsAndWritesWithinWhatThereIs) {
  Agreement agreement;
  agreement.passthrough = true;
  const std::string whole = offer(FUSE_INIT_EXT | FUSE_HANDLE_KILLPRIV_V2, kPassthroughFlag2);
  for (std::size_t length = 0; length <= whole.size(); ++length) agreement.note_offer({whole.data(), length});
  std::string answer(sizeof(InitAnswer) - 1, '\x55');
  agreement.complete(answer.data(), answer.size());
  EXPECT_EQ(answer, std::string(answer.size(), '\x55'));
}

struct Negotiated {
  Agreement agreement;
  unsigned want;
};

Negotiated negotiate(MountOptions mount, const ViewOptions& view, unsigned capable = ~0U) {
  const Tree tree{MountTable(std::make_shared<MemoryFilesystem>(), std::move(mount))};
  fuse_conn_info connection{};
  connection.capable = capable;
  Negotiated result{};
  result.agreement.negotiate(tree, view, connection);
  result.want = connection.want;
  return result;
}

TEST(Agreement, OpensAreNotAskedForWhereNothingCouldComeOfIt) {
  const ViewOptions sole{.sole_writer = true};
  EXPECT_FALSE(negotiate({}, sole).agreement.asks_opens);
  EXPECT_FALSE(negotiate({}, sole).agreement.asks_opendirs);
  EXPECT_EQ(negotiate({}, sole).want & FUSE_CAP_ATOMIC_O_TRUNC, 0U) << "no open comes with it";
  EXPECT_TRUE(negotiate({.caching = Caching::none}, sole).agreement.asks_opens);
  EXPECT_TRUE(negotiate({.caching = Caching::none}, sole).agreement.asks_opendirs);
  EXPECT_TRUE(
      negotiate({}, sole, ~(FUSE_CAP_NO_OPEN_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT)).agreement.asks_opens);
  EXPECT_TRUE(negotiate({}, {}).agreement.asks_opendirs) << "listings of what others change are not kept";
}

TEST(Agreement, WritebackAndPassthroughExcludeEachOther) {
  const ViewOptions both{
      .sole_writer = true, .writeback = true, .passthrough = ViewOptions::Passthrough::preferred};
  EXPECT_TRUE(negotiate({}, both).agreement.writeback);
  EXPECT_FALSE(negotiate({}, both).agreement.passthrough);
  ViewOptions shared = both;
  shared.sole_writer = false;
  EXPECT_FALSE(negotiate({}, shared).agreement.writeback) << "the kernel would not see others' changes";
}

TEST(RequestCounts, AreCalledAsInTheProtocol) {
  RequestCounts counts;
  EXPECT_EQ(counts.json(), "{}");
  for (const std::uint32_t opcode : {1U, 1U, 15U, 52U, 49U}) counts.count(opcode);
  EXPECT_EQ(counts.json(), R"({"lookup":2,"read":1,"opcode_49":1,"statx":1})");
  counts.count(4711);
  EXPECT_EQ(counts.json(), R"({"opcode_0":1,"lookup":2,"read":1,"opcode_49":1,"statx":1})");
}

}  // namespace
}  // namespace wasifs::fuse
