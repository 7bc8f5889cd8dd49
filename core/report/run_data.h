// What a run folder says of its run, in the form the report shows it. Half-written and damaged
// lines are left out and counted in words.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

namespace fs = std::filesystem;

// Records of one kind, in the order of the file. A value that a record lacks is NaN.
struct Series {
  std::vector<double> step, seconds;
  std::vector<double> sampled, spent;  // tokens of RL so far: of completions, and all that it cost
                                       // (`tokens/spent`); NaN where not recorded
  std::map<std::string, std::vector<double>> values;

  std::size_t size() const { return step.size(); }
  // The values of a name; null if no record has it.
  const std::vector<double>* find(const std::string& name) const;
};

// Where a run lies, and what a comparison calls the arm it belongs to; "": it belongs to none.
struct RunPlace {
  fs::path folder;
  std::string arm;

  bool operator==(const RunPlace&) const = default;
};

struct RunData {
  RunPlace place;
  std::string name;  // the folder's, with its parent's where names repeat, or its arm's
  std::vector<std::pair<std::string, std::string>> settings;  // of config.yaml, with dotted keys
  Json manifest;                                              // null if it is missing or broken
  Series train, eval, warm;           // steps of RL, evaluations, steps of the warm start
  std::vector<std::string> warnings;  // what the run warned of while it ran
  std::vector<std::string> notes;     // what is missing or broken in the folder

  std::string setting(const std::string& key) const;  // "" if it is not there
};

// The runs in `path`: itself; or those that its comparison.json lists, arm by arm; or all that lie
// in it, by name. Throws Error if there is none.
std::vector<RunPlace> find_runs(const fs::path& path);

// What `compare` wrote in a folder; null if it is no comparison's. Throws Error if the file is
// broken.
Json read_comparison(const fs::path& folder);

// Reads runs and names them apart. Throws Error if one is no run folder, or its config.yaml cannot
// be read.
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
