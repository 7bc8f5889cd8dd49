// A task in this process, behind a table as C plugins fill it.

#include "core/plugin/library_task.h"

#include <doctest/doctest.h>

#include <cstring>

#include "core/base/error.h"
#include "core/plugin/task_limits.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/library_task");

namespace {

tz_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }

tz_status fail(tz_error* error, tz_status status, const char* text) {
  std::strcpy(error->text, text);
  return status;
}

// Says 20 things when it is set up with 5.
tz_status create(const tz_host* host, const tz_value* values, tz_instance** out, tz_error* error) {
  *out = nullptr;
  const std::string note = "two\nlines" + std::string(5000, '.');
  for (int i = 0; i < 20 && values[0].integers[0] == 5; ++i) host->log(host->context, bytes(note));
  return values[0].integers[0] == 9 ? fail(error, TZ_BAD_PARAMETER, "9 is too many") : TZ_OK;
}
void destroy(tz_instance*) {}

// Draws one problem fewer for seed 1, one more for seed 2.
tz_status draw(tz_instance*, const tz_draw* draws, std::uint32_t n, const tz_item_sink* sink,
               tz_error* error) {
  if (draws[0].seed == 3) return fail(error, TZ_EXHAUSTED, "no more");
  if (draws[0].seed == 4) return TZ_INTERNAL;
  const std::uint32_t count = draws[0].seed == 1 ? n - 1 : draws[0].seed == 2 ? n + 1 : n;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string key = std::to_string(i);
    const tz_item item{bytes("prompt"), bytes(key), bytes("{}"), 1.5};
    if (const tz_status status = sink->add(sink->context, &item); status != TZ_OK) return status;
  }
  return TZ_OK;
}

// Fails as a whole where a row says so.
tz_status verify(tz_instance*, const tz_call* call, const tz_answer* answers, std::uint32_t n,
                 tz_verdict* out, tz_error* error) {
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::string text(answers[i].completion.data, answers[i].completion.size);
    if (call->cursor != nullptr) *call->cursor = i;
    if (text == "fail") return fail(error, TZ_INTERNAL, "a bad row");
    out[i] = {};
    out[i].reward = text == "right" ? 1 : 0;
    if (text == "explain") call->explain(call->context, i, bytes("because"));
    if (text == "explain") call->explain(call->context, n, bytes("to nobody"));
  }
  return TZ_OK;
}

tz_status solve(tz_instance*, tz_bytes state, std::uint32_t* solvable, const tz_text_sink* out,
                tz_error*) {
  *solvable = state.size > 2 ? 1 : 0;
  out->write(out->context, bytes("first"));
  return out->write(out->context, state);
}
tz_status demonstrate(tz_instance*, tz_bytes, tz_draw, const tz_text_sink* out, tz_error* error) {
  return out->write(out->context, {"x", std::uint64_t{1} << 40}) == TZ_OK
             ? TZ_OK
             : fail(error, TZ_INTERNAL, "the sink said no");
}

// The length, and half of it; fails where a row says so.
tz_status count_traits(tz_instance*, const tz_call*, const tz_answer* answers, std::uint32_t n,
                       double* out, tz_error* error) {
  for (std::uint32_t i = 0; i < n; ++i) {
    const double size = static_cast<double>(answers[i].completion.size);
    if (size == 4) return fail(error, TZ_INTERNAL, "a bad row");
    out[2 * i] = size;
    out[2 * i + 1] = size / 2;
  }
  return TZ_OK;
}

constexpr tz_trait kTraitRows[] = {{"length", "characters", nullptr},
                                   {"half", "half of them", "length"}};
constexpr tz_traits kTraits{sizeof kTraits, 2, kTraitRows, count_traits};

const char* const kParts[] = {"correct", "format"};
const char* const kReasons[] = {"correct", "wrong"};
const char* const kPaths[] = {"file"};
const char* const kChoices[] = {"a", "b"};
constexpr tz_solve kSolve{sizeof kSolve, 0, solve};
constexpr tz_demonstrate kDemonstrate{sizeof kDemonstrate, 0, demonstrate};
constexpr tz_paths kPathTable{sizeof kPathTable, 1, kPaths};

const void* extension(const char* id) {
  if (std::strcmp(id, TINYZERO_SOLVE) == 0) return &kSolve;
  if (std::strcmp(id, TINYZERO_DEMONSTRATE) == 0) return &kDemonstrate;
  if (std::strcmp(id, TINYZERO_PATHS) == 0) return &kPathTable;
  if (std::strcmp(id, TINYZERO_TRAITS) == 0) return &kTraits;
  return nullptr;
}

tz_param param(std::uint32_t type, const char* name, const char* fallback) {
  tz_param out{};
  out.size = sizeof out;
  out.type = type;
  out.max_count = 1;
  out.name = name;
  out.fallback = fallback;
  out.high = 9;
  return out;
}

struct Table {
  tz_param params[2] = {param(TZ_INTEGER, "count", "3"), param(TZ_TEXT, "file", "\"\"")};
  tz_task task{};

  Table() {
    params[1].choices = kChoices;
    params[1].n_choices = 2;
    task.size = sizeof task;
    task.flags = TZ_REENTRANT;
    task.id = "table";
    task.title = "a table";
    task.reward_full = task.reward_max = 1;
    task.n_parts = task.n_reasons = task.n_params = 2;
    task.parts = kParts;
    task.reasons = kReasons;
    task.params = params;
    task.create = create;
    task.destroy = destroy;
    task.draw = draw;
    task.verify = verify;
    task.extension = extension;
  }
};

