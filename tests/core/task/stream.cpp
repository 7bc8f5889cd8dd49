#include "core/task/stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/base/error.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/task/stream");

// 100,000 draws of each task, over levels, seeds and splits.
TEST_CASE("no seed, level or split shares a key with another split") {
  for (const char* id : {"countdown", "arithmetic", "multiplication"}) {
    std::unordered_map<std::string, Split> split_of;
    std::size_t draws = 0;
    int shared = 0;
    for (int level = 0; level <= 6; ++level) {
      const Task task = open_task(id, "{level: " + std::to_string(level) + "}");
      for (const std::uint64_t seed : {1, 2, 99}) {
        for (const Split split : {Split::train, Split::validation, Split::test}) {
          const std::size_t count = level == 0 ? 1700 : 1600;
          for (const Item& item : draw_split(task, split, seed, 0, count)) {
            shared += split_of.try_emplace(item.key, split).first->second == split ? 0 : 1;
            ++draws;
          }
        }
      }
    }
    CAPTURE(id);
    CHECK(draws > 100000);
    CHECK(split_of.size() > 10000);
    CHECK(shared == 0);
  }
}

// The numbers of a problem, in order, as text between anything else.
std::string numbers_of(const std::string& text) {
  std::multiset<std::string> numbers;
  std::string number;
  for (const char c : text + " ") {
    if (c >= '0' && c <= '9') number += c;
    else if (!number.empty()) numbers.insert(std::exchange(number, ""));
  }
  std::string out;
  for (const std::string& each : numbers) out += each + " ";
  return out;
}

TEST_CASE("what hold_out names is in one split alone, and the rest of a problem is not") {
  const std::tuple<const char*, const char*, std::function<std::string(const Item&)>> tasks[] = {
      {"countdown", "{numbers: 3, largest: 9, target: [1, 100], hold_out: numbers}",
       [](const Item& item) { return numbers_of(item.prompt.substr(0, item.prompt.find("->"))); }},
      {"arithmetic", "{depth: 1, digits: [1, 2], hold_out: numbers}",
       [](const Item& item) { return numbers_of(item.prompt); }},
      {"multiplication", "{digits: [1, 2], hold_out: factors}", [](const Item& item) {
         const std::size_t times = item.prompt.find('*');
         return std::to_string(
             std::max(std::stoi(item.prompt), std::stoi(item.prompt.substr(times + 1))));
       }}};
  for (const auto& [id, settings, held_out] : tasks) {
    CAPTURE(id);
    const Task task = open_task(id, settings);
    std::map<std::string, Split> split_of;
    std::map<Split, std::set<std::string>> keys;
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      for (const Item& item : draw_split(task, split, 1, 0, 3000)) {
        CHECK(split_of.try_emplace(held_out(item), split).first->second == split);
        CHECK(split_of_key(item.key) == split);
        keys[split].insert(item.key);
      }
    }
    CHECK(keys[Split::train].size() > 50);
    CHECK(keys[Split::test].size() > 10);
  }
}

TEST_CASE("shares of the splits are 70, 10 and 20 percent") {
  int counts[3] = {};
  for (int i = 0; i < 20000; ++i)
    ++counts[static_cast<int>(split_of_key("key " + std::to_string(i)))];
  CHECK(counts[0] == doctest::Approx(14000).epsilon(0.03));
  CHECK(counts[1] == doctest::Approx(2000).epsilon(0.08));
  CHECK(counts[2] == doctest::Approx(4000).epsilon(0.05));
}

// XXH64 with seed 0; frozen, because a change would move problems between train and test of
// existing runs.
TEST_CASE("the split of a key is frozen") {
  CHECK(split_of_key("3,7,25=46") == Split::train);
  CHECK(split_of_key("") == Split::train);
  std::string pattern;
  for (int i = 0; i < 24; ++i) pattern += "TVE"[static_cast<int>(split_of_key(std::to_string(i)))];
  CHECK(pattern == "TTTETTTTTTTTETTTTTTTTETT");
}

TEST_CASE("a step's problems are its own") {
  const Task task = open_countdown();
  const auto first = draw_step(task, nullptr, 1, 1, 8), again = draw_step(task, nullptr, 1, 1, 8),
             longer = draw_step(task, nullptr, 1, 1, 12),
             second = draw_step(task, nullptr, 1, 2, 8);
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(first[i].prompt == again[i].prompt);
    CHECK(first[i].prompt == longer[i].prompt);
    CHECK(first[i].prompt != second[i].prompt);
  }
}

TEST_CASE("an evaluation set is frozen, and no prompt comes twice") {
  const Task task = open_countdown("{numbers: 3, largest: 9, target: [1, 100]}");
  const EvalSet set = draw_eval_set(task, Split::test, 512),
                again = draw_eval_set(task, Split::test, 512),
                small = draw_eval_set(task, Split::test, 100);
  CHECK(set.items.size() == 512);
  CHECK(set.fingerprint == again.fingerprint);
  CHECK(set.fingerprint != small.fingerprint);
  for (std::size_t i = 0; i < small.items.size(); ++i)
    CHECK(small.items[i].prompt == set.items[i].prompt);
  std::set<std::string> keys, prompts;
  for (const Item& item : set.items) {
    CHECK(split_of_key(item.key) == Split::test);
    keys.insert(item.key);
    CHECK(prompts.insert(item.prompt).second);
  }
  CHECK(keys.size() == set.keys);
}

TEST_CASE("a task with too few problems gives what it has, or says so") {
  const Task few = open_countdown("{numbers: 2, smallest: 1, largest: 3, target: [1, 9]}");
  const EvalSet set = draw_eval_set(few, Split::train, 512);
  CHECK(set.items.size() < 60);
  CHECK_THROWS_WITH_AS(
      draw_split(open_countdown("{numbers: 2, smallest: 9, largest: 9, target: 81}"),
                 Split::validation, 1, 0, 1),
      doctest::Contains("has no problem in this split"), Error);
}
