// The grade `exact`: texts, character by character.

#include <stdexcept>

#include "tasks/dataset/grade.h"
#include "tasks/dataset/normal_text.h"

namespace tinyzero::dataset {
namespace {

class Exact : public Grade {
 public:
  explicit Exact(bool ignore_case) : ignore_case_(ignore_case) {}

  std::string reference(std::string_view cell) const override {
    const std::string text = with_single_blanks(final_answer(cell));
    if (text.empty()) throw std::invalid_argument("it is blank");
    return text;
  }

  Judgement judge(const std::string& reference, std::string_view answer) const override {
    return normal(reference) == normal(answer) ? Judgement::right : Judgement::wrong;
  }

 private:
  std::string normal(std::string_view text) const {
    const std::string out = with_single_blanks(text);
    return ignore_case_ ? case_folded(out) : out;
  }

  bool ignore_case_;
};

}  // namespace

std::unique_ptr<Grade> exact_grade(bool ignore_case) {
  return std::make_unique<Exact>(ignore_case);
}

}  // namespace tinyzero::dataset
