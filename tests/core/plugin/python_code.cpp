// Tasks in Python: what a class says is what the host sees, and whatever its code does to its
// process costs the row that did it.

#include "core/plugin/python/python_code.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "support/python_task.h"
#include "support/temporary.h"
#include "tinyzero/task_abi.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/python_code");

namespace {

const TaskParam& param_of(const Task& task, const std::string& name) {
  for (const TaskParam& param : task.about().params) {
    if (param.name == name) return param;
  }
  throw Failure("no setting " + name);
}

Verdict judged(const Task& task, const std::string& state, const std::string& completion) {
  return task.verify({{state, completion}}).front();
}

// The message of an error that opening a file with this text must give.
std::string refusal(const std::string& text, const std::string& object = "",
                    const std::string& settings = "{}") {
  const TemporaryFolder folder;
  write_file_synced(folder / "mine.py", text);
  try {
    open_python(std::string(folder / "mine.py") + object, settings);
  } catch (const Error& e) {
    return std::string(e.what()) + " | " + e.hint();
  }
  return "it was taken";
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Whether a process has this argument.
bool is_running(const std::string& argument) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code ignored;
    const fs::path words = entry.path() / "cmdline";
    if (fs::exists(words, ignored) && holds(read_file(words), argument)) return true;
  }
  return false;
}

constexpr const char* kDraw =
    "  def draw(self, rng): return {'prompt': 'p', 'key': str(rng.random()), 'state': 0}\n"
    "  def verify(self, state, completion): return 0\n";

}  // namespace

TEST_CASE("a class declares its settings, parts, traits and what it can do") {
  if (!have_python()) return;
  const Task task = open_python(python_file("sums.py"));
  const TaskAbout& about = task.about();
  CHECK(about.id == "sums");
  CHECK(about.title == "Add whole numbers");
  CHECK(about.version == "1.2");
  CHECK(about.components == std::vector<std::string>{"correct", "short"});
  CHECK(about.can_solve);
  CHECK(about.can_demonstrate);
  REQUIRE(about.traits.size() == 2);
  CHECK(about.traits[0].doc == "digits of the answer");
  CHECK(param_of(task, "terms").doc == "how many numbers a problem adds");
  CHECK(param_of(task, "largest").doc == "the largest number");
  CHECK(param_of(task, "largest").low == 1);
  CHECK(param_of(task, "largest").high == 99);
  CHECK(param_of(task, "share").type == TZ_REAL);
  CHECK(param_of(task, "loud").fallback == "false");
  CHECK(param_of(task, "style").choices == std::vector<std::string>{"plain", "two words"});
  CHECK(param_of(task, "level").choices == std::vector<std::string>{"1", "2", "3"});
  CHECK(param_of(task, "signs").fallback == "[\"+\", \"-\"]");
  CHECK(param_of(task, "weights").max_count == 64);
  CHECK(param_of(task, "words").is_path);
}

TEST_CASE("settings arrive in the types of their annotations") {
  if (!have_python()) return;
  const TemporaryFolder folder;
  write_file_synced(folder / "words.txt", "ant bee");
  CHECK(open_python(python_file("sums.py"))
            .reason(judged(open_python(python_file("sums.py")), "{}", "settings")) ==
        "[0.5, False, 'plain', 1, ['+', '-'], (1, 2), None, None, 'a \"quoted\" text']");
  const Task task = open_python(python_file("sums.py"),
                                "{share: 2, loud: true, style: two words, level: 3, signs: x, "
                                "weights: [5], name: n, words: " +
                                    std::string(folder / "words.txt") + ", note: 7}");
  CHECK(task.reason(judged(task, "{}", "settings")) ==
        "[2.0, True, 'two words', 3, ['x'], (5,), 'n', ['ant', 'bee'], '7']");
}

