#include "tasks/dataset/rows.h"

#include <algorithm>
#include <stdexcept>

#include "tasks/dataset/content.h"
#include "tasks/dataset/normal_text.h"
#include "tasks/dataset/records.h"
#include "tinyzero/ascii.h"
#include "tinyzero/number_text.h"
#include "tinyzero/task_abi.h"

namespace tinyzero::dataset {
namespace {

constexpr std::size_t kSampled = 100;        // rows that columns are looked for in
constexpr std::size_t kMostAnswers = 32768;  // bytes, so that a state holds them
constexpr std::size_t kNamedLines = 5;       // of bad rows, in a message
constexpr std::size_t kShownText = 60;       // bytes of a cell, in a message

std::string shown(const std::string& text) {
  const std::string line = with_single_blanks(text.substr(0, kShownText));
  return "\"" + line + (text.size() > kShownText ? "…" : "") + "\"";
}

// The values of a file's first rows, each name once.
Record sample_of(const std::string& path, const std::string& content) {
  Record sample;
  std::size_t rows = 0;
  read_records(path, content, [&](const Record& record) {
    for (const Record::Field& field : record.fields) {
      if (sample.find(field.name) == nullptr) sample.fields.push_back(field);
    }
    return ++rows < kSampled;
  });
  return sample;
}

// The first number of a text such as "Level 3".
double difficulty_of(const std::string& text) {
  const auto begins = [&](std::size_t i) {
    return is_ascii_digit(text[i]) ||
           (text[i] == '-' && i + 1 < text.size() && is_ascii_digit(text[i + 1]));
  };
  std::size_t first = 0;
  while (first < text.size() && !begins(first)) ++first;
  std::size_t end = text.find_first_not_of("0123456789.eE+-", first);
  const auto value =
      parse_real(std::string_view(text).substr(std::min(first, text.size()), end - first));
  if (!value || *value > 1e15 || *value < -1e15)
    throw std::invalid_argument("its difficulty " + shown(text) + " is not a number");
  return *value;
}

class RowReader {
 public:
  RowReader(RowSettings settings, const Grade& grade)
      : settings_(std::move(settings)), grade_(grade) {}

  // Throws std::invalid_argument saying what is wrong.
  Row read(const Record& record) const {
    if (!record.fault.empty()) throw std::invalid_argument(record.fault);
    const Columns& columns = settings_.columns;
    Messages messages = prompt_of(record);
    if (with_single_blanks(messages.user).empty())
      throw std::invalid_argument("it has no text in its prompt column \"" + columns.prompt + "\"");
    messages.user += options_of(record);
    Row row;
    row.key = with_single_blanks(messages.user);
    row.prompt = framed(messages);
    if (row.key.size() > TINYZERO_TASK_MAX_KEY || row.prompt.size() > TINYZERO_TASK_MAX_PROMPT)
      throw std::invalid_argument("its prompt has " + std::to_string(row.prompt.size()) +
                                  " bytes; a problem has at most " +
                                  std::to_string(TINYZERO_TASK_MAX_KEY));
    row.answers = answers_of(record);
    row.demonstration =
        columns.demonstration.empty() ? messages.assistant : demonstration_of(record);
    if (!columns.difficulty.empty()) row.difficulty = difficulty_in(record);
    row.line = record.line;
    return row;
  }

 private:
  Messages prompt_of(const Record& record) const {
    const std::string& column = settings_.columns.prompt;
    if (has_messages(record, column)) return messages_of(record, column);
    const std::string* text = record.find(column);
    return {.system = {}, .user = text != nullptr ? *text : "", .assistant = {}};
  }

  std::string demonstration_of(const Record& record) const {
    const std::string& column = settings_.columns.demonstration;
    if (has_messages(record, column)) return messages_of(record, column).assistant;
    const std::string* text = record.find(column);
    return text != nullptr ? *text : "";
  }

