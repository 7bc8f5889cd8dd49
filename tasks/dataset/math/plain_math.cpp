#include "tasks/dataset/math/plain_math.h"

#include "tinyzero/answer.h"
#include "tinyzero/ascii.h"

namespace tinyzero::dataset {
namespace {

struct Replacement {
  std::string_view from, to;
};

// Commands of LaTeX, without their backslash. Other commands stay.
constexpr Replacement kCommands[] = {{"left", ""},
                                     {"right", ""},
                                     {"big", ""},
                                     {"Big", ""},
                                     {"bigl", ""},
                                     {"bigr", ""},
                                     {"Bigl", ""},
                                     {"Bigr", ""},
                                     {"displaystyle", ""},
                                     {"!", ""},
                                     {",", " "},
                                     {";", " "},
                                     {":", " "},
                                     {" ", " "},
                                     {"quad", " "},
                                     {"qquad", " "},
                                     {"(", ""},
                                     {")", ""},
                                     {"[", ""},
                                     {"]", ""},
                                     {"$", ""},
                                     {"%", "%"},
                                     {"dfrac", "\\frac"},
                                     {"tfrac", "\\frac"},
                                     {"cfrac", "\\frac"},
                                     {"times", "*"},
                                     {"cdot", "*"},
                                     {"div", "/"},
                                     {"mathrm", "\\text"},
                                     {"textbf", "\\text"},
                                     {"textrm", "\\text"},
                                     {"mbox", "\\text"},
                                     {"mathbf", "\\text"},
                                     {"textit", "\\text"},
                                     {"degree", "^\\circ"},
                                     {"lbrace", "\\{"},
                                     {"rbrace", "\\}"},
                                     {"leq", "\\le"},
                                     {"geq", "\\ge"},
                                     {"neq", "\\ne"},
                                     {"lt", "<"},
                                     {"gt", ">"},
                                     {"tbinom", "\\binom"},
                                     {"dbinom", "\\binom"}};

// Other signs.
constexpr Replacement kSigns[] = {{"$", ""},
                                  {"~", " "},
                                  {"{,}", ","},
                                  {"**", "^"},
                                  {"^{\\circ}", "^\\circ"},
                                  {"\xE2\x88\x92", "-"},         // minus
                                  {"\xE2\x80\x93", "-"},         // en dash
                                  {"\xC3\x97", "*"},             // times
                                  {"\xC3\xB7", "/"},             // division
                                  {"\xC2\xB7", "*"},             // middle dot
                                  {"\xE2\x8B\x85", "*"},         // dot operator
                                  {"\xCF\x80", "\\pi "},         // pi
                                  {"\xE2\x88\x9A", "\\sqrt "},   // square root
                                  {"\xE2\x88\x9E", "\\infty "},  // infinity
                                  {"\xC2\xB0", "^\\circ "},      // degree
                                  {"\xC2\xB2", "^2"},            // superscript two
                                  {"\xC2\xB3", "^3"},            // superscript three
                                  {"\xC2\xB1", "\\pm "},         // plus or minus
                                  {"\xE2\x88\xAA", "\\cup "},    // union
                                  {"\xE2\x89\xA4", "\\le "},     // at most
                                  {"\xE2\x89\xA5", "\\ge "},     // at least
                                  {"\xE2\x89\xA0", "\\ne "},     // unequal
                                  {"\xC2\xA0", " "},             // no-break space
                                  {"\xE2\x82\xAC", ""},          // euro
                                  {"\xC2\xA3", ""},              // pound
                                  {"\xC2\xA5", ""}};             // yen

// The name of the command at the front of `text`, behind its backslash: letters, or one sign.
std::string_view command_name(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_ascii_letter(text[end])) ++end;
  return text.substr(0, end == 0 ? 1 : end);
}

template <std::size_t n>
const Replacement* find_in(const Replacement (&table)[n], std::string_view text, bool is_whole) {
  for (const Replacement& row : table) {
    if (is_whole ? text == row.from : text.starts_with(row.from)) return &row;
  }
  return nullptr;
}

}  // namespace

std::string plain_math(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text[0] == '\\') {
      const std::string_view name = command_name(text.substr(1));
      const Replacement* row = find_in(kCommands, name, true);
      if (row != nullptr) out += row->to;
      else out += text.substr(0, 1 + name.size());
      text.remove_prefix(1 + name.size());
    } else if (const Replacement* row = find_in(kSigns, text, false)) {
      out += row->to;
      text.remove_prefix(row->from.size());
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  std::string_view trimmed = trim(out);
  while (!trimmed.empty() && trimmed.back() == '.')
    trimmed = trim(trimmed.substr(0, trimmed.size() - 1));
  return std::string(trimmed);
}

}  // namespace tinyzero::dataset
