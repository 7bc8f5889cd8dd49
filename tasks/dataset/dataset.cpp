// Dataset: questions and reference answers from a file.
//
// A row of the file is a problem. Two rows are the same problem if their prompts are, but for white
// space. The order of the rows is endless: epochs in which each row comes once (permutation.h).
// Where an answer is looked for is in find.h, how it is judged in grade.h. Left out: Parquet, of
// which the error says how to convert it.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tasks/dataset/find.h"
#include "tasks/dataset/grade.h"
#include "tasks/dataset/likeness.h"
#include "tasks/dataset/math/text_hash.h"
#include "tasks/dataset/normal_text.h"
#include "tasks/dataset/permutation.h"
#include "tasks/dataset/rows.h"
#include "tinyzero/answer.h"
#include "tinyzero/equations.h"
#include "tinyzero/key.h"
#include "tinyzero/task.h"

namespace tinyzero::dataset {
namespace {

using Json = nlohmann::json;

// Groups of rows where a second file has the test problems. The host divides problems by the hash
// of their group: these names fall into the splits that they speak of, as a test makes sure.
constexpr const char* kTraining = "rows to train on";
constexpr const char* kValidation = "rows to validate with";
constexpr const char* kTest = "rows to test with";
constexpr std::uint64_t kValidationShare = 10;  // one problem of so many

struct Settings {
  std::string file;
  std::string test_file;
  Columns columns;
  std::string grade = "exact";
  AnswerPlace place;
  bool ignore_case = false;
  std::int64_t choices = 5;
  std::string system;
  std::string suffix;
  double format_reward = 0;
  std::string bad_rows = "refuse";
  std::string hold_out = "problems";

  void describe(SettingsTable& t) {
    t.add(
         "file", file,
         "the data: JSON lines, a JSON array of objects, .csv or .tsv, also compressed (.gz, .zst)")
        .path();
    t.add("test_file", test_file,
          "data with the test problems; empty: they are a fifth of those in `file`")
        .path();
    describe_columns(t);
    describe_judging(t);
    t.add("system", system, "a text before every problem, such as a system prompt; empty: none");
    t.add("suffix", suffix,
          "a text behind every problem, such as how to write the answer; empty: none");
    t.add("bad_rows", bad_rows,
          "rows without a prompt, or with an answer that cannot be graded. refuse: they are an "
          "error; skip: they are left out")
        .one_of({"refuse", "skip"});
    t.add("hold_out", hold_out,
          "what test problems have that no training problem has. problems: their text; wordings: "
          "their text without digits, case and white space. With `test_file`: problems")
        .one_of({"problems", "wordings"});
  }

  void describe_columns(SettingsTable& t) {
    t.add(
        "prompt", columns.prompt,
        "column of the problem, a text or messages; empty: question, prompt, problem, … whichever "
        "there is");
    t.add("answer", columns.answer,
          "column of the reference answer; a list has several right ones; empty: answer, "
          "reward_model.ground_truth, … whichever there is");
    t.add(
        "demonstration", columns.demonstration,
        "column of a worked solution for the warm start; empty: none, or the assistant's message");
    t.add("options", columns.options,
          "column of a list of choices, which follow the problem as A., B., …; empty: none");
    t.add("difficulty", columns.difficulty,
          "column whose first number says how hard a problem is; empty: none");
  }

  void describe_judging(SettingsTable& t) {
    t.add("grade", grade,
          "how answers are compared. exact: as texts; number: as exact numbers; math: as "
          "mathematical values; choice: as letters of a choice; regex: the reference is a pattern")
        .one_of({"exact", "number", "math", "choice", "regex"});
    t.add("find", place.find,
          "where the answer stands. tags: in <answer></answer>; boxed: in \\boxed{}; marker: "
          "behind `marker`; last_line: in the last line; whole: it is the completion; auto: in "
          "the first of tags, box, marker and last line that there is")
        .one_of({"auto", "tags", "boxed", "marker", "last_line", "whole"});
    t.add("marker", place.marker, "what stands before the answer, in its line")
        .only_when("find", "marker");
    t.add("ignore_case", ignore_case, "whether small letters are as good as capitals")
        .only_when("grade", "exact");
    t.add("choices", choices, "number of choices, which are letters from A on")
        .between(2, 26)
        .only_when("grade", "choice");
    t.add("format_reward", format_reward,
          "reward of an answer that can be read and is not right; 0: only right answers count")
        .between(0, 0.99);
  }
};

std::unique_ptr<Grade> grade_of(const Settings& s) {
  if (s.grade == "number") return number_grade();
  if (s.grade == "math") return math_grade();
  if (s.grade == "choice") return choice_grade(static_cast<int>(s.choices));
  if (s.grade == "regex") return regex_grade();
  return exact_grade(s.ignore_case);
}

// The problem of a state: {"answer": "42", "line": 7}, where "answer" may be a list of right
// answers. "test_line" is a line of the file of test problems.
struct Problem {
  std::vector<std::string> answers;
  std::int64_t line = 0;
  bool is_test = false;

