// A row of a data file: its values by name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tinyzero::dataset {

// What is nested has a dotted name: "reward_model.ground_truth", "messages.0.content". Values that
// are null or empty are left out. Numbers are texts as the file has them.
class Record {
 public:
  struct Field {
    std::string name, text;
  };

  std::int64_t line = 0;  // the first line of the row, or its place in an array, from 1
  bool is_in_array = false;
  std::string fault;  // why the row cannot be read; empty: it can
  std::vector<Field> fields;

  // The value of this name; null if there is none.
  const std::string* find(std::string_view name) const;
  // Whether there is a value, a list or an object of this name.
  bool has(std::string_view name) const;
  // The values of a list of texts; the value itself as a list of one.
  std::vector<std::string> list(std::string_view name) const;
  // "question, answer": the names of values, of lists and of what they hold.
  std::string columns() const;
};

// Takes a row; false: no more are wanted.
using TakeRecord = std::function<bool(const Record&)>;

}  // namespace tinyzero::dataset
