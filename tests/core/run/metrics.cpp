// One table of metrics: what docs, reports and the program itself say about a name.

#include "core/run/metrics.h"

#include <doctest/doctest.h>

#include <map>
#include <regex>
#include <set>

#include "core/base/file.h"
#include "core/base/json.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/metrics");

namespace {

const fs::path kRoot = TINYZERO_SOURCE;

// All first groups of `pattern` in the sources below a folder, with the file that has them.
std::map<std::string, std::string> literals(const fs::path& folder, const std::regex& pattern) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".cpp" && path.extension() != ".h") continue;
    const std::string text = read_file(path);
    for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
      found.emplace((*at)[1].str(), fs::relative(path, kRoot).string());
  }
  return found;
}

}  // namespace

TEST_CASE("a name finds its row, and one with a word in capitals finds it for any word") {
  const struct {
    const char *name, *row, *title;
  } cases[] = {{"train/reward", "train/reward", "Reward"},
               {"train/loss", "train/loss", "Loss"},
               {"train/critic_loss", "train/MODEL_loss", "Loss of the critic"},
               {"train/reward_model_gradient_norm", "train/MODEL_gradient_norm",
                "Gradient norm of the reward model"},
               {"train/accuracy", "train/accuracy", "Training accuracy"},
               {"train/accuracy/products/level_1", "train/accuracy/SOURCE",
                "Training accuracy on products/level 1"},
               {"train/reasons/wrong_value", "train/reasons/REASON", "wrong value"},
               {"eval/pass_at_16", "eval/pass_at_K", "pass@16"},
               {"eval/difficulty_3", "eval/difficulty_N", "Accuracy at difficulty 3"},
               {"curriculum/level", "curriculum/level", "Level"},
               {"curriculum/level/sums", "curriculum/level/TASK", "Level of sums"}};
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const Metric* metric = find_metric(c.name);
    REQUIRE(metric != nullptr);
    CHECK(metric->name == c.row);
    CHECK(metric_title(c.name) == c.title);
  }
}

TEST_CASE("what only an algorithm knows has no row, and is a plain number with its own words") {
  for (const char* name : {"train/value_explained", "train/_loss", "train/", "eval/pass_at_",
                           "curriculum/level/", "novel", ""}) {
    CAPTURE(name);
    CHECK(find_metric(name) == nullptr);
  }
  CHECK(metric_title("train/value_explained") == "value explained");
  CHECK(metric_title("novel") == "novel");
}

TEST_CASE("every row has a name of its own, a title and a meaning, and sections are in one piece") {
  std::set<std::string_view> names, sections;
  std::string_view section;
  for (const Metric& metric : metrics()) {
    CAPTURE(metric.name);
    CHECK(names.insert(metric.name).second);
    CHECK_FALSE(metric.title.empty());
    CHECK_FALSE(metric.meaning.empty());
    CHECK_FALSE(metric.meaning.ends_with('.'));
    CHECK(metric.meaning.find('|') == std::string_view::npos);  // it stands in a table
    const std::string_view prefix = metric.name.substr(0, metric.name.find('/'));
    if (prefix != section) CHECK(sections.insert(prefix).second);
    section = prefix;
  }
}

TEST_CASE("names are read in the order of the table, numbers ascend, the unknown ones come last") {
  std::vector<std::string> names = {"novel",        "eval/pass_at_16", "train/clipped",
                                    "train/loss",   "eval/pass_at_4",  "train/reward",
                                    "eval/accuracy"};
  sort_metrics(names);
  CHECK(names == std::vector<std::string>{"eval/accuracy", "eval/pass_at_4", "eval/pass_at_16",
                                          "train/reward", "train/loss", "novel", "train/clipped"});
}

// Literals such as record["train/reward"], wherever they are written or read.
TEST_CASE("every metric that the program names is in the table") {
  const std::regex whole(
      R"re("((?:eval|train|time|speed|tokens|warm_start|curriculum)/[a-z_]+/?)")re");
  const auto found = literals("core", whole);
  CHECK(found.size() > 30);
  for (const auto& [name, file] : found) {
    CAPTURE(file);
    CAPTURE(name);
    const bool is_prefix = name.ends_with('/') || name.ends_with('_');
    CHECK(find_metric(is_prefix ? name + "x" : name) != nullptr);
  }
}

// The learner's and the SDK's names get their prefix later.
TEST_CASE("every metric that the learner or the SDK adds is in the table") {
  const std::regex added(R"re(\bm(?:etrics)?(?:\(\)|_)?\.add\("([a-z0-9_]+)",)re");
  for (const char* folder : {"core/learn", "sdk/include"}) {
    const auto found = literals(folder, added);
    CHECK(found.size() >= 3);
    for (const auto& [name, file] : found) {
      CAPTURE(file);
      CAPTURE(name);
      CHECK(find_metric("train/" + name) != nullptr);
    }
  }
}

TEST_CASE("every metric of an algorithm here is in the table or on the algorithm's page") {
  const std::regex added(R"re(\bm(?:etrics)?(?:\(\)|_)?\.add\("([a-z0-9_]+)",)re");
  for (const char* algorithm : {"grpo", "ppo", "prime", "raft"}) {
    const fs::path folder = fs::path("plugins") / algorithm;
    const std::string page = read_file(kRoot / folder / (std::string(algorithm) + ".md"));
    const auto found = literals(folder, added);
    CHECK_FALSE(found.empty());
    for (const auto& [name, file] : found) {
      CAPTURE(file);
      CAPTURE(name);
      CHECK((find_metric("train/" + name) != nullptr ||
             page.find("`train/" + name + "`") != std::string::npos));
    }
  }
}

TEST_CASE("docs/metrics.md ends with the table") {
  const std::string page = read_file(kRoot / "docs/metrics.md");
  const std::size_t at = page.find("## Every metric\n");
  REQUIRE(at != std::string::npos);
  INFO(
      "docs/metrics.md is out of date; renew it from the root of the repository with\n"
      "  sed -i '/^## Every metric$/,$d' docs/metrics.md && ./tinyzero metrics --markdown "
      ">>docs/metrics.md");
  CHECK((page.substr(at) == metrics_markdown()));
}
