#include "core/check/answers.h"

#include <fmt/format.h>

#include <cmath>

#include "core/check/check.h"
#include "core/plugin/task_limits.h"
#include "core/task/task.h"
#include "tinyzero/answer.h"
#include "tinyzero/ascii.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

std::string text_of(const Verdict& v) {
  std::string out =
      fmt::format("{} {} {}", v.reward, static_cast<std::uint32_t>(v.outcome), v.reason);
  for (const double part : v.parts) out += fmt::format(" {}", part);
  return out + " " + v.detail + "\n";
}

std::string random_bytes(std::uint64_t count, Rng& rng) {
  std::string text;
  for (; count > 0; --count) text += static_cast<char>(rng.next());
  return text;
}

std::string random_tags(std::uint64_t count, Rng& rng) {
  std::string text;
  for (; count > 0; --count) text += rng.chance(0.5) ? kAnswerOpen : kAnswerClose;
  return text;
}

// Deletes, inserts or replaces 1 to 4 characters.
std::string with_typos(std::string text, Rng& rng) {
  for (std::uint64_t n = 1 + rng.below(4); n > 0 && !text.empty(); --n) {
    const std::size_t at = rng.below(text.size());
    if (rng.chance(0.3)) text.erase(at, 1);
    else if (rng.chance(0.5)) text.insert(at, 1, static_cast<char>(32 + rng.below(96)));
    else text[at] = static_cast<char>(rng.next());
  }
  return text;
}

}  // namespace

std::string in_tags(const std::string& answer) {
  return std::string(kAnswerOpen) + answer + std::string(kAnswerClose);
}

std::optional<std::string> good_answer(const Task& task, const Item& item) {
  if (task.can_solve()) {
    if (const auto solution = task.solve(item.state)) return solution;
  }
  if (task.can_demonstrate()) return task.demonstrate(item.state, 1, item.index);
  return std::nullopt;
}

std::string numbers_of(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (is_ascii_digit(c)) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

std::string hostile_text(const std::string& good, Rng& rng) {
  switch (rng.below(8)) {
    case 0: return in_tags(random_bytes(rng.below(200), rng));
    case 1:
      return in_tags(std::string(rng.below(3000), '(') + "1" + std::string(rng.below(3000), ')'));
    case 2:
      return in_tags(std::string(1 + rng.below(5000), static_cast<char>('0' + rng.below(10))));
    case 3: return random_tags(rng.below(60), rng);
    case 4: return in_tags("9**9**9") + std::string(1, '\0') + "\xFF\xC0\x80\xED\xA0\x80";
    default: return with_typos(good, rng);
  }
}

std::string damaged(std::string state, Rng& rng) {
  for (std::uint64_t n = 1 + rng.below(3); n > 0 && !state.empty(); --n) {
    if (rng.chance(0.3)) state.resize(rng.below(state.size()));
    else state[rng.below(state.size())] = static_cast<char>(rng.next());
  }
  return state;
}

void AnswerSet::add(const std::string& state, std::string completion) {
  states.push_back(state);
  completions.push_back(std::move(completion));
}

std::vector<Answer> AnswerSet::answers() const {
  std::vector<Answer> out;
  for (std::size_t i = 0; i < states.size(); ++i) out.push_back({states[i], completions[i]});
  return out;
}

AnswerSet mixed_answers(const Task& task, std::uint64_t seed, std::size_t items) {
  AnswerSet set;
  Rng rng(seed, {1});
  for (const Item& item : task.draw(seed, 0, items)) {
    const std::string good = good_answer(task, item).value_or(in_tags("1"));
    set.add(item.state, good);
    set.add(item.state, hostile_text(good, rng));
    set.add(item.state, "");
  }
  return set;
}

void check_verdict(const Task& task, const Verdict& v, const std::string& completion) {
  require(v.outcome != Outcome::error,
          "the task fails on the answer " + shown(completion) + ": " + task.reason(v));
  const std::size_t reasons = task.about().reasons.size();
  require(reasons == 0 || v.reason < reasons,
          fmt::format("reason {} of {} for the answer {}", v.reason, reasons, shown(completion)));
  for (const double part : v.parts)
    require(std::isfinite(part), "a reward component of " + shown(completion) + " is not finite");
}

std::string text_of(const std::vector<TraitRow>& rows) {
  std::string out;
  for (const TraitRow& row : rows) {
    for (const double value : row) out += real_text(value) + " ";
    out += "\n";
  }
  return out;
}

std::string text_of(const std::vector<Verdict>& verdicts) {
  std::string out;
  for (const Verdict& verdict : verdicts) out += text_of(verdict);
  return out;
}

}  // namespace tinyzero
