// How an answer is compared with a reference answer.
//
// Grades are pure and may be asked from several threads. Their work is bounded for any bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tinyzero::dataset {

enum class Judgement {
  right,
  wrong,
  unreadable,  // not in the form of an answer
  several,     // more than one answer where one is asked
  undecided    // the grade cannot tell
};

class Grade {
 public:
  virtual ~Grade() = default;
  // The reference answer in a cell of the data, which may be a worked solution. Throws
  // std::invalid_argument if it is none that judge() can compare with.
  virtual std::string reference(std::string_view cell) const = 0;
  // `reference` is of the function above, or of a state that someone wrote: then anything.
  // Throws std::invalid_argument for one that it cannot read.
  virtual Judgement judge(const std::string& reference, std::string_view answer) const = 0;
  // An answer that judge() calls right; nothing if none is known.
  virtual std::optional<std::string> answer(const std::string& reference) const {
    return reference;
  }
};

// The same text. White space may differ, and case if it is to be ignored.
std::unique_ptr<Grade> exact_grade(bool ignore_case);
// The same number, exactly: "1,234.50", "$12", "3/4", "2 1/2", "1e5", "42 apples", "x = 42". A
// percent sign is a unit or a hundredth: 50% is 50 and 0.5.
std::unique_ptr<Grade> number_grade();
// The same letter: "B", "(B)", "B.", "B) Paris". `choices` letters are choices, from A on.
std::unique_ptr<Grade> choice_grade(int choices);
// The reference is a regular expression of RE2, which the whole answer must match.
std::unique_ptr<Grade> regex_grade();
// The same mathematical value (math/reader.h).
std::unique_ptr<Grade> math_grade();

// What a worked solution ends with: the text behind the last "####", or in the last \boxed{}; else
// the whole text.
std::string_view final_answer(std::string_view text);

}  // namespace tinyzero::dataset