TEST_CASE("problems and verdicts are what the methods give") {
  if (!have_python()) return;
  const Task task = open_python(python_file("sums.py"), "{terms: 3}");
  const std::vector<Item> items = task.draw(1, 0, 50);
  CHECK(items[0].prompt != items[1].prompt);
  for (const Item& item : items) {
    CHECK(item.state.starts_with("{\"numbers\":["));
    CHECK(holds(item.state, "größer"));
    const auto solution = task.solve(item.state);
    REQUIRE(solution);
    CHECK(item.difficulty == std::stod(*solution));
    const Verdict verdict = judged(task, item.state, item.prompt + *solution);
    CHECK(verdict.reward == 1);
    CHECK(task.reason(verdict) == "correct");
    CHECK(verdict.parts[0] == 1);
    CHECK(judged(task, item.state, "").outcome == Outcome::abstain);
    CHECK(task.reason(judged(task, item.state, "x")) == "wrong sum");
    CHECK(task.demonstrate(item.state, 1, 2) == task.demonstrate(item.state, 1, 2));
    CHECK(task.draw(1, item.index, 1).front().prompt == item.prompt);
  }
  CHECK_FALSE(task.solve("{\"numbers\":[]}"));
  const auto traits = task.count_traits({{items[0].state, "1+2=3"}, {items[0].state, "+"}});
  CHECK(traits[0] == TraitRow{3, 1});
  CHECK(traits[1][0] == 0);
  CHECK(std::isnan(traits[1][1]));
  const Verdict wrong_state = judged(task, "{\"nmbers\":[]}", "3");
  CHECK(wrong_state.outcome == Outcome::error);
  CHECK(holds(wrong_state.detail, "sums.py:"));
  CHECK(holds(wrong_state.detail, "KeyError: 'numbers'"));
}

TEST_CASE("each act costs its row at most, and the reason says what it was") {
  if (!have_python()) return;
  struct Case {
    const char* completion;
    Outcome outcome;
    double reward;
    const char* reason;
  };
  const Case cases[] = {
      {"half", Outcome::scored, 0.5, "not right"},
      {"true", Outcome::scored, 1, "right"},
      {"none", Outcome::abstain, 0, "the task cannot tell"},
      {"abstain", Outcome::abstain, 0, "it is night"},
      {"unparsable", Outcome::unparsable, 0, "nothing there"},
      {"reason", Outcome::scored, 0.25, "nearly"},
      {"nan", Outcome::error, 0, "the reward is nan, expected a finite number"},
      {"infinite", Outcome::error, 0, "the reward is -inf, expected a finite number"},
      {"huge", Outcome::error, 0, "expected a finite number"},
      {"text", Outcome::error, 0, "the reward is '1.0', expected a number"},
      {"list", Outcome::error, 0, "the reward is [1.0], expected a number"},
      {"typo", Outcome::error, 0, "verify() gave {'rewrad': 1}, expected"},
      {"long_reason", Outcome::scored, 0, "éééé"},
      {"surrogate", Outcome::scored, 0, "?"},
      {"unknown_part", Outcome::error, 0, "write in the class: parts = ('hidden',)"},
      {"stop", Outcome::error, 0, "hostile.py:51: RuntimeError: I stop"},
      {"printed", Outcome::error, 0, "ValueError: no; printed before: so far so good"},
      {"quit", Outcome::error, 0, "SystemExit"},
      {"exit", Outcome::error, 0, "ended its process with exit code 3"},
      {"crash", Outcome::error, 0, "was ended by signal 11"},
      {"kill", Outcome::error, 0, "was ended by signal 9"},
      {"kill_host", Outcome::error, 0, "PermissionError"},
      {"hang", Outcome::error, 0, "ran longer than 0.5 s"},
      {"sleep", Outcome::error, 0, "ran longer than 0.5 s"},
      {"deep", Outcome::error, 0, "RecursionError"},
      {"leak", Outcome::error, 0, "used up its memory"},
      {"fork", Outcome::error, 0, "PermissionError"},
      {"program", Outcome::error, 0, "PermissionError"},
      {"network", Outcome::error, 0, "PermissionError"},
      {"file", Outcome::error, 0, "PermissionError"},
      {"remove", Outcome::error, 0, "PermissionError"},
      {"shadow", Outcome::error, 0, "PermissionError"},
      {"alarm", Outcome::error, 0, "TimeoutError: too slow"},
      {"own_file", Outcome::scored, 1, "right"},
      {"null", Outcome::scored, 1, "right"},
      {"thread", Outcome::scored, 1, "right"},
      {"event_loop", Outcome::scored, 1, "right"},
      {"import", Outcome::scored, 1, "right"},
      {"print", Outcome::scored, 1, "right"},
  };
  const Task task = open_patient(python_file("hostile.py"));
  std::vector<Answer> answers;
  for (const Case& c : cases) {
    answers.push_back({"{}", c.completion});
    answers.push_back({"{}", "right"});
  }
  const std::vector<Verdict> verdicts = task.verify(answers);
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const Case& expected = cases[i];
    CAPTURE(std::string(expected.completion));
    CAPTURE(verdicts[2 * i].detail);
    CHECK(verdicts[2 * i].outcome == expected.outcome);
    CHECK(verdicts[2 * i].reward == expected.reward);
    CHECK(holds(verdicts[2 * i].detail, expected.reason));
    CHECK(verdicts[2 * i + 1].reward == 1);
  }
  CHECK_FALSE(fs::exists("/tmp/tinyzero-hostile"));
  CHECK(fs::exists(python_file("hostile.py")));
  const auto counted = task.count_traits({{"{}", "four"}, {"{}", "exit"}, {"{}", "x"}});
  CHECK(counted[0] == TraitRow{4});
  CHECK(std::isnan(counted[1][0]));
  CHECK(counted[2] == TraitRow{1});
}

