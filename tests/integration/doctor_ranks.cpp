// doctor --ranks, and what ranks are told that cannot meet.

#include <algorithm>

#include "core/base/json.h"
#include "support/ranked_run.h"
#include "support/runs.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/doctor_ranks");

TEST_CASE("the first rank says who is there and how fast they exchange, and the others nothing") {
  RankedRun text(2, {"doctor", "--ranks"});
  must(text);
  const std::string printed = text.printed(0);
  CAPTURE(printed);
  CHECK(printed.starts_with("rank  host"));
  for (const char* words : {"\n   0  ", "\n   1  ", "gather of 8 bytes", "update of   5 MB",
                            "update of 100 MB", "GB/s sent by each rank"})
    CHECK(printed.find(words) != std::string::npos);
  CHECK(printed.ends_with("\nthese ranks can train together\n"));
  CHECK(text.printed(1) == "");
  CHECK(text.said(0) + text.said(1) == "");
}

TEST_CASE("the same as JSON, for three ranks") {
  RankedRun json(3, {"doctor", "--ranks", "--json"});
  must(json);
  const Json report = parse_json(json.printed(0), "doctor");
  REQUIRE(report["ranks"].size() == 3);
  for (std::size_t r = 0; r < 3; ++r) {
    const Json& rank = report["ranks"][r];
    CHECK(rank["rank"] == r);
    CHECK(rank["cores"] >= 1);
    for (const char* name : {"host", "kernels", "libtorch", "program"})
      CHECK(rank[name] == report["ranks"][0][name]);
  }
  CHECK(report["differences"].empty());
  CHECK(report["gather"]["seconds"] > 0);
  REQUIRE(report["updates"].size() == 2);
  CHECK(report["updates"][0]["bytes"] == 5000000);
  CHECK(report["updates"][1]["bytes"] == 100000000);
  for (const Json& update : report["updates"]) CHECK(update["bytes_per_second"] > 0);
  CHECK(report["ok"] == true);
  CHECK(json.printed(1) + json.printed(2) == "");
}

TEST_CASE("ranks that training would refuse are named, with what to do") {
  for (const bool as_json : {false, true}) {
    std::vector<std::string> command = {"doctor", "--ranks"};
    if (as_json) command.emplace_back("--json");
    RankedRun two(2, command, {.prefix = {"TINYZERO_CPU=scalar"}});
    CHECK(two.wait() == std::vector<int>{1, 1});
    const std::string printed = two.printed(0);
    CAPTURE(printed);
    for (const char* words : {"rank 1 on host ", "has another table of kernels than rank 0",
                              "for all ranks set TINYZERO_CPU to a table that all machines have"})
      CHECK(printed.find(words) != std::string::npos);
    if (!as_json) CHECK(printed.ends_with("\ntraining would be refused: the ranks differ\n"));
    else CHECK(parse_json(printed, "doctor")["ok"] == false);
    CHECK(two.said(0) + two.said(1) == "");
  }
}

TEST_CASE("one process is no ranks, and options of ranks are for ranks") {
  const ProcessResult alone = tinyzero::tinyzero({"doctor", "--ranks"});
  CHECK(alone.code == 2);
  CHECK(alone.err ==
        "error: doctor --ranks looks at several ranks, and this is one process\n"
        "  hint: start it as training is started, for example: mpirun -n 2 ./tinyzero doctor "
        "--ranks\n");
  const ProcessResult option = tinyzero::tinyzero({"doctor", "--ranks-timeout", "5"});
  CHECK(option.code == 2);
  CHECK(option.err.find("--ranks-timeout requires --ranks") != std::string::npos);
}

TEST_CASE("a network interface that there is not is one error, with those that there are") {
  const TemporaryFolder folder;
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"doctor", "--ranks"}, train(folder / "run")}) {
    std::vector<std::string> words = command;
    words.insert(words.end(), {"--ranks-interface", "none9"});
    RankedRun two(2, words);
    CHECK(two.wait() == std::vector<int>{2, 1});
    CAPTURE(two.said(0));
    CHECK(two.said(0).starts_with("error: rank 0 on host "));
    CHECK(two.said(0).find("has no network interface \"none9\" that is up\n  hint: it has ") !=
          std::string::npos);
    CHECK(two.said(1) == "");
  }
  CHECK_FALSE(fs::exists(folder / "run"));
}

// A host is a name: the last rank's is another, and stands for no address.
TEST_CASE("ranks on several hosts are refused at a loopback address, at once") {
  const std::vector<std::string> renamed = {"unshare",
                                            "--user",
                                            "--map-root-user",
                                            "--uts",
                                            "sh",
                                            "-c",
                                            "hostname elsewhere && exec \"$@\"",
                                            "sh"};
  std::vector<std::string> probe = renamed;
  probe.emplace_back("true");
  if (run_process(probe).code != 0) {
    MESSAGE("skipped: no right to give a process another host name");
    return;
  }
  const MeetingPoint meeting;
  RankedRun two(2, {"doctor", "--ranks", "--ranks-interface", "lo"}, {.prefix = renamed});
  CHECK(two.wait() == std::vector<int>{2, 1});
  CAPTURE(two.said(0));
  CHECK(two.said(0).find(" has the address 127.0.0.1, which ranks on other hosts cannot reach\n"
                         "  hint: choose a network with --ranks-interface NAME") !=
        std::string::npos);
  CHECK(two.said(1) == "");
}
