#include "tasks/dataset/csv_records.h"

#include <algorithm>
#include <stdexcept>

#include "tasks/dataset/normal_text.h"

namespace tinyzero::dataset {
namespace {

class CsvReader {
 public:
  CsvReader(std::string_view content, char separator) : rest_(content), separator_(separator) {}

  // The cells of the next row that is not blank; false at the end.
  bool next(std::vector<std::string>& cells) {
    do {
      if (rest_.empty()) return false;
      cells.clear();
      first_line_ = line_;
      do cells.push_back(cell());
      while (accept(separator_));
      accept('\r');
      if (accept('\n')) ++line_;
    } while (cells.size() == 1 && cells[0].empty() && fault_.empty());
    return true;
  }

  std::int64_t line() const { return first_line_; }  // the first of the last row
  const std::string& fault() const { return fault_; }

 private:
  bool accept(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string cell() { return accept('"') ? quoted() : plain(); }

  std::string plain() {
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != separator_ && rest_[end] != '\n' &&
           !rest_.substr(end).starts_with("\r\n"))
      ++end;
    const std::string out(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return out;
  }

  std::string quoted() {
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\n') ++line_;
      if (c != '"') out += c;
      else if (accept('"')) out += '"';
      else return out + after_quote();
    }
    fault_ = "a quote is not closed";
    return out;
  }

  std::string after_quote() {
    const std::string rest = plain();
    if (!rest.empty()) fault_ = "text follows the closing quote of a cell";
    return rest;
  }

  std::string_view rest_;
  char separator_;
  std::int64_t line_ = 1, first_line_ = 1;
  std::string fault_;
};

std::vector<std::string> column_names(CsvReader& reader) {
  std::vector<std::string> names;
  if (!reader.next(names)) throw std::invalid_argument("is empty");
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = with_single_blanks(names[i]);
    if (names[i].empty())
      throw std::invalid_argument("does not name column " + std::to_string(i + 1) +
                                  " in its first row");
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i))
      throw std::invalid_argument("has two columns \"" + names[i] + "\"");
  }
  if (!reader.fault().empty()) throw std::invalid_argument("line 1: " + reader.fault());
  return names;
}

std::string fault_of(const CsvReader& reader, const std::vector<std::string>& names,
                     const std::vector<std::string>& cells) {
  if (!reader.fault().empty()) return reader.fault();
  if (cells.size() != names.size())
    return "it has " + std::to_string(cells.size()) + " cells, and there are " +
           std::to_string(names.size()) + " columns";
  const bool is_text = std::all_of(cells.begin(), cells.end(), is_utf8);
  return is_text ? "" : "it is not UTF-8";
}

}  // namespace

void read_csv(std::string_view content, char separator, const TakeRecord& take) {
  CsvReader reader(content, separator);
  const std::vector<std::string> names = column_names(reader);
  std::vector<std::string> cells;
  while (reader.next(cells)) {
    Record record;
    record.line = reader.line();
    record.fault = fault_of(reader, names, cells);
    for (std::size_t i = 0; i < cells.size() && record.fault.empty(); ++i) {
      if (!cells[i].empty()) record.fields.push_back({names[i], cells[i]});
    }
    if (!take(record) || !reader.fault().empty()) return;  // where the next row begins is not known
  }
}

}  // namespace tinyzero::dataset
