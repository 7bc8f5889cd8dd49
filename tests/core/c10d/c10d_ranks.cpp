// Ranks over the engine itself: threads of this process that meet through a file.

#include "core/c10d/c10d_ranks.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <thread>
#include <vector>

#include "support/nccl/cuda_runtime_api.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/c10d/c10d_ranks");

namespace {

RankPlace place_of(std::int64_t rank, std::int64_t size) {
  return {.rank = rank, .size = size, .launcher = "test", .job = "test-1"};
}

}  // namespace

TEST_CASE("ranks meet through a file, exchange bytes and floats, and leave nothing behind") {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  for (std::int64_t r = 0; r < 3; ++r) {
    threads.emplace_back([&, r] {
      const auto ranks =
          meet_ranks(place_of(r, 3), {.limit = std::chrono::seconds(60), .folder = folder.path()});
      CHECK(ranks->rank() == r);
      const std::vector<std::string> words = {"", "one", std::string(100000, 'x')};
      CHECK(ranks->gather("words", words[r]) == words);
      CHECK(ranks->gather("nothing", "") == std::vector<std::string>(3));
      std::vector<float> values(1001, 0.1f * static_cast<float>(r + 1));
      const std::vector<std::int64_t> cuts = {0, 1, 500, 1001};
      ranks->add_up("numbers", values, cuts);
      ranks->share_ranges("numbers", values, cuts);
      Ranks& aside = ranks->aside();
      std::vector<std::string> on_thread;
      std::thread other([&] {
        for (int i = 0; i < 50; ++i) on_thread = aside.gather("words", std::to_string(r + i));
      });
      for (int i = 0; i < 50; ++i) CHECK(ranks->gather("words", words[r]) == words);
      other.join();
      CHECK(on_thread == std::vector<std::string>{"49", "50", "51"});
      CHECK(values == std::vector<float>(1001, (0.1f * 1.0f + 0.1f * 2.0f) + 0.1f * 3.0f));
      CHECK(ranks->name_of(2).starts_with("rank 2 on host "));
      ranks->gather("the end", "");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(fs::is_empty(folder.path()));
}

// NCCL's place takes a group of threads (tests/support/nccl).
TEST_CASE("ranks with a GPU each swap through NCCL, to the same sums; others through their hosts") {
  for (const bool is_shared : {false, true}) {
    CAPTURE(is_shared);
    const TemporaryFolder folder;
    std::vector<std::thread> threads;
    for (std::int64_t r = 0; r < 3; ++r) {
      threads.emplace_back([&, r] {
        gpu_of_thread = is_shared ? 0 : static_cast<int>(r);
        const auto ranks = meet_ranks(place_of(r, 3),
                                      {.limit = std::chrono::seconds(60), .folder = folder.path()});
        CHECK(ranks->use_gpus() == !is_shared);
        std::vector<float> values(1001, 0.1f * static_cast<float>(r + 1));
        const std::vector<std::int64_t> cuts = {0, 1, 500, 1001};
        ranks->add_up("numbers", values, cuts);
        ranks->share_ranges("numbers", values, cuts);
        CHECK(values == std::vector<float>(1001, (0.1f * 1.0f + 0.1f * 2.0f) + 0.1f * 3.0f));
        CHECK(ranks->traffic().sent > 0);  // which also waits for the others
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

TEST_CASE("a rank that does not come is named within the limit") {
  const TemporaryFolder folder;
  const MeetingOptions soon{.limit = std::chrono::seconds(1), .folder = folder.path()};
  CHECK_THROWS_WITH_AS(meet_ranks(place_of(0, 2), soon),
                       "rank 1 did not come within 1 s: of 2 ranks, 1 are there", LostRank);
  CHECK_THROWS_AS(meet_ranks(place_of(1, 2), soon), LostRank);
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a rank that ended is named by the first one, and only there") {
  const TemporaryFolder folder;
  std::vector<std::string> said(3);
  std::vector<std::thread> threads;
  for (std::int64_t r = 0; r < 3; ++r) {
    threads.emplace_back([&, r] {
      const auto ranks =
          meet_ranks(place_of(r, 3), {.limit = std::chrono::seconds(60), .folder = folder.path()});
      if (r == 2) return;
      try {
        ranks->gather("words", "a");
      } catch (const LostRank& e) {
        said[r] = e.is_told() ? "nothing" : e.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(said[0].starts_with("rank 2 on host "));
  CHECK(said[0].find("did not come to the exchange of words") != std::string::npos);
  CHECK(said[1] == "nothing");
}

TEST_CASE("a network interface that there is not is told once, by the first rank") {
  const TemporaryFolder folder;
  std::vector<std::string> said(2);
  std::vector<std::thread> threads;
  for (std::int64_t r = 0; r < 2; ++r) {
    threads.emplace_back([&, r] {
      try {
        meet_ranks(
            place_of(r, 2),
            {.limit = std::chrono::seconds(60), .interface = "none9", .folder = folder.path()});
      } catch (const LostRank& e) {
        said[r] = e.is_told() ? "nothing" : e.what();
      } catch (const Error& e) {
        said[r] = std::string(e.what()) + " | " + e.hint();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(said[0].starts_with("rank 0 on host "));
  CHECK(said[0].find(" has no network interface \"none9\" that is up | it has ") !=
        std::string::npos);
  CHECK(said[1] == "nothing");
}

// The file is as rank 0 of another machine would leave it, which Debian calls 127.0.1.1.
TEST_CASE("a first rank of another host with a loopback address is refused before any wait") {
  for (const auto& [host, address] :
       {std::pair("127.0.0.2", ""), std::pair("far.invalid", "127.0.1.1")}) {
    const TemporaryFolder folder;
    write_file_atomically(
        folder / ".ranks-test-1",
        fmt::format(R"({{"host": "{}", "port": 9, "address": "{}"}})", host, address));
    try {
      meet_ranks(place_of(1, 2), {.limit = std::chrono::seconds(60), .folder = folder.path()});
      FAIL("they met");
    } catch (const LostRank& e) {
      CHECK_FALSE(e.is_told());
      CHECK(std::string(e.what()).find(fmt::format(" cannot reach rank 0 on host {}: its address "
                                                   "is ",
                                                   host)) != std::string::npos);
      CHECK(e.hint().starts_with("choose a network with --ranks-interface NAME"));
    }
  }
}