TEST_CASE("what a task makes by chance is a function of what it is asked") {
  if (!have_python()) return;
  const Task one = open_patient(python_file("hostile.py"));
  const Task other = open_patient(python_file("hostile.py"));
  const auto items = one.draw(7, 0, 20), same = other.draw(7, 0, 20);
  for (std::size_t i = 0; i < items.size(); ++i) {
    CHECK(items[i].state == same[i].state);
    CHECK(one.draw(7, items[i].index, 1).front().state == items[i].state);
  }
  CHECK(one.draw(8, 0, 1).front().state != items[0].state);
  for (const char* act : {"random", "hash"}) {
    const double reward = judged(one, "{}", act).reward;
    CHECK(reward == judged(other, "{}", act).reward);
    CHECK(reward == judged(one, "{}", act).reward);
  }
  CHECK(judged(one, "{}", "random").reward != judged(one, "[]", "random").reward);
}

TEST_CASE("a file that is no task is refused with its place") {
  if (!have_python()) return;
  const auto with = [](const std::string& init) {
    return refusal("class A:\n  def __init__(self, " + init + "): pass\n" + kDraw);
  };
  CHECK(holds(refusal("x = 1\ny = z\n"), "mine.py:2: NameError: name 'z' is not defined"));
  CHECK(holds(refusal("def f(:\n"), "mine.py:1: SyntaxError"));
  CHECK(holds(refusal("import no_such_module\n"), "ModuleNotFoundError"));
  CHECK(holds(refusal("import no_such_module\n"), "install the module there"));
  CHECK(holds(refusal("import os; os._exit(5)\n"),
              "ended its process with exit code 5 while loading"));
  CHECK(holds(refusal("import socket; socket.socket()\n"), "mine.py:1: PermissionError"));
  CHECK(holds(refusal("def f(): pass\n"), "has no class with draw() and verify()"));
  CHECK(holds(
      refusal(std::string("class A:\n") + kDraw + "class B:\n" + kDraw),
      "has 2 classes with draw() and verify() | name one of what it has: mine.py:A, mine.py:B"));
  CHECK(holds(refusal(std::string("class A:\n") + kDraw, ":C"),
              "has no class or function C | it has A"));
  CHECK(holds(refusal("x = 1\n", ":x"), "x in "));
  CHECK(holds(refusal("class A:\n  def draw(self, rng): pass\n", ":A"), "has no verify()"));
  CHECK(holds(with("n"), "the setting n of A has no default"));
  CHECK(holds(with("n: dict = {}"), "the setting n has the type dict"));
  CHECK(holds(with("n: int = 1.5"), "the setting n is 1.5 by default, which is not of its type"));
  CHECK(holds(with("n: list[int] = []"), "expected a list of at least one value"));
  CHECK(
      holds(with("network: bool = False"), "a setting network, which is a word of the experiment"));
  CHECK(holds(with("n: int = 1 / 0"), "mine.py:2: ZeroDivisionError"));
  CHECK(
      holds(refusal(std::string("class A:\n  def __init__(self, n=1): raise KeyError(n)\n") + kDraw,
                    "", "{n: 2}"),
            "settings:1:1: task \"a\" cannot be set up: mine.py:2: KeyError: 2"));
  CHECK(holds(refusal(std::string("class A:\n") + kDraw, "", "{words: 4}"),
              "settings:1:2: unknown setting \"task.words\""));
}

