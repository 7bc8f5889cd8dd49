#include "tasks/dataset/json_records.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "tinyzero/answer.h"

namespace tinyzero::dataset {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDeepest = 32;       // levels of nesting
constexpr std::size_t kMostFields = 4096;  // of a row

// Gathers the values of objects as the parser comes across them, so that numbers keep their digits.
class FieldGatherer : public nlohmann::json_sax<Json> {
 public:
  // `level` is the depth at which rows stand: 0 or, in an array, 1.
  FieldGatherer(std::size_t level, const TakeRecord& take) : level_(level), take_(take) {}

  const std::string& fault() const { return fault_; }
  std::int64_t rows() const { return rows_; }

  bool null() override { return leaf(""); }
  bool boolean(bool value) override { return leaf(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return leaf(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return leaf(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& digits) override { return leaf(digits); }
  bool string(string_t& value) override { return leaf(value); }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& name) override {
    if (levels_.size() <= level_) return fail("the file is not a list of objects");
    name_.resize(levels_.back().length);
    if (!name_.empty()) name_ += '.';
    name_ += name;
    return true;
  }
  bool start_object(std::size_t) override {
    if (levels_.size() < level_) return fail("it is no array");
    if (levels_.size() == level_) begin_row();
    return open(false);
  }
  bool end_object() override {
    levels_.pop_back();
    return levels_.size() != level_ || take_(record_);
  }
  bool start_array(std::size_t) override {
    if (levels_.size() == level_) return fail("it is a list, not an object");
    return open(true);
  }
  bool end_array() override {
    levels_.pop_back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception& e) override {
    const std::string what = e.what();
    const std::size_t start = what.find("] ");
    return fail("it is not JSON: " + (start == std::string::npos ? what : what.substr(start + 2)));
  }

 private:
  struct Level {
    bool is_list;
    std::size_t length;      // of the name so far
    std::size_t places = 0;  // of a list
  };

  bool fail(const std::string& what) {
    if (fault_.empty()) fault_ = what;
    return false;
  }

  void begin_row() {
    record_ = {};
    record_.line = ++rows_;
    record_.is_in_array = level_ > 0;
    name_.clear();
  }

  // Names the next element of a list.
  void name_place() {
    if (levels_.empty() || !levels_.back().is_list || levels_.size() <= level_) return;
    name_.resize(levels_.back().length);
    name_ += "." + std::to_string(levels_.back().places++);
  }

  bool open(bool is_list) {
    name_place();
    if (levels_.size() == kDeepest) return fail("it is nested too deeply");
    levels_.push_back({.is_list = is_list, .length = name_.size()});
    return true;
  }

  bool leaf(const std::string& text) {
    if (levels_.size() <= level_) return fail("it is not an object");
    name_place();
    if (record_.fields.size() == kMostFields) return fail("it has too many values");
    if (!text.empty()) record_.fields.push_back({name_, text});
    return true;
  }

  std::size_t level_;
  const TakeRecord& take_;
  std::vector<Level> levels_;
  std::string name_;
  Record record_;
  std::int64_t rows_ = 0;
  std::string fault_;
};

Record faulty(const std::string& fault) {
  Record out;
  out.fault = fault;
  return out;
}

}  // namespace

void read_json_lines(std::string_view content, const TakeRecord& take) {
  for (std::int64_t number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = trim(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
    if (line.empty()) continue;
    std::optional<Record> row;
    const TakeRecord keep = [&](const Record& record) {
      row = record;
      return true;
    };
    FieldGatherer gatherer(0, keep);
    const bool is_whole = Json::sax_parse(line, &gatherer);
    if (!is_whole || !row) row = faulty(gatherer.fault());
    row->line = number;
    if (!take(*row)) return;
  }
}

void read_json_array(std::string_view content, const TakeRecord& take) {
  FieldGatherer gatherer(1, take);
  if (Json::sax_parse(content, &gatherer) || gatherer.fault().empty()) return;
  Record last = faulty(gatherer.fault());
  last.line = gatherer.rows() + 1;
  last.is_in_array = true;
  take(last);
}

}  // namespace tinyzero::dataset
