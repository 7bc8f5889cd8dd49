#include "problem.h"

#include <charconv>
#include <utility>

#include "tinyzero/key.h"

namespace tinyzero::countdown {
namespace {

// Writes texts and integers one after the other.
class Text {
 public:
  Text() { out_.reserve(64); }
  Text& operator<<(std::string_view text) {
    out_ += text;
    return *this;
  }
  Text& operator<<(std::int64_t integer) {
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, integer).ptr);
    return *this;
  }
  Text& list(const std::vector<std::int64_t>& integers, std::string_view separator) {
    for (std::size_t i = 0; i < integers.size(); ++i)
      (i > 0 ? *this << separator : *this) << integers[i];
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// "tinyzero" repeats the sentence of TinyZero's data word for word.
std::string prompt_of(const std::vector<std::int64_t>& numbers, std::int64_t target,
                      const std::string& wording) {
  Text prompt;
  if (wording == "short") {
    prompt.list(numbers, " ") << " -> " << target;
  } else if (wording == "tinyzero") {
    (prompt << "Using the numbers [").list(numbers, ", ")
        << "], create an equation that equals " << target
        << ". You can use basic arithmetic operations (+, -, *, /) and each number can only be "
           "used once. Show your work in <think> </think> tags. And return the final answer in "
           "<answer> </answer> tags, for example <answer> (1 + 2) / 3 </answer>.";
  } else {
    (prompt << "Combine the numbers ").list(numbers, ", ")
        << " with + - * / and parentheses, each number exactly once, into an expression that "
           "equals "
        << target << ". Think first, then write the expression between <answer> and </answer>.";
  }
  return prompt.take();
}

}  // namespace

Item item_of(const std::vector<std::int64_t>& numbers, std::int64_t target,
             const std::string& wording, const std::string& hold_out) {
  std::vector<std::int64_t> sorted = numbers;
  std::sort(sorted.begin(), sorted.end());
  Text key;
  Text state;
  key.list(sorted, ",");
  (state << "{\"numbers\":[").list(numbers, ",") << "],\"target\":" << target << "}";
  Item item;
  item.prompt = prompt_of(numbers, target, wording);
  const std::string set = key.take(), goal = "=" + std::to_string(target);
  item.key = hold_out == "numbers" ? key_in_group(set, goal) : set + goal;
  item.state = state.take();
  return item;
}

}  // namespace tinyzero::countdown
