// The process of a worker: how it is called, how it is lost, and what is said of that.

#include "core/plugin/worker/worker_process.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/worker/library_code.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/worker_process");

namespace {

constexpr std::size_t kMost = std::size_t{4} << 20;

LibraryCode code_of(const std::string& library) {
  return LibraryCode(fs::path(TINYZERO_BROKEN) / (library + ".so"));
}

const WorkerSetup kSetup{
    .memory = 512u << 20, .threads = 256, .readable = {}, .folder = {}, .variables = {}};

void nothing(WireWriter&) {}

WireReply ask(WorkerProcess& worker, WireOperation operation,
              const WorkerProcess::Write& write = nothing) {
  return worker.call(operation, {.seconds = 20, .row_seconds = 0, .rows = 0}, kMost, write);
}

void create(WorkerProcess& worker, const char* what, bool computes_only) {
  const WireReply reply = ask(worker, WireOperation::create, [&](WireWriter& out) {
    out.integer(computes_only ? 1 : 0);
    write_values(out, {{.integers = {}, .reals = {}, .texts = {what}}});
  });
  CHECK(reply.status == WireStatus::ok);
}

// The cause of a loss that must come.
std::string lost_by(const std::function<void()>& work) {
  try {
    work();
  } catch (const WorkerLost& lost) {
    return lost.cause;
  }
  return "nothing was lost";
}

}  // namespace

TEST_CASE("a worker describes its task, and draws after it is created") {
  WorkerProcess worker(code_of("hostile"), kSetup);
  const WireReply about = ask(worker, WireOperation::about);
  REQUIRE(about.status == WireStatus::ok);
  WireReader in(about.bytes.get(), about.size);
  CHECK(read_about(in).id == "hostile");
  create(worker, "quiet", /*computes_only=*/true);
  worker.check_confined();
  const WireReply drawn = ask(worker, WireOperation::draw, [](WireWriter& out) {
    for (const std::uint64_t number : {1, 1, 4}) out.integer(number);  // seed, count, index
  });
  WireReader items(drawn.bytes.get(), drawn.size);
  CHECK(read_items(items, 1)[0].prompt == "4");
  worker.check_rest();
}

TEST_CASE("an error of the task comes as a reply, and the worker lives") {
  WorkerProcess worker(code_of("hostile"), kSetup);
  ask(worker, WireOperation::about);
  const WireReply refused = ask(worker, WireOperation::create, [](WireWriter& out) {
    out.integer(1);
    write_values(out, {{.integers = {}, .reals = {}, .texts = {"throw"}}});
  });
  CHECK(refused.status == WireStatus::error);
  WireReader in(refused.bytes.get(), refused.size);
  CHECK(in.text() == "task \"hostile\" cannot be set up: no");
  create(worker, "quiet", true);
}

TEST_CASE("a worker that is lost says why, once and for every call after it") {
  WorkerProcess worker(code_of("hostile"), kSetup);
  ask(worker, WireOperation::about);
  create(worker, "quiet", true);
  const auto judge = [&](const char* completion, double seconds) {
    const Answer answers[] = {{"{}", "right"}, {"{}", completion}};
    return lost_by([&] {
      worker.call(WireOperation::verify, {.seconds = seconds, .row_seconds = seconds, .rows = 2},
                  kMost, [&](WireWriter& out) { write_answers(out, answers, 2); });
    });
  };
  CHECK(judge("abort", 20) == "was ended by signal 6 (Aborted)");
  CHECK(judge("right", 20) == "has lost its process");
  CHECK(lost_by([&] { worker.check_rest(); }) == "has lost its process");
}

TEST_CASE("the row that was worked on is named, and time is limited") {
  WorkerProcess worker(code_of("hostile"), kSetup);
  ask(worker, WireOperation::about);
  create(worker, "quiet", true);
  const Answer answers[] = {{"{}", "right"}, {"{}", "hang"}};
  try {
    worker.call(WireOperation::verify, {.seconds = 10, .row_seconds = 0.2, .rows = 2}, kMost,
                [&](WireWriter& out) { write_answers(out, answers, 2); });
    FAIL("it came back");
  } catch (const WorkerLost& lost) {
    CHECK(lost.cause == "ran longer than 0.2 s");
    CHECK(lost.row == 1);
  }
}

TEST_CASE("a reply that is larger than expected ends the worker") {
  WorkerProcess worker(code_of("hostile"), kSetup);
  const std::string cause = lost_by([&] {
    worker.call(WireOperation::about, {.seconds = 20, .row_seconds = 0, .rows = 0}, 8, nothing);
  });
  CHECK(cause.find("sent a reply that cannot be right: it has ") == 0);
}

TEST_CASE("a worker that cannot be started is a failure that names its program") {
  const char* const before = std::getenv("TINYZERO_WORKER");
  const std::string old = before != nullptr ? before : "";
  ::setenv("TINYZERO_WORKER", "/no/such/worker", 1);
  CHECK_THROWS_WITH_AS(WorkerProcess(code_of("hostile"), kSetup),
                       doctest::Contains("cannot start /no/such/worker: "), Failure);
  if (before != nullptr) ::setenv("TINYZERO_WORKER", old.c_str(), 1);
  else ::unsetenv("TINYZERO_WORKER");
}