  explicit Problem(std::string_view state) {
    const Json json = Json::parse(state, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("answer"))
      throw BadState("the state is no object with an \"answer\"");
    const Json& answer = json["answer"];
    if (answer.is_array()) {
      for (const Json& each : answer) add(each);
    } else {
      add(answer);
    }
    if (answers.empty()) throw BadState("the state's list of answers is empty");
    is_test = json.contains("test_line");
    const Json where = json.value(is_test ? "test_line" : "line", Json());
    if (where.is_number_integer()) line = where.get<std::int64_t>();
  }

 private:
  void add(const Json& answer) {
    if (!answer.is_string()) throw BadState("the state's \"answer\" is neither a text nor texts");
    answers.push_back(answer.get<std::string>());
  }
};

class Dataset {
 public:
  using Settings = dataset::Settings;
  static constexpr About about{
      "dataset", "answer the questions of a file", "1.0.0",
      "Draws the rows of a data file as problems, and compares answers with the reference answers "
      "of the file: as texts, numbers, mathematical values, choices or patterns."};
  static constexpr std::array parts{"correct", "format"};
  static constexpr std::array reasons{
      "correct",         "no answer",    "blank answer", "not such an answer",
      "several answers", "wrong answer", "cannot tell"};
  static constexpr std::array traits{
      Trait{"steps", "equations that are written"},
      Trait{"slips", "share of the steps that are computed wrong", "steps"}};
  enum Reason : std::uint32_t {
    correct,
    no_answer,
    blank,
    unreadable,
    several,
    wrong,
    cannot_tell
  };

  explicit Dataset(const Settings& settings, const Notes& notes = Notes())
      : s_(settings), grade_(grade_of(settings)) {
    if (s_.file.empty())
      throw std::invalid_argument("no file is named, for example file: gsm8k.jsonl");
    if (s_.place.marker.empty()) throw std::invalid_argument("the marker is empty");
    if (!s_.test_file.empty() && s_.hold_out != "problems")
      throw std::invalid_argument("hold_out: wordings divides one file, and there is a test_file");
    std::vector<std::string> found;
    read(s_.file, false, found);
    if (!s_.test_file.empty()) read(s_.test_file, true, found);
    drop_tested(rows_, found);
    note_contradictions(rows_, found);
    if (s_.hold_out == "problems") note_near_duplicates(rows_, !s_.test_file.empty(), found);
    for (const std::string& note : found) notes.add(note);
  }

  Item draw(Draw draw) const {
    const Row& row = rows_[row_at(draw.seed, draw.index, rows_.size())];
    Item item;
    item.prompt = row.prompt;
    item.key = key_of(row);
    item.state = state_of(row);
    item.difficulty = row.difficulty;
    return item;
  }

  Verdict verify(std::string_view state, std::string_view completion) const {
    const Problem problem(state);
    const auto answer = s_.place(completion);
    if (!answer) return Verdict::unparsable(no_answer);
    if (answer->empty()) return Verdict::unparsable(blank);
    switch (judge(problem, *answer)) {
      case Judgement::right: return with_format(Verdict::right());
      case Judgement::wrong: return with_format(Verdict::wrong(wrong, s_.format_reward));
      case Judgement::several: return Verdict::unparsable(several);
      case Judgement::undecided: return undecided();
      default: return Verdict::unparsable(unreadable);
    }
  }

