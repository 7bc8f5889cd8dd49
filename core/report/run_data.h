// The content of a run folder in the form that a report shows. Half-written and damaged lines are
// left out, and a note counts them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

namespace fs = std::filesystem;

// Records of one kind, in the order of the file. A value that a record lacks is NaN.
struct Series {
  std::vector<double> step;
  std::vector<double> seconds;
  std::vector<double> sampled;  // tokens that RL had sampled by then
  std::vector<double> spent;    // all tokens that RL had cost by then; NaN where not recorded
  std::map<std::string, std::vector<double>> values;  // by the name of the metric

  std::size_t size() const { return step.size(); }
  // The values of a name; null if no record has it.
  const std::vector<double>* find(const std::string& name) const;
};

// A run's folder, and its arm in a comparison; "": it belongs to none.
struct RunPlace {
  fs::path folder;
  std::string arm;

  bool operator==(const RunPlace&) const = default;
};

struct RunData {
  RunPlace place;
  std::string name;  // the folder's, with its arm's or, where names repeat, its parent's
  std::vector<std::pair<std::string, std::string>> settings;  // of config.yaml, with dotted keys
  Json manifest;                                              // null if it is missing or broken
  Series train;                                               // steps of RL
  Series eval;                                                // evaluations
  Series warm;                                                // steps of the warm start
  std::vector<std::string> warnings;                          // of the run while it ran
  std::vector<std::string> notes;                             // on missing and broken files

  std::string setting(const std::string& key) const;  // "" if it is not there
};

// The runs in `path`: those that its comparison.json lists, arm by arm; or the folder itself; or
// all runs inside it, by name. Throws Error if there is none.
std::vector<RunPlace> find_runs(const fs::path& path);

// comparison.json of a folder; null if there is none. Throws Error if the file is broken.
Json read_comparison(const fs::path& folder);

// Reads runs and gives them different names. Throws Error if one is no run folder, or its
// config.yaml cannot be read.
std::vector<RunData> read_runs(const std::vector<RunPlace>& places);

// A line of a JSON-lines file as an object; bytes that are not UTF-8 become U+FFFD. Null if it is
// not an object.
Json parse_line(std::string_view line);

// Calls work(line) for every line that is not empty.
template <class Work>
void for_lines(std::string_view text, const Work& work) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) work(text.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace tinyzero
