// The grade `regex`: answers that a pattern describes. RE2 takes time proportional to the answer,
// whatever the pattern.

#include <re2/re2.h>

#include <stdexcept>

#include "tasks/dataset/grade.h"
#include "tinyzero/answer.h"

namespace tinyzero::dataset {
namespace {

constexpr std::int64_t kMemory = std::int64_t{1} << 20;  // of a compiled pattern, in bytes

RE2::Options options() {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_max_mem(kMemory);
  return out;
}

void check(const RE2& pattern) {
  if (!pattern.ok()) throw std::invalid_argument("it is no regular expression: " + pattern.error());
}

class Regex : public Grade {
 public:
  std::string reference(std::string_view cell) const override {
    std::string pattern(trim(cell));
    check(RE2(pattern, options()));
    return pattern;
  }

  Judgement judge(const std::string& reference, std::string_view answer) const override {
    const RE2 pattern(reference, options());
    check(pattern);
    const re2::StringPiece text(answer.data(), answer.size());
    return RE2::FullMatch(text, pattern) ? Judgement::right : Judgement::wrong;
  }

  std::optional<std::string> answer(const std::string& reference) const override {
    if (judge(reference, reference) == Judgement::right) return reference;
    return std::nullopt;
  }
};

}  // namespace

std::unique_ptr<Grade> regex_grade() { return std::make_unique<Regex>(); }

}  // namespace tinyzero::dataset
