// What ranks exchange, on ranks that are threads.

#include "core/ranks/ranks.h"

#include <doctest/doctest.h>

#include <cmath>
#include <mutex>

#include "core/base/bytes.h"
#include "support/thread_ranks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/ranks/ranks");

namespace {

std::vector<float> values_of(std::int64_t rank, std::int64_t count) {
  std::vector<float> values(count);
  for (std::int64_t i = 0; i < count; ++i) values[i] = std::sin(1.0f + rank + 0.37f * i) / 3.0f;
  return values;
}

}  // namespace

TEST_CASE("every rank gets the bytes of all, and those of the first") {
  on_ranks(3, [](Ranks& ranks) {
    const auto all = ranks.gather("words", std::string(ranks.rank(), 'x'));
    CHECK(all == std::vector<std::string>{"", "x", "xx"});
    CHECK(ranks.of_first("number", 0.1 + static_cast<double>(ranks.rank())) == 0.1);
    CHECK(ranks.any("flags", ranks.rank() == 2));
    CHECK_FALSE(ranks.any("flags", false));
  });
}

// ((0 + 1) + (2 + 3)) + 4, also where a range is short or empty.
TEST_CASE("floats are added up in a fixed tree, and every rank's range is given to all") {
  for (const std::int64_t size : {1, 2, 3, 4, 5, 8}) {
    for (const std::int64_t count : {std::int64_t{1}, size, 3 * size + 1, std::int64_t{1000}}) {
      std::vector<std::vector<float>> sums;
      for (std::int64_t r = 0; r < size; ++r) sums.push_back(values_of(r, count));
      for (std::int64_t apart = 1; apart < size; apart *= 2)
        for (std::int64_t r = 0; r + apart < size; r += 2 * apart)
          for (std::int64_t i = 0; i < count; ++i) sums[r][i] += sums[r + apart][i];
      on_ranks(size, [&](Ranks& ranks) {
        std::vector<float> values = values_of(ranks.rank(), count);
        std::vector<std::int64_t> cuts = {0};
        for (std::int64_t r = 1; r < size; ++r) cuts.push_back(r / 2 * count / size);
        cuts.push_back(count);
        ranks.add_up("numbers", values, cuts);
        for (std::int64_t i = cuts[ranks.rank()]; i < cuts[ranks.rank() + 1]; ++i)
          REQUIRE(values[i] == sums.front()[i]);
        ranks.share_ranges("numbers", values, cuts);
        CHECK(values == sums.front());
      });
    }
  }
}

TEST_CASE("parts are contiguous, and together they are all") {
  on_ranks(3, [](Ranks& ranks) {
    const auto [first, last] = ranks.part_of(10);
    CHECK(first == (std::vector<std::int64_t>{0, 3, 6})[ranks.rank()]);
    CHECK(last == (std::vector<std::int64_t>{3, 6, 10})[ranks.rank()]);
    CHECK(ranks.part_of(0).last == 0);
  });
}

TEST_CASE("what fails on one rank ends all, and that rank says why") {
  std::mutex mutex;
  std::vector<std::string> said(3);
  on_ranks(3, [&](Ranks& ranks) {
    try {
      ranks.together("work", [&] {
        if (ranks.rank() >= 1) throw Error("no such file", "look for it");
      });
      FAIL("it went on");
    } catch (const LostRank& e) {
      const std::lock_guard lock(mutex);
      CHECK(e.is_told());
      said[ranks.rank()] = "nothing";
    } catch (const Error& e) {
      const std::lock_guard lock(mutex);
      said[ranks.rank()] = e.what();
    }
  });
  CHECK(said ==
        std::vector<std::string>{"nothing", "rank 1 on host here: no such file", "nothing"});
}

TEST_CASE("ranks that differ are named by the first one") {
  std::vector<std::string> said(3);
  on_ranks(3, [&](Ranks& ranks) {
    CHECK_NOTHROW(ranks.agree("kernels", "avx2"));
    try {
      ranks.agree("kernels", ranks.rank() == 2 ? "avx512" : "avx2");
    } catch (const LostRank&) {
      said[ranks.rank()] = "nothing";
    } catch (const Failure& e) {
      said[ranks.rank()] = e.what();
    }
  });
  CHECK(said ==
        std::vector<std::string>{"rank 2 on host here has another kernels than rank 0 on host "
                                 "here: \"avx512\", not \"avx2\"",
                                 "nothing", "nothing"});
}

TEST_CASE("of texts that differ the first line is named, also one that is missing") {
  for (const auto& [text, line] : std::vector<std::pair<std::string, std::string>>{
           {"a: 1\nb: 3\nc: 4\n", "\"b: 3\", not \"b: 2\""},
           {"a: 1\n", "\"nothing\", not \"b: 2\""},
           {"a: 1\nb: 2\nc: 3\n", "\"c: 3\", not \"nothing\""}}) {
    on_ranks(2, [&](Ranks& ranks) {
      try {
        ranks.agree("settings", ranks.is_first() ? "a: 1\nb: 2\n" : text);
        FAIL("they agree");
      } catch (const Failure& e) {
        if (ranks.is_first()) CHECK(std::string(e.what()).ends_with(": " + line));
      }
    });
  }
}

TEST_CASE("what each rank wrote is read by all, by rank") {
  on_ranks(3, [](Ranks& ranks) {
    ByteWriter own;
    for (std::int64_t i = 0; i < ranks.rank(); ++i) {
      own.put(10 * ranks.rank() + i);
      own.put(std::string(i, 'x'));
    }
    std::vector<std::int64_t> numbers;
    ranks.share("words", own, [&](ByteReader& in) {
      numbers.push_back(in.get<std::int64_t>());
      CHECK(std::ssize(in.get_text()) == numbers.back() % 10);
    });
    CHECK(numbers == std::vector<std::int64_t>{10, 20, 21});
  });
}

TEST_CASE("a rank's mistakes are all told, with its name") {
  std::mutex mutex;
  std::vector<std::string> said;
  on_ranks(2, [&](Ranks& ranks) {
    try {
      ranks.together("work", [&] {
        if (ranks.rank() == 1) throw Errors({Error("no seed"), Error("no task", "name one")});
      });
    } catch (const Errors& e) {
      const std::lock_guard lock(mutex);
      for (const Error& one : e.all()) said.push_back(std::string(one.what()) + ": " + one.hint());
    } catch (const LostRank&) {
    }
  });
  CHECK(said == std::vector<std::string>{"rank 1 on host here: no seed: ",
                                         "rank 1 on host here: no task: name one"});
}

TEST_CASE("one process exchanges nothing") {
  Ranks& alone = one_process();
  CHECK_FALSE(alone.are_many());
  CHECK(alone.gather("words", "a") == std::vector<std::string>{"a"});
  std::vector<float> values = {1, 2, 3};
  alone.add_up("numbers", values, {0, std::ssize(values)});
  CHECK(values == std::vector<float>{1, 2, 3});
  CHECK_THROWS_WITH_AS(alone.together("work", [] { throw Error("mine"); }), "mine", Error);
}
