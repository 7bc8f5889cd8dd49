// A task that reads a file when it is set up: words to write backwards.

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "tinyzero/answer.h"
#include "tinyzero/task.h"

using namespace tinyzero;

namespace {

struct Words {
  struct Settings {
    std::string words;
    std::vector<std::string> more;
    void describe(SettingsTable& t) {
      t.add("words", words, "a file of words, one a line; empty: words of the task's own").path();
      t.add("more", more, "more such files").path().up_to(4);
    }
    Settings() : more({""}) {}
  };
  static constexpr About about{"words", "write words backwards", "1.0.0",
                               "The answer stands between <answer> and </answer>."};
  static constexpr std::array parts{"correct"};
  static constexpr std::array reasons{"correct", "wrong"};

  explicit Words(const Settings& settings) {
    read(settings.words);
    for (const std::string& path : settings.more) read(path);
    for (char c = 'a'; words_.size() < 26 && settings.words.empty(); ++c)
      words_.push_back({c, 'o', c});
  }

  Item draw(Draw draw) const {
    Rng rng(draw.seed, {draw.index});
    const std::string& word = words_[rng.below(words_.size())];
    return {word, word, word, static_cast<double>(word.size()), 0};
  }

  Verdict verify(std::string_view state, std::string_view completion) const {
    const bool right = find_answer(completion) == backwards(state);
    return {right ? 1.0 : 0.0, Outcome::scored, right ? 0u : 1u, {right ? 1.0 : 0.0}, {}};
  }

  std::optional<std::string> solve(std::string_view state) const {
    return "<answer>" + backwards(state) + "</answer>";
  }
  std::string demonstrate(std::string_view state, Rng&) const {
    return "<answer>" + backwards(state) + "</answer>";
  }

 private:
  static std::string backwards(std::string_view state) { return {state.rbegin(), state.rend()}; }

  void read(const std::string& path) {
    if (path.empty()) return;
    std::ifstream file(path);
    if (!file) throw std::invalid_argument("words: cannot read " + path);
    for (std::string word; std::getline(file, word);) words_.push_back(word);
  }

  std::vector<std::string> words_;
};

}  // namespace

TINYZERO_TASK(Words, "words")
