// The completions that a report carries: a choice that depends on nothing but the folders, bounded
// in bytes.
//
// Steps: all if their files are small enough together; else the first, the last, and every 5th,
// 10th, 50th … between, so that runs of different lengths share steps. In a step: for every reason
// the problem with the lowest hash of its key that has it, then the others by that hash, so that
// runs that met the same problems show the same ones.
#pragma once

#include <cstddef>
#include <vector>

#include "core/report/run_data.h"

namespace tinyzero {

struct EpisodeLimits {
  std::size_t bytes = 10u << 20;  // of all runs together, as JSON
  std::size_t steps = 42;  // of one run that is not small; of several, 120 are divided among them
  std::size_t completion =
      12u << 10;  // bytes of a completion or prompt; of a longer one the begin and the end are kept
};

// {"reasons": […], "outcomes": […], "runs": [{"shown", "of", "steps", "steps_of", "broken",
// "damaged", "groups": [GROUP…]}…]}: `broken` lines of their files, and words on `damaged` files.
// GROUP: {"step", "problem", "key", "prompt", "difficulty", "of", "samples": [SAMPLE…]}, `of`
// samples in the file. SAMPLE: {"sample", "reward", "outcome", "reason" (their places in the
// lists), "end", "tokens", "text", and where they apply "kept", "parts", and "cut" and "tail": the
// bytes left out after `text`, and what comes after them}.
Json pick_episodes(const std::vector<RunData>& runs, const EpisodeLimits& limits);

// The begin and the end of a text that is longer than `most` bytes, cut between characters, and the
// bytes left out between them.
struct Shortened {
  std::string head, tail;
  std::size_t cut = 0;

  std::string joined() const { return cut > 0 ? head + " … " + tail : head; }
};
Shortened shorten(const std::string& text, std::size_t most);

}  // namespace tinyzero
