// The grade `choice`: the letter of one choice among several.

#include <stdexcept>

#include "tasks/dataset/grade.h"
#include "tinyzero/answer.h"
#include "tinyzero/ascii.h"

namespace tinyzero::dataset {
namespace {

constexpr std::size_t kLongestChoice = 4096;  // bytes of an answer

bool is_part_of_word(char c) {
  return is_ascii_alphanumeric(c) || c == '\'' || c == '_' || (c & 0x80) != 0;
}

class Choice : public Grade {
 public:
  explicit Choice(int choices) : last_(static_cast<char>('A' + choices - 1)) {}

  std::string reference(std::string_view cell) const override {
    const Reading read = read_letters(final_answer(cell));
    if (read.judgement == Judgement::right) return std::string(1, read.letter);
    throw std::invalid_argument(std::string("it is not one letter from A to ") + last_);
  }

  Judgement judge(const std::string& reference, std::string_view answer) const override {
    if (reference.size() != 1) throw std::invalid_argument("the reference is no letter");
    const Reading read = read_letters(answer);
    if (read.judgement != Judgement::right) return read.judgement;
    return read.letter == reference[0] ? Judgement::right : Judgement::wrong;
  }

 private:
  struct Reading {
    char letter = '\0';
    Judgement judgement = Judgement::unreadable;  // right: one letter
  };

  // The one letter that a text chooses: a capital that stands alone, but not the word "A" before
  // another word. A small letter counts where it is all there is.
  Reading read_letters(std::string_view text) const {
    text = trim(text);
    if (text.size() > kLongestChoice) return {};
    if (const char lone = small_letter(text)) return {lone, Judgement::right};
    Reading out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!is_choice(text, i)) continue;
      if (out.letter != '\0' && out.letter != text[i]) return {'\0', Judgement::several};
      out = {text[i], Judgement::right};
    }
    return out;
  }

  // "b", "(b)" and "b." as B; NUL for anything else.
  char small_letter(std::string_view text) const {
    if (text.starts_with('(') && text.ends_with(')')) text = text.substr(1, text.size() - 2);
    if (text.size() == 2 && (text[1] == '.' || text[1] == ')')) text.remove_suffix(1);
    if (text.size() != 1 || !is_ascii_letter(text[0]) || text[0] < 'a') return '\0';
    const char large = static_cast<char>(text[0] - 'a' + 'A');
    return large <= last_ ? large : '\0';
  }

  bool is_choice(std::string_view text, std::size_t i) const {
    if (text[i] < 'A' || text[i] > last_) return false;
    const char before = i > 0 ? text[i - 1] : ' ', after = i + 1 < text.size() ? text[i + 1] : '.';
    if (is_part_of_word(before) || is_part_of_word(after)) return false;
    const bool before_word = after == ' ' && i + 2 < text.size() && is_ascii_letter(text[i + 2]);
    const bool may_be_word = text[i] == 'A' || text[i] == 'I';
    return !before_word || !may_be_word || is_conjunction(text.substr(i + 2)) ||
           is_announced(text.substr(0, i));
  }

  // "A or B" names two choices, "a dog" none.
  static bool is_conjunction(std::string_view text) {
    return text.starts_with("or ") || text.starts_with("and ");
  }
  // Whether a choice is expected behind a text.
  static bool is_announced(std::string_view text) {
    text = trim(text);
    return text.empty() || text.ends_with(':') || text.ends_with(" is");
  }

  char last_;
};

}  // namespace

std::unique_ptr<Grade> choice_grade(int choices) { return std::make_unique<Choice>(choices); }

}  // namespace tinyzero::dataset
