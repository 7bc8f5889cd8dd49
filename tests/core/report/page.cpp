// The page: nothing a run wrote can become markup, and bytes repeat.

#include "core/report/page.h"

#include <doctest/doctest.h>

#include <set>

#include "core/base/error.h"
#include "support/report_runs.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/report/page");

namespace {

const std::string kHostile =
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> ]]> &lt;b&gt; \" ' \\ "
    "\x01\x1b[31m \xE2\x80\xAE"
    "cba \xF0\x9F\xA6\x80";

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("what a run wrote stays text, whatever it is") {
  const TemporaryFolder folder;
  const RunPlace plain = write_run(folder / "plain", settings(1, "x"), 2);
  const RunPlace hostile =
      write_run(folder / "<b>&\"", settings(1, "'</script><script>'", "note: '</title><script>'\n"),
                2, kHostile);
  const Report expected = make_report(read_runs({plain}), {}),
               report = make_report(read_runs({hostile}), {});
  for (const char* mark : {"<script", "</script", "<!--", "<img", "<b>", "</title"}) {
    CAPTURE(mark);
    CHECK(times(report.html, mark) == times(expected.html, mark));
  }
  CHECK(report.html.find("<title>&lt;b&gt;&amp;&quot; · tinyzero report</title>") !=
        std::string::npos);
  const Json episodes = carried(report.html, "episodes");
  CHECK(episodes["runs"][0]["groups"][0]["samples"][0]["text"] == kHostile);
  CHECK(carried(report.html, "data")["runs"][0]["algorithm"] ==
        "script><script>");  // after the last slash
  for (const char c : script_json(episodes)) CHECK(static_cast<unsigned char>(c) < 0x80);
}

TEST_CASE("bytes that are not UTF-8 become the sign for it, and broken lines are counted") {
  const TemporaryFolder folder;
  const fs::path run = write_run(folder / "run", settings(1, "x"), 1).folder;
  write_file_synced(run / "episodes/step-000001.jsonl",
                    "{\"problem\":0,\"completion\":\"a\xFF\xC3(b\",\"reward\":1}\n{\"problem\":0,"
                    "\"compl\nnull\n[1]\n{\"completion\":7,"
                    "\"reward\":\"x\"}\n");
  write_file_synced(run / "metrics.jsonl",
                    read_file(run / "metrics.jsonl") + "{\"step\":2,\"train/rew");
  fs::remove(run / "manifest.json");
  const std::string html = make_report(read_runs({{run, ""}}), {}).html;
  const Json episodes = carried(html, "episodes")["runs"][0];
  CHECK(episodes["of"] == 2);
  CHECK(episodes["broken"] == 3);
  std::set<std::string> texts;
  for (const Json& group : episodes["groups"])
    texts.insert(group["samples"][0]["text"].get<std::string>());
  CHECK(texts == std::set<std::string>{"", "a\xEF\xBF\xBD\xEF\xBF\xBD(b"});
  const Json notes = carried(html, "data")["runs"][0]["notes"];
  REQUIRE(notes.size() == 2);
  CHECK(notes[0].get<std::string>().find("manifest.json") == 0);
  CHECK(notes[1] == "metrics.jsonl: 1 broken line is left out");
}

TEST_CASE("lines that are nested without end are broken lines") {
  const TemporaryFolder folder;
  const fs::path run = write_run(folder / "run", settings(1, "x"), 1).folder;
  const std::string deep(500'000, '['), closed = deep + std::string(500'000, ']');
  write_file_synced(run / "episodes/step-000001.jsonl",
                    "{\"problem\":0,\"completion\":" + closed + "}\n" + deep + "\n");
  write_file_synced(run / "metrics.jsonl",
                    read_file(run / "metrics.jsonl") + "{\"step\":" + closed + "}\n" + deep + "\n");
  const std::string html = make_report(read_runs({{run, ""}}), {}).html;
  CHECK(carried(html, "episodes")["runs"][0]["broken"] == 2);
  CHECK(carried(html, "data")["runs"][0]["notes"].back() ==
        "metrics.jsonl: 2 broken lines are left out");
}

TEST_CASE("a run that has just begun has a report") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  fs::create_directories(run);
  write_file_synced(run / "config.yaml", settings(1, "x"));
  const Report report = make_report(read_runs({{run, ""}}), {});
  CHECK(report.episodes_of == 0);
  CHECK(carried(report.html, "data")["runs"][0]["notes"].size() == 2);
}

TEST_CASE(
    "the same folders give the same bytes, wherever they lie and in whatever order their files "
    "were made") {
  const TemporaryFolder folder;
  write_run(folder / "here/run", settings(1, "x"), 12);
  fs::create_directories(folder / "there/run/episodes");
  for (const auto& entry : fs::recursive_directory_iterator(folder / "here/run")) {
    const fs::path to =
        fs::path(folder / "there/run") / fs::relative(entry.path(), folder / "here/run");
    if (entry.is_regular_file()) fs::copy_file(entry.path(), to);
  }
  const std::string first = make_report(read_runs(find_runs(folder / "here")), {}).html;
  CHECK(make_report(read_runs(find_runs(folder / "here")), {}).html == first);
  CHECK(make_report(read_runs(find_runs(folder / "there")), {}).html == first);
}

TEST_CASE("without a run there is no report") {
  CHECK_THROWS_WITH_AS(make_report({}, {}), doctest::Contains("no run to report"), Error);
}

TEST_CASE("a page is called by its comparison, its run, or how many there are") {
  const TemporaryFolder folder;
  const RunPlace a = write_run(folder / "first", settings(1, "x"), 0);
  const RunPlace b = write_run(folder / "second", settings(1, "y"), 0);
  const auto title = [](const std::vector<RunPlace>& places, const Json& comparison) {
    ReportOptions options;
    options.comparison = comparison;
    return carried(make_report(read_runs(places), options).html, "data")["title"];
  };
  CHECK(title({a}, nullptr) == "first");
  CHECK(title({a, b}, nullptr) == "2 runs in 2 groups");
  CHECK(title({a, b}, {{"name", "countdown"}}) == "countdown");
}

TEST_CASE("texts for scripts and for markup have none of the characters that end them") {
  CHECK(script_json({{"a", "</script>&\xC3\xA9"}}) ==
        "{\"a\":\"\\u003c/script\\u003e\\u0026\\u00e9\"}");
  CHECK(html_text("<b> & \"c\"\x01") == "&lt;b&gt; &amp; &quot;c&quot;?");
}
