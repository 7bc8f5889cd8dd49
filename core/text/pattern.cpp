#include "core/text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/oniguruma.h"

namespace tinyzero {
namespace {

// Steps that a match may take at one position, in all and for each byte ahead: several times what
// an expression without nested repetition needs.
constexpr std::uint32_t kSteps = 1'000'000;
constexpr std::uint32_t kStepsPerByte = 16;
constexpr std::uint32_t kHeapKiB = 512 * 1024;

std::string message_of(int code) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

// A search through one text.
class Search {
 public:
  Search(const pcre2_code* code, std::string_view text, const std::string& expression)
      : code_(code),
        text_(text),
        expression_(expression),
        data_(pcre2_match_data_create(1, nullptr)),
        context_(pcre2_match_context_create(nullptr)) {
    pcre2_set_heap_limit(context_, kHeapKiB);
  }
  ~Search() {
    pcre2_match_context_free(context_);
    pcre2_match_data_free(data_);
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  struct Match {
    std::size_t start;
    std::size_t end;
  };
  // The first match from `from` on.
  std::optional<Match> find(std::size_t from) {
    const std::uint64_t left = text_.size() - from;
    pcre2_set_match_limit(context_,
                          std::min<std::uint64_t>(kSteps + kStepsPerByte * left, UINT32_MAX));
    int found = match(from, 0);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = match(from, PCRE2_NO_JIT);
    if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
    if (found < 0) {
      throw Error("the tokenizer's expression \"" + expression_ + "\" gives up at byte " +
                      std::to_string(from) + " of a text of " + std::to_string(text_.size()) +
                      ": " + message_of(found),
                  "the expression has nested repetitions; this is a fault of the tokenizer.json");
    }
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data_);
    return Match{bounds[0], bounds[1]};
  }

 private:
  int match(std::size_t from, std::uint32_t options) {
    return pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), from,
                       PCRE2_NO_UTF_CHECK | options, data_, context_);
  }

  const pcre2_code* code_;
  std::string_view text_;
  const std::string& expression_;
  pcre2_match_data* data_;
  pcre2_match_context* context_;
};

}  // namespace

Pattern Pattern::from_json(const TokenizerJson& json, const std::string& where) {
  if (json.is_object() && json.size() == 1) {
    if (member(json, "Regex").is_string()) return regex(json["Regex"].get<std::string>(), where);
    if (member(json, "String").is_string()) return literal(json["String"].get<std::string>());
  }
  throw Error(where + ": a pattern is {\"Regex\": …} or {\"String\": …}, not " +
              json.dump().substr(0, 200));
}

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

Pattern Pattern::regex(const std::string& expression, const std::string& where) {
  const std::string translated = to_pcre2(expression, where);
  int error = 0;
  PCRE2_SIZE at = 0;
  // PCRE2's start optimizations would scan the whole text for every piece.
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_NO_START_OPTIMIZE | PCRE2_NEVER_BACKSLASH_C,
                    &error, &at, nullptr);
  if (code == nullptr)
    throw Error(where + ": the expression \"" + expression + "\" is wrong: " + message_of(error));
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // if it fails, matching interprets
  Pattern pattern;
  pattern.expression_ = expression;
  pattern.code_ = std::shared_ptr<const void>(code, [](const void* c) {
    pcre2_code_free(const_cast<pcre2_code*>(static_cast<const pcre2_code*>(c)));
  });
  return pattern;
}

void Pattern::cut(std::string_view text, const Piece& piece) const {
  if (text.empty()) return;
  if (!code_) return cut_literal(text, piece);
  Search search(static_cast<const pcre2_code*>(code_.get()), text, expression_);
  std::size_t from = 0;
  std::size_t done = 0;
  bool any = false;
  while (from <= text.size()) {
    const auto match = search.find(from);
    if (!match) break;
    const auto [start, end] = *match;
    if (start == end && any && end == done) {  // an empty match right after a match does not count
      from += from < text.size() ? utf8_part(text, from).size : 1;
      continue;
    }
    if (start > done) piece(done, start, false);
    piece(start, end, true);
    done = from = end;
    any = true;
  }
  if (done < text.size()) piece(done, text.size(), false);
}

void Pattern::cut_literal(std::string_view text, const Piece& piece) const {
  std::size_t done = 0;
  for (std::size_t at = literal_.empty() ? std::string_view::npos : text.find(literal_);
       at != std::string_view::npos; at = text.find(literal_, done)) {
    if (at > done) piece(done, at, false);
    done = at + literal_.size();
    piece(at, done, true);
  }
  if (done < text.size()) piece(done, text.size(), false);
}

}  // namespace tinyzero
