#include "core/report/episodes.h"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/run/episode_file.h"

namespace tinyzero {
namespace {

constexpr std::size_t kStepsOfAll = 120;
constexpr std::size_t kFewestSteps = 6;
constexpr std::size_t kWordBytes = 300;    // of reasons, outcomes, and other short texts
constexpr std::size_t kPartsBytes = 2000;  // of the components of a reward

std::uintmax_t bytes_of(const std::map<std::int64_t, fs::path>& files) {
  std::uintmax_t total = 0;
  for (const auto& [step, path] : files) {
    try {
      total += episode_bytes(path);
    } catch (const Error&) {  // is reported when the file is read
    }
  }
  return total;
}

std::vector<std::int64_t> choose_steps(const std::map<std::int64_t, fs::path>& files,
                                       std::size_t most) {
  std::set<std::int64_t> chosen;
  bool five = true;
  for (std::int64_t stride = 1;; stride *= five ? 5 : 2, five = !five) {
    chosen.clear();
    for (const auto& [step, path] : files) {
      if (step % stride == 0) chosen.insert(step);
    }
    if (!files.empty()) {
      chosen.insert(files.begin()->first);
      chosen.insert(files.rbegin()->first);
    }
    if (chosen.size() <= std::max<std::size_t>(2, most)) break;
  }
  return {chosen.begin(), chosen.end()};
}

// A list of different texts.
class TextList {
 public:
  // The index of a text, which is added if it is new.
  std::size_t index_of(const std::string& text) {
    const auto [found, is_new] = indices_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return found->second;
  }
  const std::vector<std::string>& all() const { return texts_; }

 private:
  std::map<std::string, std::size_t> indices_;
  std::vector<std::string> texts_;
};

std::string word(const Json& record, const char* name) {
  const auto found = record.find(name);
  if (found == record.end() || found->is_null()) return "";
  return shorten(found->is_string() ? found->get<std::string>() : json_line(*found), kWordBytes)
      .joined();
}

std::string whole_text(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : "";
}

Json number_or_null(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number() ? *found : Json();
}

std::int64_t integer(const Json& record, const char* name, std::int64_t otherwise) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number()
             ? static_cast<std::int64_t>(found->get<double>())
             : otherwise;
}

struct Problem {
  std::uint64_t hash = 0;
  std::vector<Json> samples;
};

// The problems of a step, in the order in which they are shown until the bytes are used up.
std::vector<const Problem*> ranked(const std::map<std::int64_t, Problem>& problems) {
  std::vector<const Problem*> by_hash;
  std::vector<const Problem*> out;
  for (const auto& [index, problem] : problems) by_hash.push_back(&problem);
  std::stable_sort(by_hash.begin(), by_hash.end(),
                   [](const Problem* a, const Problem* b) { return a->hash < b->hash; });
  std::set<std::string> reasons_seen;
  for (const Problem* problem : by_hash) {
    bool has_new_reason = false;
    for (const Json& sample : problem->samples)
      has_new_reason = reasons_seen.insert(word(sample, "reason")).second || has_new_reason;
    if (has_new_reason) out.push_back(problem);
  }
  for (const Problem* problem : by_hash) {
    if (std::find(out.begin(), out.end(), problem) == out.end()) out.push_back(problem);
  }
  return out;
}

class Picker {
 public:
  Picker(const EpisodeLimits& limits, std::size_t runs)
      : limits_(limits),
        share_(limits.bytes / runs),
        steps_(std::clamp(kStepsOfAll / runs, std::min(kFewestSteps, limits.steps), limits.steps)) {
  }

  Json pick(const RunData& run) {
    const auto files = episode_files(run.place.folder);
    const auto steps = choose_steps(files, bytes_of(files) <= share_ ? files.size() : steps_);
    std::size_t left = share_;
    // So short that even two texts of control characters, 6 bytes each in JSON, fit into a step.
    longest_ = std::clamp<std::size_t>(share_ / std::max<std::size_t>(1, steps.size()) / 12, 256,
                                       limits_.completion);
    shown_ = of_ = broken_ = 0;
    damaged_ = Json::array();
    Json groups = Json::array();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      step_bytes_ = left / (steps.size() - i);
      left -= std::min(left, pick_step(steps[i], files.at(steps[i]), groups));
    }
    return {{"shown", shown_},          {"of", of_},         {"steps", steps.size()},
            {"steps_of", files.size()}, {"broken", broken_}, {"damaged", damaged_},
            {"groups", groups}};
  }

  const TextList& reasons() const { return reasons_; }
  const TextList& outcomes() const { return outcomes_; }

