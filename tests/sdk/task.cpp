// The C++ layer, called through the C ABI as a host calls it.

#include "tinyzero/task.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/task");

namespace {

struct Echo {
  struct Settings {
    std::int64_t size = 3;
    std::vector<double> limits = {0.5, 2};
    std::string mode = "plain";
    void describe(SettingsTable& t) {
      t.add("size", size, "how large").between(1, 9);
      t.add("limits", limits, "two limits").up_to(2).only_when("mode", "plain");
      t.add("mode", mode, "how").one_of({"plain", "refuse"});
    }
  };
  static constexpr About about{"echo", "repeat a word", "1.2.3", "Repeats."};
  static constexpr std::array parts{"correct", "format"};
  static constexpr std::array reasons{"correct", "wrong"};

  explicit Echo(const Settings& settings) : settings_(settings) {
    if (settings.mode == "refuse") throw std::invalid_argument("mode refuses");
  }
  Item draw(Draw draw) const {
    if (draw.index == 13) throw Exhausted("no thirteenth problem");
    const std::string text = std::to_string(draw.seed * 100 + draw.index * settings_.size);
    return {.prompt = "say " + text, .key = text, .state = text, .difficulty = 2};
  }
  Verdict verify(std::string_view state, std::string_view completion) const {
    if (completion == "throw") throw BadState("no such state");
    if (completion == "throw 7") throw 7;
    if (completion == "reason") return Verdict::wrong(2);
    if (completion == "explain") return {.reason = 1, .detail = "because"};
    return completion == state ? Verdict::right() : Verdict::wrong(1);
  }
  static constexpr std::array traits{Trait{"length", "characters"},
                                     Trait{"blanks", "share of blanks", "length"}};
  std::array<double, 2> count_traits(std::string_view state, std::string_view completion) const {
    if (state == "throw") throw BadState("no such state");
    if (completion == "throw 7") throw 7;
    const double blanks =
        static_cast<double>(std::count(completion.begin(), completion.end(), ' '));
    return {static_cast<double>(completion.size()),
            trait_share(blanks, static_cast<double>(completion.size()))};
  }
  std::optional<std::string> solve(std::string_view state) const {
    if (state == "unsolvable") return std::nullopt;
    return std::string(state);
  }

  Settings settings_;
};

struct Plain {
  struct Settings {
    void describe(SettingsTable&) {}
  };
  static constexpr About about{"plain", "no extensions", "1.0.0", "Plain."};
  static constexpr std::array parts{"correct"};
  static constexpr std::array reasons{"correct"};
  explicit Plain(const Settings&) {}
  Item draw(Draw) const { return {}; }
  Verdict verify(std::string_view, std::string_view) const { return {}; }
};

const tz_task& table() { return *TaskBinding<Echo>::module()->tasks[0]; }

tz_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }

// An instance for the values size, limits and mode.
struct Instance {
  tz_instance* it = nullptr;
  tz_error error{};
  tz_status status;

  explicit Instance(const char* mode = "plain", std::int64_t size = 3) {
    const double limits[] = {1, 2};
    const tz_bytes text = bytes(mode);
    const tz_value values[] = {{TZ_INTEGER, 1, &size, nullptr, nullptr},
                               {TZ_REAL, 2, nullptr, limits, nullptr},
                               {TZ_TEXT, 1, nullptr, nullptr, &text}};
    status = table().create(nullptr, values, &it, &error);
  }
  ~Instance() { table().destroy(it); }
};

tz_status take_text(void* context, tz_bytes text) {
  static_cast<std::string*>(context)->assign(text.data, text.size);
  return TZ_OK;
}

}  // namespace

TEST_CASE("the table describes the struct") {
  const tz_module& module = *TaskBinding<Echo>::module();
  CHECK(module.n_tasks == 1);
  CHECK(module.abi_major == TINYZERO_TASK_ABI_MAJOR);
  CHECK(std::string(table().id) == "echo");
  CHECK(std::string(table().version) == "1.2.3");
  CHECK(table().n_parts == 2);
  CHECK(table().n_reasons == 3);  // the layer adds one for rows that fail
  CHECK(std::string(table().reasons[2]) == "task error");
  CHECK(table().flags == TZ_REENTRANT);
  REQUIRE(table().n_params == 3);
  const tz_param &size = table().params[0], &limits = table().params[1], &mode = table().params[2];
  CHECK(std::string(size.fallback) == "3");
  CHECK(size.max_count == 1);
  CHECK(size.low == 1);
  CHECK(size.high == 9);
  CHECK(limits.type == TZ_REAL);
  CHECK(limits.max_count == 2);
  CHECK(std::string(limits.fallback) == "[0.5, 2]");
  CHECK(std::string(limits.needs_name) == "mode");
  CHECK(mode.n_choices == 2);
  CHECK(std::string(mode.choices[1]) == "refuse");
  CHECK(size.needs_name == nullptr);
}

TEST_CASE("settings reach the struct, and what it refuses is a bad parameter with its words") {
  const Instance made("plain", 5);
  REQUIRE(made.status == TZ_OK);
  CHECK(reinterpret_cast<const Echo*>(made.it)->settings_.size == 5);
  CHECK(reinterpret_cast<const Echo*>(made.it)->settings_.limits == std::vector<double>{1, 2});
  const Instance refused("refuse");
  CHECK(refused.status == TZ_BAD_PARAMETER);
  CHECK(std::string(refused.error.text) == "mode refuses");
}