TEST_CASE("draws that no host can use are failures with their place") {
  if (!have_python()) return;
  const auto drawn = [](const std::string& expression) -> std::string {
    const TemporaryFolder folder;
    write_file_synced(folder / "mine.py",
                      "class A:\n  def verify(self, state, completion): return 0\n"
                      "  def draw(self, rng): return " +
                          expression + "\n");
    try {
      return open_python(folder / "mine.py").draw(1, 0, 1).front().state;
    } catch (const Failure& e) {
      return e.what();
    }
  };
  CHECK(holds(drawn("1 / 0"), "cannot draw problem 0 of seed 1: mine.py:3: ZeroDivisionError"));
  CHECK(holds(drawn("None"), "draw() gave None, expected {\"prompt\", \"key\", \"state\"}"));
  CHECK(holds(drawn("dict(prompt='p', key='k')"), "expected {\"prompt\", \"key\", \"state\"}"));
  CHECK(holds(drawn("dict(prompt=1, key='k', state=0)"),
              "draw() gave the prompt 1, expected a text"));
  CHECK(holds(drawn("dict(prompt='p' * 2000000, key='k', state=0)"),
              "draw() gave a prompt of 2000000 bytes; at most 1048576 are possible"));
  CHECK(holds(drawn("dict(prompt='p', key='k', state=0, difficulty=float('nan'))"),
              "the difficulty"));
  CHECK(holds(drawn("dict(prompt='p', key='k', state={1, 2})"), "not JSON serializable"));
  CHECK(drawn("dict(prompt='p', key=[1, 2], state={'a': (1, None)})") == "{\"a\":[1,null]}");
  CHECK(drawn("dict(prompt='p', key='k', state='3 + 4')") == "3 + 4");
  CHECK(drawn("dict(prompt='p', key='k', state='34')") == "\"34\"");
}

TEST_CASE("an opt-out allows what it names and nothing else") {
  if (!have_python()) return;
  const std::string file = python_file("hostile.py");
  const auto outcome = [&](const char* settings, const char* act) {
    return judged(open_python(file, settings), "{}", act).outcome;
  };
  CHECK(outcome("{network: true}", "connect") == Outcome::scored);
  CHECK(outcome("{network: true}", "unix_socket") == Outcome::error);
  CHECK(outcome("{network: true}", "program") == Outcome::error);
  CHECK(outcome("{network: true}", "file") == Outcome::error);
  CHECK(outcome("{processes: true}", "ran_program") == Outcome::scored);
  CHECK(outcome("{processes: true}", "network") == Outcome::error);
  CHECK(outcome("{processes: true}", "program_that_writes") == Outcome::scored);
  CHECK(outcome("{processes: true, answer_seconds: 0.3}", "program_that_hangs") == Outcome::error);
  CHECK_FALSE(is_running("987654321"));
  CHECK(outcome("{}", "connect") == Outcome::error);
  CHECK(outcome("{}", "home") == Outcome::error);
  CHECK(outcome("{variables: HOME}", "home") == Outcome::scored);
  CHECK_FALSE(fs::exists("/tmp/tinyzero-hostile"));
  CHECK_THROWS_WITH_AS(open_python(file, "{in_process: true}"),
                       doctest::Contains("task.in_process has no effect: a task in Python"), Error);
  CHECK_THROWS_WITH_AS(open_python(file, "{memory_gib: 0}"),
                       doctest::Contains("task.memory_gib is 0, expected an integer from 1"),
                       Error);
}
