// Answers to try on a verifier: right, wrong, damaged and hostile ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/task_code.h"
#include "tinyzero/rng.h"

namespace tinyzero {

class Task;

// The text between answer tags.
std::string in_tags(const std::string& answer);

// A solution if the task has one, else a demonstration if it writes them, else nothing.
std::optional<std::string> good_answer(const Task& task, const Item& item);

// Every run of digits of a text, separated by blanks.
std::string numbers_of(const std::string& text);

// A text like those that have broken verifiers, or `good` with random damage.
std::string hostile_text(const std::string& good, Rng& rng);

// A state with random damage.
std::string damaged(std::string state, Rng& rng);

struct AnswerSet {
  std::vector<std::string> states;
  std::vector<std::string> completions;

  void add(const std::string& state, std::string completion);
  std::vector<Answer> answers() const;  // views into this set
};

// A good, a hostile and an empty answer to each of the first `items` problems of a seed.
AnswerSet mixed_answers(const Task& task, std::uint64_t seed, std::size_t items);

// Throws CheckFailed for a verdict on `completion` that is an error or out of range.
void check_verdict(const Task& task, const Verdict& verdict, const std::string& completion);

// Verdicts or traits as a text, for comparison.
std::string text_of(const std::vector<Verdict>& verdicts);
std::string text_of(const std::vector<TraitRow>& rows);

}  // namespace tinyzero