TEST_CASE("draws go to the sink in order, and stop where the task or the sink says so") {
  const Instance instance;
  std::vector<std::string> keys;
  const auto add = [](void* context, const tz_item* item) -> tz_status {
    auto& all = *static_cast<std::vector<std::string>*>(context);
    if (all.size() == 3) return TZ_BAD_ARGUMENT;
    all.emplace_back(item->key.data, item->key.size);
    return TZ_OK;
  };
  const tz_item_sink sink{&keys, add};
  tz_error error{};
  const tz_draw draws[] = {{1, 2}, {2, 0}, {1, 13}, {1, 1}};
  CHECK(table().draw(instance.it, draws, 4, &sink, &error) == TZ_EXHAUSTED);
  CHECK(std::string(error.text) == "no thirteenth problem");
  CHECK(keys == std::vector<std::string>{"106", "200"});
  const tz_draw more[] = {{1, 1}, {1, 2}, {1, 3}};
  CHECK(table().draw(instance.it, more, 3, &sink, &error) == TZ_BAD_ARGUMENT);
  CHECK(keys.size() == 3);
}

TEST_CASE("a row that fails is an error with its words, and the other rows are judged") {
  const Instance instance;
  std::vector<std::string> details(6);
  volatile std::uint32_t cursor = 99;
  const auto explain = [](void* context, std::uint32_t row, tz_bytes text) {
    (*static_cast<std::vector<std::string>*>(context))[row].assign(text.data, text.size);
  };
  const tz_call call{sizeof call, 0, &cursor, &details, explain};
  std::vector<tz_answer> answers;
  for (const char* text : {"7", "throw", "throw 7", "reason", "explain", "8"})
    answers.push_back({bytes("7"), bytes(text)});
  std::vector<tz_verdict> out(answers.size());
  tz_error error{};
  CHECK(table().verify(instance.it, &call, answers.data(), answers.size(), out.data(), &error) ==
        TZ_OK);
  CHECK(out[0].reward == 1);
  CHECK(out[0].parts[0] == 1);
  for (const int row : {1, 2, 3}) {
    CHECK(out[row].outcome == TZ_ERROR);
    CHECK(out[row].reward == 0);
    CHECK(out[row].reason == 2);
  }
  CHECK(details[1] == "no such state");
  CHECK(details[2] == "the task threw something that is not a std::exception");
  CHECK(details[3] == "verify gave reason 2; the task's reasons are 0 to 1");
  CHECK(details[4] == "because");
  CHECK(out[5].reason == 1);
  CHECK(cursor == 5);
  CHECK(table().verify(instance.it, nullptr, answers.data(), 2, out.data(), &error) == TZ_OK);
}

TEST_CASE("extensions are offered for the methods that a struct has") {
  const auto* solve = static_cast<const tz_solve*>(table().extension(TINYZERO_SOLVE));
  REQUIRE(solve != nullptr);
  CHECK(table().extension(TINYZERO_DEMONSTRATE) == nullptr);
  CHECK(table().extension(TINYZERO_PATHS) == nullptr);
  CHECK(table().extension("tinyzero.unknown/1") == nullptr);
  CHECK(TaskBinding<Plain>::module()->tasks[0]->extension(TINYZERO_SOLVE) == nullptr);

  const Instance instance;
  std::string text;
  const tz_text_sink sink{&text, take_text};
  std::uint32_t solvable = 7;
  tz_error error{};
  CHECK(solve->solve(instance.it, bytes("42"), &solvable, &sink, &error) == TZ_OK);
  CHECK(solvable == 1);
  CHECK(text == "42");
  CHECK(solve->solve(instance.it, bytes("unsolvable"), &solvable, &sink, &error) == TZ_OK);
  CHECK(solvable == 0);
}

TEST_CASE("traits are counted row by row, and a row that fails has none") {
  const auto* traits = static_cast<const tz_traits*>(table().extension(TINYZERO_TRAITS));
  REQUIRE(traits != nullptr);
  CHECK(TaskBinding<Plain>::module()->tasks[0]->extension(TINYZERO_TRAITS) == nullptr);
  REQUIRE(traits->n_traits == 2);
  CHECK(std::string(traits->traits[1].name) == "blanks");
  CHECK(std::string(traits->traits[1].doc) == "share of blanks");
  CHECK(std::string(traits->traits[1].per) == "length");
  CHECK(traits->traits[0].per == nullptr);

  const Instance instance;
  volatile std::uint32_t cursor = 99;
  const tz_call call{sizeof call, 0, &cursor, nullptr, nullptr};
  const tz_answer answers[] = {
      {bytes("7"), bytes("a b ")}, {bytes("throw"), bytes("x")}, {bytes("7"), bytes("")}};
  double out[6] = {};
  tz_error error{};
  CHECK(traits->count(instance.it, &call, answers, 3, out, &error) == TZ_OK);
  CHECK(out[0] == 4);
  CHECK(out[1] == 0.5);
  CHECK(std::isnan(out[2]));
  CHECK(std::isnan(out[3]));
  CHECK(out[4] == 0);
  CHECK(std::isnan(out[5]));
  CHECK(cursor == 2);
  // Anything else that is thrown is a fault of the task.
  const tz_answer broken[] = {{bytes("7"), bytes("throw 7")}};
  CHECK(traits->count(instance.it, &call, broken, 1, out, &error) == TZ_INTERNAL);
  CHECK(std::string(error.text) == "the task threw something that is not a std::exception");
}
