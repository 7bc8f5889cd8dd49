// What passes between a host and a worker: whatever is read, it keeps to the limits or is refused.

#include "core/plugin/worker/wire.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tinyzero/rng.h"
#include "tinyzero/task_abi.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/wire");

namespace {

// What `write` writes, read by `read`.
template <class Write, class Read>
auto through(const Write& write, const Read& read) {
  std::string area(1 << 20, '\0');
  WireWriter out(area.data(), area.size());
  write(out);
  WireReader in(area.data(), out.size());
  return read(in);
}

}  // namespace

TEST_CASE("a reply that is cut or lies about its lengths is refused, never a crash") {
  std::vector<char> area(1 << 16);
  WireWriter out(area.data(), area.size());
  std::vector<Verdict> verdicts(20);
  write_verdicts(out, verdicts);
  for (std::size_t size = 0; size < out.size(); size += 7) {
    WireReader in(area.data(), size);
    CHECK_THROWS_AS(read_verdicts(in, verdicts.data(), verdicts.size()), BrokenMessage);
  }
  Rng rng(1);
  for (int i = 0; i < 20000; ++i) {
    std::vector<char> damaged = area;
    damaged[rng.below(out.size())] = static_cast<char>(rng.next());
    damaged[rng.below(16)] = static_cast<char>(rng.next());
    try {
      WireReader reply(damaged.data(), out.size());
      read_verdicts(reply, verdicts.data(), verdicts.size());
      WireReader about(damaged.data(), out.size());
      read_about(about);
    } catch (const BrokenMessage&) {
    }
  }
  CHECK_THROWS_AS(WireWriter(area.data(), 4).integer(1), Failure);
}

TEST_CASE("messages read back what was written") {
  TaskAbout about;
  about.id = "id";
  about.title = "title";
  about.version = "1.0.0";
  about.doc = "doc";
  about.reward_min = -1;
  about.reward_max = 2;
  about.components = {"correct", "format"};
  about.reasons = {"correct", "no answer"};
  about.can_solve = true;
  about.is_reentrant = true;
  TaskParam param;
  param.type = TZ_TEXT;
  param.max_count = 4;
  param.name = "mode";
  param.doc = "how";
  param.fallback = "[plain]";
  param.low = -2;
  param.high = 7.5;
  param.choices = {"plain", "other"};
  param.needs_name = "level";
  param.needs_value = "0";
  param.is_path = true;
  about.params = {param, TaskParam()};
  about.traits = {{"steps", "equations", ""}, {"slips", "wrong ones", "steps"}};
  CHECK(through([&](WireWriter& out) { write_about(out, about); },
                [](WireReader& in) { return read_about(in); }) == about);

  const std::vector<SettingValue> values = {{.integers = {-1, INT64_MAX}, .reals = {}, .texts = {}},
                                            {.integers = {}, .reals = {0.1, -1e300}, .texts = {}},
                                            {.integers = {}, .reals = {}, .texts = {"", "a\nb"}}};
  const auto read = through([&](WireWriter& out) { write_values(out, values); },
                            [](WireReader& in) { return read_values(in); });
  REQUIRE(read.size() == values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(read[i].integers == values[i].integers);
    CHECK(read[i].reals == values[i].reals);
    CHECK(read[i].texts == values[i].texts);
  }

  const std::vector<TraitRow> rows = {{1, -0.5}, {INFINITY, 1e300}};
  std::vector<TraitRow> read_rows(2);
  through([&](WireWriter& out) { write_traits(out, rows); },
          [&](WireReader& in) { read_traits(in, read_rows.data(), 2, 2); });
  CHECK(read_rows == rows);

  const std::string state("{}\0", 3);
  const Answer answers[] = {{state, "7"}, {"", std::string_view("\xFF\0", 2)}};
  through([&](WireWriter& out) { write_answers(out, answers, 2); },
          [&](WireReader& in) {
            const auto got = read_answers(in);
            REQUIRE(got.size() == 2);
            CHECK(got[0].state == state);
            CHECK(got[1].completion == answers[1].completion);
          });
}

