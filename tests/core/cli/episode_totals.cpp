#include "core/cli/episode_totals.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/episode_totals");

namespace {

EpisodeTotal total_of(std::initializer_list<Json> records) {
  EpisodeTotal total;
  for (const Json& record : records) total.add(record);
  return total;
}

}  // namespace

TEST_CASE("means are over the episodes that have the field") {
  const EpisodeTotal total = total_of({{{"reward", 1}, {"tokens", 10}, {"end", "eos"}},
                                       {{"reward", 0.5}, {"end", "length"}, {"right", true}},
                                       {{"tokens", "many"}, {"right", false}},
                                       {{"reward", nullptr}, {"right", "yes"}}});
  CHECK(total.count() == 4);
  CHECK(total.reward() == doctest::Approx(0.75));
  CHECK(total.tokens() == 10);
  CHECK(total.right() == doctest::Approx(0.5));
  CHECK(total.cut() == doctest::Approx(0.25));
  CHECK(std::isnan(total_of({Json::object()}).right()));
}

TEST_CASE("the most frequent reason comes first, and what does not fit is counted") {
  const Json record = {{"reward", 1}, {"tokens", 8}};
  const std::map<std::string, EpisodeTotal> reasons = {{"correct", total_of({record})},
                                                       {"no answer", total_of({record, record})},
                                                       {"wrong value", total_of({record})}};
  const std::string table = reasons_table(reasons, {.rows = 2, .columns = 80});
  CHECK(table.find("no answer") < table.find("correct"));
  CHECK(table.find("wrong value") == std::string::npos);
  CHECK(table.find("50.0 %") != std::string::npos);
  CHECK(table.ends_with("  and 1 more\n"));
}

TEST_CASE("a reason is one harmless line of at most 40 columns") {
  CHECK(reason_word("short") == "short");
  CHECK(reason_word("a\nb\x1b") == "a⏎b?");
  CHECK(reason_word(std::string(50, 'x')) == std::string(39, 'x') + "…");
}