std::vector<SettingValue> values(std::int64_t count) {
  return {{.integers = {count}, .reals = {}, .texts = {}},
          {.integers = {}, .reals = {}, .texts = {"a"}}};
}

LibraryTask opened(const Table& table) {
  LibraryTask task(table.task, "table.so");
  task.create(values(3));
  return task;
}

}  // namespace

TEST_CASE("what a task declares is copied out of its table") {
  const Table table;
  const TaskAbout about = LibraryTask(table.task, "table.so").about();
  CHECK(about.id == "table");
  CHECK(about.version.empty());  // a null text
  CHECK(about.components == std::vector<std::string>{"correct", "format"});
  CHECK(about.reasons == std::vector<std::string>{"correct", "wrong"});
  REQUIRE(about.params.size() == 2);
  CHECK(about.params[0].fallback == "3");
  CHECK_FALSE(about.params[0].is_path);
  CHECK(about.params[1].is_path);
  CHECK(about.params[1].choices == std::vector<std::string>{"a", "b"});
  CHECK(about.can_solve);
  CHECK(about.can_demonstrate);
  CHECK(about.is_reentrant);
  CHECK(LibraryTask(table.task, "table.so").refuses_unknown_extensions());
}

TEST_CASE("rows of a newer table may be longer") {
  Table table;
  struct Long {
    tz_param row;
    char more[24];
  };
  Long rows[2] = {{table.params[0], {}}, {table.params[1], {}}};
  for (Long& row : rows) row.row.size = sizeof row;
  table.task.params = &rows[0].row;
  const TaskAbout about = LibraryTask(table.task, "table.so").about();
  CHECK(about.params[1].name == "file");
}

TEST_CASE("draws are as many as were asked for, or a fault") {
  const Table table;
  LibraryTask task = opened(table);
  const auto items = task.draw(0, {7, 9});
  REQUIRE(items.size() == 2);
  CHECK(items[1].index == 9);
  CHECK(items[1].key == "1");
  CHECK(items[1].difficulty == 1.5);
  CHECK_THROWS_WITH_AS(task.draw(1, {7, 9}), "task \"table\" drew 1 problems of 2", Failure);
  CHECK_THROWS_WITH_AS(task.draw(2, {7, 9}),
                       "task \"table\" drew more problems than the 2 it was asked for", Failure);
  CHECK_THROWS_WITH_AS(task.draw(3, {7}), "task \"table\" cannot draw a problem: no more", Error);
  CHECK_THROWS_WITH_AS(task.draw(4, {7}),
                       "task \"table\" cannot draw a problem: it gives no reason, and the status 4",
                       Failure);
}

TEST_CASE("settings that the task refuses are an error, not a fault") {
  const Table table;
  LibraryTask task(table.task, "table.so");
  try {
    task.create(values(9));
    FAIL("it was taken");
  } catch (const Failure&) {
    FAIL("it was called a fault of the task");
  } catch (const Error& e) {
    CHECK(std::string(e.what()) == "task \"table\" cannot be set up: 9 is too many");
    CHECK(e.hint() == "`tinyzero task show table` explains its settings");
  }
}

TEST_CASE("a call that fails as a whole is judged again, row by row") {
  const Table table;
  LibraryTask task = opened(table);
  volatile std::uint32_t cursor = 99;
  task.watch(&cursor);
  const auto verdicts = task.verify({{"", "right"}, {"", "fail"}, {"", "explain"}, {"", "right"}});
  CHECK(verdicts[0].reward == 1);
  CHECK(verdicts[1].outcome == Outcome::error);
  CHECK(verdicts[1].detail == "task \"table\" cannot verify: a bad row");
  CHECK(verdicts[2].detail == "because");
  CHECK(verdicts[3].reward == 1);
  CHECK(cursor == 0);  // judged alone, each is row 0
  task.verify({{"", "right"}, {"", "right"}});
  CHECK(cursor == 1);
}

TEST_CASE("solutions are the last text, and texts have a limit") {
  const Table table;
  LibraryTask task = opened(table);
  CHECK(task.solve("{12}") == "{12}");
  CHECK_FALSE(task.solve("{}"));
  CHECK_THROWS_WITH_AS(task.demonstrate("{}", 1, 1),
                       doctest::Contains("gives a demonstration of 1099511627776 bytes"), Failure);
}

TEST_CASE("traits are declared and counted, and a call that fails names the task") {
  LibraryTask task = opened(Table());
  CHECK(task.about().traits ==
        std::vector<TaskTrait>{{"length", "characters", ""}, {"half", "half of them", "length"}});
  CHECK(task.count_traits({{"{}", "abc"}, {"{}", ""}}) == std::vector<TraitRow>{{3, 1.5}, {0, 0}});
  CHECK(task.count_traits({}).empty());
  CHECK_THROWS_WITH_AS(task.count_traits({{"{}", "fail"}}),
                       "task \"table\" cannot count traits: a bad row", Failure);
}

TEST_CASE("notes of a task are lines, few and not long") {
  const Table table;
  LibraryTask task = opened(table);
  CHECK(task.notes().empty());
  task.create(values(5));
  REQUIRE(task.notes().size() == kMostNotes);
  CHECK(task.notes()[0].starts_with("two lines..."));
  CHECK(task.notes()[0].size() <= TINYZERO_TASK_MAX_DETAIL);
  task.create(values(3));
  CHECK(task.notes().empty());
}