 private:
  // Returns the bytes that the step's groups take.
  std::size_t pick_step(std::int64_t step, const fs::path& file, Json& groups) {
    std::map<std::int64_t, Problem> problems = read_step(file);
    std::size_t used = 0;
    std::vector<Json> picked;
    for (const Problem* problem : ranked(problems)) {
      if (!picked.empty() && used >= step_bytes_) break;
      picked.push_back(group_json(step, *problem, used));
    }
    std::sort(picked.begin(), picked.end(),
              [](const Json& a, const Json& b) { return a["problem"] < b["problem"]; });
    for (Json& group : picked) groups.push_back(std::move(group));
    return used;
  }

  // Problems by their index in the step. Of a file that is cut off or damaged, what can be read.
  std::map<std::int64_t, Problem> read_step(const fs::path& file) {
    std::map<std::int64_t, Problem> problems;
    try {
      EpisodeReader lines(file);
      for (std::string line; lines.next(line);) {
        Json record = parse_line(line);
        if (record.is_null()) {
          ++broken_;
          continue;
        }
        ++of_;
        Problem& problem = problems[integer(record, "problem", -1)];
        const std::string key =
            record.contains("key") ? whole_text(record, "key") : whole_text(record, "prompt");
        problem.hash = XXH64(key.data(), key.size(), 0);
        problem.samples.push_back(std::move(record));
      }
    } catch (const Error& e) {
      const std::string message = e.what();
      const std::string folder = file.parent_path().parent_path().string() + "/";
      damaged_.push_back(message.starts_with(folder) ? message.substr(folder.size()) : message);
    }
    return problems;
  }

  // Samples in their order as far as the bytes suffice, but at least one.
  Json group_json(std::int64_t step, const Problem& problem, std::size_t& used) {
    const Json& first = problem.samples.front();
    Json group = {{"step", step},
                  {"problem", integer(first, "problem", -1)},
                  {"key", word(first, "key")},
                  {"prompt", shorten(whole_text(first, "prompt"), longest_).joined()},
                  {"difficulty", number_or_null(first, "difficulty")},
                  {"of", problem.samples.size()},
                  {"samples", Json::array()}};
    used += group.dump(-1, ' ', true).size();
    for (const Json& record : problem.samples) {
      const Json sample = sample_json(record);
      const std::size_t size = sample.dump(-1, ' ', true).size() + 1;
      if (!group["samples"].empty() && used + size > step_bytes_) break;
      used += size;
      ++shown_;
      group["samples"].push_back(sample);
    }
    return group;
  }

  Json sample_json(const Json& record) {
    const Shortened text = shorten(whole_text(record, "completion"), longest_);
    Json sample = {{"sample", integer(record, "sample", 0)},
                   {"reward", number_or_null(record, "reward")},
                   {"outcome", outcomes_.index_of(word(record, "outcome"))},
                   {"reason", reasons_.index_of(word(record, "reason"))},
                   {"end", word(record, "end")},
                   {"tokens", integer(record, "tokens", -1)},
                   {"text", text.head}};
    if (text.cut > 0) sample["cut"] = text.cut;
    if (text.cut > 0) sample["tail"] = text.tail;
    if (record.contains("kept") && record["kept"].is_boolean()) sample["kept"] = record["kept"];
    if (record.contains("parts") && record["parts"].is_object() && !record["parts"].empty() &&
        json_line(record["parts"]).size() < kPartsBytes)
      sample["parts"] = record["parts"];
    return sample;
  }

  EpisodeLimits limits_;
  std::size_t share_;           // bytes of a run
  std::size_t steps_;           // of a run that is not small, at most
  std::size_t step_bytes_ = 0;  // of the current step
  std::size_t longest_ = 0;     // bytes of a text
  std::size_t shown_ = 0;       // completions of the run
  std::size_t of_ = 0;          // completions in its files
  std::size_t broken_ = 0;      // lines
  Json damaged_;                // messages about files
  TextList reasons_;
  TextList outcomes_;
};

}  // namespace

Shortened shorten(const std::string& text, std::size_t most) {
  if (text.size() <= most) return {text, "", 0};
  const auto inside = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  std::size_t head = most - most / 4;
  std::size_t tail = text.size() - most / 4;
  while (head > 0 && inside(head)) --head;
  while (inside(tail)) ++tail;
  return {text.substr(0, head), text.substr(tail), tail - head};
}

Json pick_episodes(const std::vector<RunData>& runs, const EpisodeLimits& limits) {
  Picker picker(limits, std::max<std::size_t>(1, runs.size()));
  Json picked = Json::array();
  for (const RunData& run : runs) picked.push_back(picker.pick(run));
  return {
      {"reasons", picker.reasons().all()}, {"outcomes", picker.outcomes().all()}, {"runs", picked}};
}

}  // namespace tinyzero
