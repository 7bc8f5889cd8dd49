#include "core/eval/answer_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <tuple>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/eval/finish_reason.h"
#include "core/task/stream.h"
#include "core/task/task.h"

namespace tinyzero {
namespace {

constexpr const char* kOpening = "{\"evaluation\":";

std::string place(const fs::path& path, std::size_t line) {
  return path.string() + ":" + std::to_string(line + 1);
}

// Both values of the first setting in which two evaluations differ; "" if there is none.
std::string difference(const Json& before, const Json& now) {
  for (const Json* side : {&before, &now}) {
    for (const auto& [name, value] : side->items()) {
      const Json a = before.value(name, Json()), b = now.value(name, Json());
      if (a != b) return name + " " + json_line(a) + ", this evaluation has " + json_line(b);
    }
  }
  return "";
}

// A whole number that is not negative; other numbers are rounded or cut by the library without a
// word.
std::int64_t count_of(const Json& value, const char* name, const std::string& where) {
  const bool whole = value.is_number_integer() && value >= 0 && value <= INT64_MAX;
  if (whole) return value.get<std::int64_t>();
  throw Error(where + ": \"" + name + "\" is " + json_line(value).substr(0, 80) +
                  ", and not a whole number from 0",
              "remove the line, or give another file");
}

EvalAnswer read_answer(const Json& line, const std::string& where, const EvalSet& set) {
  EvalAnswer a;
  try {
    a.problem = static_cast<std::size_t>(count_of(line.at("problem"), "problem", where));
    a.sample = count_of(line.at("sample"), "sample", where);
    a.greedy = line.at("greedy").get<bool>();
    a.completion = line.at("completion").get<std::string>();
    a.end = line.at("end").get<std::string>();
    a.failed = line.value("failed", false);
    a.remark = line.value("remark", "");
    if (!line.at("tokens").is_null()) a.tokens = count_of(line.at("tokens"), "tokens", where);
  } catch (const Json::exception& e) {
    throw Error(where + " is not a completion of an evaluation: " + json_words(e),
                "remove the line, or give another file");
  }
  // A word by which the server said that it failed makes it no answer, whoever took it for one.
  const Finish finish = a.end == "eos" ? Finish::ended : finish_of(a.end);
  a.failed = a.failed || finish == Finish::failed || finish == Finish::withheld;
  if (finish == Finish::cut) a.end = "length";
  if (a.problem >= set.items.size() || line.value("key", "") != set.items[a.problem].key)
    throw Error(where + " answers a problem that is not in the set",
                "remove the line, or give another file");
  return a;
}

}  // namespace

AnswerFile::AnswerFile(fs::path path)
    : path_(std::move(path)), file_(path_, O_RDWR | O_CREAT | O_APPEND) {
  if (const auto holder = lock_.take(file_, path_))
    throw Error(holder->name() + " writes " + path_.string(),
                holder->hint("wait for it, or give another file"));
  read();
}

void AnswerFile::read() {
  std::string text = read_file(path_);
  const std::string opening = kOpening;
  if (text.compare(0, opening.size(), opening, 0, std::min(text.size(), opening.size())) != 0)
    throw Error(path_.string() + " is no file of completions of `eval`",
                "give another file; this one was not touched");
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  for (std::size_t at = 0; at < whole;) {
    const std::size_t end = text.find('\n', at);
    lines_.push_back(
        parse_json(std::string_view(text).substr(at, end - at), place(path_, lines_.size())));
    at = end + 1;
  }
  if (whole < text.size() && ::ftruncate(file_.fd(), static_cast<off_t>(whole)) != 0)
    throw Failure("cannot cut the half-written last line of " + path_.string());
}

std::vector<EvalAnswer> AnswerFile::begin(const Json& about, const Task& task, const EvalSet& set) {
  model_ = about.at("model").get<std::string>();
  bool known = false;
  std::map<std::tuple<bool, std::size_t, std::int64_t>, EvalAnswer> answers;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const Json& line = lines_[i];
    if (line.contains("evaluation")) {
      const Json& before = line["evaluation"];
      if (!before.is_object() || before.value("model", Json()) != Json(model_)) continue;
      const std::string differs = difference(before, about);
      if (!differs.empty())
        throw Error(path_.string() + " has answers of " + model_ + " with " + differs,
                    "give another file, or the settings of the first time");
      known = true;
    } else if (line.is_object() && line.value("model", Json()) == Json(model_)) {
      EvalAnswer answer = read_answer(line, place(path_, i), set);
      if (!answer.failed)
        answers.try_emplace({answer.greedy, answer.problem, answer.sample}, std::move(answer));
    }
  }
  if (!known) file_.write(json_line({{"evaluation", about}}) + "\n", path_);
  std::vector<EvalAnswer> out;
  for (auto& [name, answer] : answers) {
    judge_answer(task, set.items[answer.problem], answer);
    out.push_back(std::move(answer));
  }
  return out;
}

void AnswerFile::append(const EvalAnswer& a, const Item& item) {
  Json line = {{"model", model_},
               {"problem", a.problem},
               {"sample", a.sample},
               {"greedy", a.greedy},
               {"key", item.key},
               {"prompt", item.prompt},
               {"state", json_or_text(item.state)},
               {"completion", a.completion},
               {"reward", a.reward},
               {"outcome", outcome_name(a.outcome)},
               {"reason", a.reason},
               {"parts", a.parts},
               {"end", a.end},
               {"tokens", a.tokens ? Json(*a.tokens) : Json()},
               {"difficulty", item.difficulty}};
  if (a.failed) line["failed"] = true;
  if (!a.remark.empty()) line["remark"] = a.remark;
  if (!a.detail.empty()) line["detail"] = a.detail;
  file_.write(json_line(line) + "\n", path_);
}

}  // namespace tinyzero
