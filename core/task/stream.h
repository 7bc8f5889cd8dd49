// Streams of problems: which problems a step trains on, and which are held out.
//
// The split of a problem is a hash of its key, or of the group that the key names (tinyzero/key.h).
// So no seed, size or order can put one problem, or one group, into two splits. A stream is a
// function of (seed, step) without memory, so a resumed run draws what the uninterrupted one would
// have drawn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/task/task.h"

namespace tinyzero {

struct Stage;

enum class Split { train, validation, test };

// Throws Error for names other than train, validation and test.
Split split_from_name(const std::string& name);

// 70 % of all keys or groups are train, 10 % validation, 20 % test: XXH64 modulo 100.
Split split_of_key(const std::string& key);

// The first `count` problems of `split` with index `first_index` or above. `stage` chooses the
// levels of a mixture (mixture.h); null: all of them. Throws Error if the split seems to be empty.
std::vector<Item> draw_split(const Task& task, Split split, std::uint64_t seed,
                             std::uint64_t first_index, std::size_t count,
                             const Stage* stage = nullptr);

// The problems of training step `step`. A step that samples several times numbers its rounds from 0
// to 15.
std::vector<Item> draw_step(const Task& task, const Stage* stage, std::uint64_t seed,
                            std::uint64_t step, std::size_t count, std::uint64_t round = 0);

// A frozen set for evaluation, the same for every seed of a run: the first problems of the split
// with different prompts, in the order of the task's draws. It has fewer than `count` problems if
// the task has no more.
struct EvalSet {
  std::vector<Item> items;
  std::vector<std::string> sources;  // by item, as source_of names it; empty for a single source
  std::size_t keys = 0;              // number of different keys
  std::string fingerprint;           // hash of all prompts, keys and states: 16 hexadecimal digits
};
EvalSet draw_eval_set(const Task& task, Split split, std::size_t count);

}  // namespace tinyzero