  std::array<double, traits.size()> count_traits(std::string_view /*state*/,
                                                 std::string_view completion) const {
    double steps = 0, slips = 0;
    const std::string text = with_plain_operators(completion);
    EquationReader equations(text);
    while (const std::optional<Equation> equation = equations.next()) {
      ++steps;
      slips += equation->is_right() ? 0 : 1;
    }
    return {steps, trait_share(slips, steps)};
  }

  std::optional<std::string> solve(std::string_view state) const {
    const Problem problem(state);
    for (const std::string& reference : problem.answers) {
      if (const auto answer = grade_->answer(reference)) return s_.place.written(*answer);
    }
    const Row* row = row_of(problem);
    const bool is_solved = row != nullptr && is_right(problem, row->demonstration);
    return is_solved ? std::optional(row->demonstration) : std::nullopt;
  }

  // The row's worked solution, and the answer behind it unless it stands there.
  std::string demonstrate(std::string_view state, Rng& /*rng*/) const {
    const Problem problem(state);
    const Row* row = row_of(problem);
    if (row == nullptr || row->demonstration.empty()) return solve(state).value_or("");
    if (is_right(problem, row->demonstration)) return row->demonstration;
    const auto answer = grade_->answer(problem.answers.front());
    return answer ? row->demonstration + "\n" + s_.place.written(*answer) : row->demonstration;
  }

 private:
  void read(const std::string& path, bool is_test, std::vector<std::string>& notes) {
    const RowSettings settings{.columns = s_.columns,
                               .system = s_.system,
                               .suffix = s_.suffix,
                               .skip_bad = s_.bad_rows == "skip"};
    for (Row& row : read_rows(path, settings, *grade_, notes)) {
      row.is_test = is_test;
      rows_.push_back(std::move(row));
    }
  }

  std::string key_of(const Row& row) const {
    if (s_.hold_out == "wordings") return key_in_group(wording_of(row.key), row.key);
    if (s_.test_file.empty()) return row.key;
    if (row.is_test) return key_in_group(kTest, row.key);
    const bool validates = text_hash(row.key) % kValidationShare == 0;
    return key_in_group(validates ? kValidation : kTraining, row.key);
  }

  static std::string state_of(const Row& row) {
    Json state = Json::object();
    if (row.answers.size() == 1) state["answer"] = row.answers.front();
    else state["answer"] = row.answers;
    state[row.is_test ? "test_line" : "line"] = row.line;
    return state.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  // The row that a state names; null if another file, or a person, wrote the state.
  const Row* row_of(const Problem& problem) const {
    const auto at = std::lower_bound(
        rows_.begin(), rows_.end(), problem, [](const Row& row, const Problem& wanted) {
          return std::pair(row.is_test, row.line) < std::pair(wanted.is_test, wanted.line);
        });
    const bool is_it = at != rows_.end() && at->line == problem.line &&
                       at->is_test == problem.is_test && at->answers == problem.answers;
    return is_it ? &*at : nullptr;
  }

  // Any of several reference answers will do.
  Judgement judge(const Problem& problem, std::string_view answer) const {
    Judgement out = Judgement::wrong;
    for (const std::string& reference : problem.answers) {
      try {
        const Judgement here = grade_->judge(reference, answer);
        if (here == Judgement::right) return here;
        if (here != Judgement::wrong) out = here;
      } catch (const std::invalid_argument& e) {
        throw BadState(std::string("the answer of the state cannot be graded: ") + e.what());
      }
    }
    return out;
  }

  bool is_right(const Problem& problem, std::string_view completion) const {
    const auto answer = s_.place(completion);
    return answer && !answer->empty() && judge(problem, *answer) == Judgement::right;
  }

  static Verdict with_format(Verdict verdict) {
    verdict.parts[1] = 1;
    return verdict;
  }
  static Verdict undecided() {
    Verdict verdict;
    verdict.outcome = Outcome::abstain;
    verdict.reason = cannot_tell;
    return verdict;
  }

  Settings s_;
  std::unique_ptr<Grade> grade_;
  std::vector<Row> rows_;  // in the order of the files, the test problems last
};

}  // namespace
}  // namespace tinyzero::dataset

TINYZERO_TASK(tinyzero::dataset::Dataset, "dataset")