TEST_CASE("flags are 0 or 1") {
  const auto flag = [](std::uint64_t value) {
    return through([&](WireWriter& out) { out.integer(value); },
                   [](WireReader& in) { return in.flag(); });
  };
  CHECK(flag(1));
  CHECK_FALSE(flag(0));
  CHECK_THROWS_WITH_AS(flag(2), "a flag is 2", BrokenMessage);
}

TEST_CASE("everything has a number that it may not pass, and nothing may follow it") {
  const auto verdict_with = [&](std::size_t detail) {
    Verdict verdict;
    verdict.detail = std::string(detail, 'x');
    through([&](WireWriter& out) { write_verdicts(out, {verdict}); },
            [&](WireReader& in) { read_verdicts(in, &verdict, 1); });
  };
  CHECK_NOTHROW(verdict_with(TINYZERO_TASK_MAX_DETAIL));
  CHECK_THROWS_WITH_AS(verdict_with(TINYZERO_TASK_MAX_DETAIL + 1),
                       "a detail has 4097 bytes, at most 4096 are possible", BrokenMessage);

  const auto items_of = [](std::size_t state, std::size_t sent, std::size_t asked) {
    const std::vector<Item> items(sent, Item{"p", "k", std::string(state, 's'), 1, 0});
    return through([&](WireWriter& out) { write_items(out, items); },
                   [&](WireReader& in) { return read_items(in, asked); });
  };
  CHECK(items_of(TINYZERO_TASK_MAX_STATE, 2, 2).size() == 2);
  CHECK_THROWS_WITH_AS(items_of(TINYZERO_TASK_MAX_STATE + 1, 1, 1),
                       "a count is 65537, at most 65536 are possible", BrokenMessage);
  CHECK_THROWS_WITH_AS(items_of(1, 3, 2), "it holds 3 problems, asked for were 2", BrokenMessage);

  const auto traits_of = [](std::size_t sent, std::size_t asked) {
    std::vector<TraitRow> rows(asked);
    through([&](WireWriter& out) { write_traits(out, std::vector(sent, TraitRow{1, 2})); },
            [&](WireReader& in) { read_traits(in, rows.data(), asked, 2); });
  };
  CHECK_NOTHROW(traits_of(3, 3));
  CHECK_THROWS_WITH_AS(traits_of(3, 2), "it holds 3 rows of traits, asked for were 2",
                       BrokenMessage);

  const auto about_with = [](const auto& change) {
    TaskAbout about;
    about.id = "x";
    change(about);
    return through([&](WireWriter& out) { write_about(out, about); },
                   [](WireReader& in) { return read_about(in); });
  };
  CHECK(about_with([](TaskAbout& about) { about.components.resize(6); }).components.size() == 6);
  CHECK_THROWS_AS(about_with([](TaskAbout& about) { about.components.resize(7); }), BrokenMessage);
  CHECK_THROWS_AS(
      about_with([](TaskAbout& about) { about.reasons.resize(TINYZERO_TASK_MAX_REASONS + 1); }),
      BrokenMessage);
  CHECK_THROWS_AS(
      about_with([](TaskAbout& about) { about.params.resize(TINYZERO_TASK_MAX_PARAMS + 1); }),
      BrokenMessage);
  CHECK_THROWS_AS(about_with([](TaskAbout& about) {
                    about.params.resize(1);
                    about.params[0].choices.resize(TINYZERO_TASK_MAX_CHOICES + 1);
                  }),
                  BrokenMessage);
  CHECK_THROWS_AS(about_with([](TaskAbout& about) { about.doc.resize(TINYZERO_TASK_MAX_DOC + 1); }),
                  BrokenMessage);

  const auto with_more = [](WireWriter& out) {
    write_items(out, {});
    out.integer(1);
  };
  CHECK_THROWS_WITH_AS(through(with_more, [](WireReader& in) { return read_items(in, 0); }),
                       "it has 8 bytes too many", BrokenMessage);
}
