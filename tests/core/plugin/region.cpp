#include "core/plugin/worker/region.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "core/plugin/worker/wire.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/region");

TEST_CASE("the memory of host and worker keeps its size") {
  const WireRegion region;
  CHECK(::ftruncate(region.fd(), 0) != 0);
  CHECK(::ftruncate(region.fd(), static_cast<off_t>(2 * WireRegion::kSize)) != 0);
  CHECK(::fcntl(region.fd(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
  CHECK(::fcntl(region.fd(), F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
}

TEST_CASE("a reply is copied once, in no larger size than is possible") {
  WireRegion region;
  region.reply()[0] = 'a';
  region.header().status = WireStatus::ok;
  region.header().reply_size = 1;
  const WireReply reply = region.take_reply(100);
  region.reply()[0] = 'b';
  CHECK(reply.size == 1);
  CHECK(reply.bytes[0] == 'a');
  region.header().reply_size = 101;
  CHECK_THROWS_WITH_AS(region.take_reply(100), "it has 101 bytes, at most 100 are possible",
                       BrokenMessage);
}

TEST_CASE("two mappings of one region share its memory") {
  WireRegion host;
  WireRegion worker(::dup(host.fd()));
  CHECK(worker.fd() < 0);  // the descriptor is closed
  std::strcpy(host.request(), "question");
  CHECK(std::string(worker.request()) == "question");
  worker.header().cursor = 5;
  CHECK(host.header().cursor == 5);
  worker.reply()[WireRegion::kArea - 1] = 'z';
  CHECK(host.reply()[WireRegion::kArea - 1] == 'z');
}

TEST_CASE("turns pass to and fro between two sides") {
  WireRegion host;
  WireRegion worker(::dup(host.fd()));
  host.header().turn = kWireHost;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      worker.wait_turn(kWireWorker, -1);
      worker.reply()[0] = static_cast<char>(worker.request()[0] + 1);
      worker.pass_turn(kWireHost);
    }
  });
  int right = 0;
  for (int i = 0; i < 100; ++i) {
    host.request()[0] = static_cast<char>(i);
    host.pass_turn(kWireWorker);
    while (!host.wait_turn(kWireHost, 5)) {
    }
    right += host.reply()[0] == i + 1 ? 1 : 0;
  }
  other.join();
  CHECK(right == 100);
}

TEST_CASE("waiting for a turn that does not come ends") {
  WireRegion region;
  region.header().turn = kWireWorker;
  CHECK_FALSE(region.wait_turn(kWireHost, 0.01));
  CHECK(region.wait_turn(kWireWorker, 0.01));
}
