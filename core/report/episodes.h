// The completions that a report carries: a choice, bounded in bytes, that depends only on the
// folders.
//
// Steps: all if their files together are small enough; else the first, the last, and every 5th,
// 10th, 50th … between, so that runs of different lengths share steps. In a step, problems are
// ordered by the hash of their key, so that runs which met the same problems show the same ones.
// First comes, for every reason, the first problem that has it; then the others.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/report/run_data.h"

namespace tinyzero {

struct EpisodeLimits {
  std::size_t bytes = 10u << 20;  // of all runs together, as JSON
  std::size_t steps = 42;         // of one run that is not small; several runs share 120
  // Bytes of a completion or prompt; of a longer one the begin and the end are shown.
  std::size_t completion = 12u << 10;
};

// The object that the page's script reads:
//   {"reasons": […], "outcomes": […], "runs": [RUN…]}
//   RUN:    {"shown", "of": completions, "steps", "steps_of", "broken": number of lines, "damaged":
//           messages about files, "groups": [GROUP…]}
//   GROUP:  {"step", "problem", "key", "prompt", "difficulty", "of": samples in the file,
//           "samples": [SAMPLE…]}
//   SAMPLE: {"sample", "reward", "outcome" and "reason": indices into the lists, "end", "tokens",
//           "text"}, and where they apply "kept", "parts", "cut": bytes left out behind the text,
//           and "tail": what follows these
Json pick_episodes(const std::vector<RunData>& runs, const EpisodeLimits& limits);

// A text of which at most `most` bytes are left, cut between characters.
struct Shortened {
  std::string head;     // the whole text if nothing is cut
  std::string tail;     // its end
  std::size_t cut = 0;  // bytes left out between both

  std::string joined() const { return cut > 0 ? head + " … " + tail : head; }
};
Shortened shorten(const std::string& text, std::size_t most);

}  // namespace tinyzero
