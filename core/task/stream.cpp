#include "core/task/stream.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/task/mixture.h"
#include "tinyzero/key.h"

namespace tinyzero {
namespace {

constexpr std::size_t kChunk = 64;                       // problems per draw call
constexpr std::size_t kPatience = 20000;                 // draws in a row without a new problem
constexpr std::uint64_t kStepStride = 1u << 24;          // indices reserved for a step
constexpr std::uint64_t kRoundStride = 1u << 20;         // indices reserved for a round of a step
constexpr std::uint64_t kEvalSeed = 0x7465737473657473;  // seed of every evaluation set

std::vector<Item> draw_chunk(const Task& task, std::uint64_t seed, std::uint64_t first,
                             const Stage* stage) {
  const TaskMixture* mixture = stage != nullptr ? mixture_of(task) : nullptr;
  if (mixture == nullptr) return task.draw(seed, first, kChunk);
  std::vector<std::uint64_t> indices(kChunk);
  std::iota(indices.begin(), indices.end(), first);
  return mixture->draw(seed, indices, stage);
}

// Hash of the prompts, keys and states, each with its terminating NUL.
std::string fingerprint_of(const std::vector<Item>& items) {
  XXH64_state_t* state = XXH64_createState();
  XXH64_reset(state, 0);
  for (const Item& item : items) {
    for (const std::string* text : {&item.prompt, &item.key, &item.state})
      XXH64_update(state, text->c_str(), text->size() + 1);
  }
  const std::uint64_t hash = XXH64_digest(state);
  XXH64_freeState(state);
  return fmt::format("{:016x}", hash);
}

}  // namespace

Split split_from_name(const std::string& name) {
  if (name == "train") return Split::train;
  if (name == "validation") return Split::validation;
  if (name == "test") return Split::test;
  throw Error("no split \"" + name + "\"", "use train, validation or test");
}

Split split_of_key(const std::string& key) {
  const std::string_view group = group_of_key(key);
  const auto bucket = XXH64(group.data(), group.size(), 0) % 100;
  return bucket < 70 ? Split::train : bucket < 80 ? Split::validation : Split::test;
}

std::vector<Item> draw_split(const Task& task, Split split, std::uint64_t seed,
                             std::uint64_t first_index, std::size_t count, const Stage* stage) {
  std::vector<Item> items;
  std::size_t misses = 0;
  for (std::uint64_t index = first_index; items.size() < count; index += kChunk) {
    for (Item& item : draw_chunk(task, seed, index, stage)) {
      if (items.size() == count) break;
      misses = split_of_key(item.key) == split ? 0 : misses + 1;
      if (misses == 0) items.push_back(std::move(item));
    }
    if (misses > kPatience) {
      throw Error("task \"" + task.about().id + "\" has no problem in this split: " +
                      std::to_string(misses) + " draws gave none",
                  "give the task settings with more different problems, or with more groups if its "
                  "keys name groups");
    }
  }
  return items;
}

std::vector<Item> draw_step(const Task& task, const Stage* stage, std::uint64_t seed,
                            std::uint64_t step, std::size_t count, std::uint64_t round) {
  return draw_split(task, Split::train, seed, step * kStepStride + round * kRoundStride, count,
                    stage);
}

EvalSet draw_eval_set(const Task& task, Split split, std::size_t count) {
  EvalSet set;
  std::set<std::string> keys, prompts;
  const bool is_mixture = mixture_of(task) != nullptr;
  std::size_t stale = 0;  // draws since the last new problem
  for (std::uint64_t index = 0; set.items.size() < count && stale < kPatience; index += kChunk) {
    for (Item& item : task.draw(kEvalSeed, index, kChunk)) {
      ++stale;
      if (split_of_key(item.key) != split || set.items.size() == count ||
          !prompts.insert(item.prompt).second)
        continue;
      stale = 0;
      keys.insert(item.key);
      if (is_mixture) set.sources.push_back(source_of(task, item.state));
      set.items.push_back(std::move(item));
    }
  }
  if (set.items.empty())
    throw Error("task \"" + task.about().id + "\" has no held-out problem",
                "give the task settings with more different problems");
  set.keys = keys.size();
  set.fingerprint = fingerprint_of(set.items);
  return set;
}

}  // namespace tinyzero
