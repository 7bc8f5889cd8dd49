// Commands that answer JSON lines: one object a line on standard input, one on standard output, in
// the same order.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"

namespace tinyzero {

// A line of standard input: an object, or the reason why it is none.
struct JsonLine {
  std::int64_t number = 0;  // counted from 1, blank lines included
  Json object;
  std::string
      fault;  // empty: none. A command may add its own, for example for a field that is missing

  // "line 3 of standard input"
  std::string where() const;
};

// Standard input, line by line. A line that cannot be used costs itself alone: those before and
// after it are answered.
class JsonLines {
 public:
  // The lines that have arrived, at most 256 of them, blank ones left out; waits while there is
  // none. Empty at the end of the input. Throws Error if standard input cannot be read.
  std::vector<JsonLine> next();

  // Runs work(line), which may throw Error, if the line has no fault so far; what it throws becomes
  // the line's fault.
  template <class Work>
  void attempt(JsonLine& line, const Work& work) {
    try {
      if (line.fault.empty()) work(line);
    } catch (const Failure&) {
      throw;  // of the work, not of the line
    } catch (const Error& e) {
      const std::string what = e.what();
      line.fault = what.starts_with(line.where()) ? what : line.where() + ": " + what;
    }
    if (line.fault.empty()) return;
    if (refused_++ == 0) first_fault_ = line.fault;
  }

  // For the command's end: says on standard error how many lines were refused, and returns the exit
  // code, 0 or 2.
  int finish() const;

 private:
  bool read_more();
  void take_line(std::string_view text, std::vector<JsonLine>& lines);

  std::string buffer_;        // bytes read and not yet taken
  std::size_t searched_ = 0;  // bytes of it known to hold no line end
  bool skipping_ = false;     // inside of a line that was too long
  bool ended_ = false;
  std::int64_t number_ = 0, refused_ = 0;
  std::string first_fault_;
};

// Prints answer(line) for each line of standard input, in order and as lines come; {"error",
// "line"} for a line that is refused. Returns the exit code, 0 or 2.
int answer_json_lines(const std::function<Json(const JsonLine&)>& answer);

// What stands in the place of an answer to a line with a fault.
Json refusal(const JsonLine& line);

// A field that must be there, of type T; throws Error naming `where` and the field.
template <class T>
T required_field(const Json& object, const char* name, const std::string& where) {
  if (!object.contains(name)) throw Error(where + " has no \"" + name + "\"");
  try {
    return object.at(name).get<T>();
  } catch (const Json::exception&) {
    throw Error(where + ": \"" + std::string(name) + "\" has the wrong type");
  }
}

}  // namespace tinyzero