  std::string framed(const Messages& messages) const {
    std::string out = settings_.system;
    for (const std::string* text : {&messages.system, &messages.user}) {
      if (!text->empty()) out += (out.empty() ? "" : "\n\n") + *text;
    }
    return out + settings_.suffix;
  }

  // "\nA. Paris\nB. Rome".
  std::string options_of(const Record& record) const {
    if (settings_.columns.options.empty()) return "";
    const std::vector<std::string> options = record.list(settings_.columns.options);
    if (options.empty() || options.size() > 26)
      throw std::invalid_argument("it has no list of up to 26 texts in its column \"" +
                                  settings_.columns.options + "\"");
    std::string out;
    for (std::size_t i = 0; i < options.size(); ++i)
      out += std::string("\n") + static_cast<char>('A' + i) + ". " + options[i];
    return out;
  }

  std::vector<std::string> answers_of(const Record& record) const {
    const std::string& column = settings_.columns.answer;
    std::vector<std::string> out = record.list(column);
    if (out.empty())
      throw std::invalid_argument("it has no text or number in its answer column \"" + column +
                                  "\"");
    std::size_t size = 0;
    for (std::string& answer : out) {
      try {
        answer = grade_.reference(answer);
      } catch (const std::invalid_argument& e) {
        throw std::invalid_argument("its answer " + shown(answer) +
                                    " cannot be graded: " + e.what());
      }
      size += answer.size();
    }
    if (size > kMostAnswers)
      throw std::invalid_argument("its answer has " + std::to_string(size) + " bytes; at most " +
                                  std::to_string(kMostAnswers) + " are possible");
    return out;
  }

  double difficulty_in(const Record& record) const {
    const std::string* text = record.find(settings_.columns.difficulty);
    if (text == nullptr)
      throw std::invalid_argument("it has no value in its difficulty column \"" +
                                  settings_.columns.difficulty + "\"");
    return difficulty_of(*text);
  }

  RowSettings settings_;
  const Grade& grade_;
};

// Bad rows of a file: what is wrong with the first, and the lines of the others.
struct BadRows {
  std::size_t count = 0;
  std::string first;
  std::string others;

  void add(const std::string& path, const Record& record, const std::string& what) {
    ++count;
    if (count == 1) first = place_of(path, record) + ": " + what;
    else if (count <= kNamedLines) others += (count == 2 ? "" : ", ") + std::to_string(record.line);
    else if (count == kNamedLines + 1) others += ", …";
  }
  std::string text() const {
    if (count == 1) return first;
    return first + "; and " + std::to_string(count - 1) + " more: " + others;
  }
};

}  // namespace

std::vector<Row> read_rows(const std::string& path, const RowSettings& settings, const Grade& grade,
                           std::vector<std::string>& notes) {
  const std::string content = read_content(path);
  const Record sample = sample_of(path, content);
  RowSettings found = settings;
  try {
    if (!sample.fields.empty()) found.columns = found_columns(settings.columns, sample);
  } catch (const std::invalid_argument& e) {
    throw std::invalid_argument(path + " " + e.what());
  }
  const RowReader reader(found, grade);
  std::vector<Row> rows;
  BadRows bad;
  read_records(path, content, [&](const Record& record) {
    try {
      rows.push_back(reader.read(record));
    } catch (const std::invalid_argument& e) {
      bad.add(path, record, e.what());
    }
    return true;
  });
  if (bad.count > 0 && (!settings.skip_bad || rows.empty()))
    throw std::invalid_argument(bad.text() +
                                (settings.skip_bad ? "" : "; bad_rows: skip leaves such rows out"));
  if (rows.empty()) throw std::invalid_argument(path + " has no rows");
  if (bad.count > 0)
    notes.push_back(std::to_string(bad.count) + " of " + std::to_string(rows.size() + bad.count) +
                    " rows are left out: " + bad.text());
  return rows;
}

}  // namespace tinyzero::dataset
