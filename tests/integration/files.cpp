// What stands where a file is expected, and whose files are written over: nothing waits, nothing is
// lost.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "support/model_folder.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/files");

namespace {

constexpr int kTooLong = 124;  // exit code of `timeout`

// A command that must not take long.
ProcessResult soon(const std::vector<std::string>& arguments,
                   const std::string& folder = TINYZERO_SOURCE) {
  std::vector<std::string> command = {"timeout", "60"};
  for (const std::string& word : command_line(arguments)) command.push_back(word);
  const ProcessResult result = run_process(command, {}, folder);
  std::string text;
  for (const std::string& word : arguments) text += word + " ";
  CAPTURE(text);
  CHECK(result.code != kTooLong);
  return result;
}

// Refused with one error that says `words`.
void refused(const std::vector<std::string>& arguments, const std::string& words) {
  const ProcessResult result = soon(arguments);
  std::string text;
  for (const std::string& word : arguments) text += word + " ";
  CAPTURE(text);
  CAPTURE(result.err);
  CHECK(result.code == 2);
  CHECK(result.err.starts_with("error: "));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') <= 2);
  CHECK(result.err.find(words) != std::string::npos);
}

// Puts a named pipe in the place of a file.
void make_pipe(const fs::path& path) {
  fs::remove_all(path);
  REQUIRE(::mkfifo(path.c_str(), 0644) == 0);
}

fs::path golden_model() { return golden_folder() / "hf" / "qwen2_tied"; }

void copy_model(const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(golden_model())) {
    if (entry.is_regular_file()) fs::copy_file(entry.path(), to / entry.path().filename());
  }
}

}  // namespace

TEST_CASE("a named pipe among the files of a model is an error with its name") {
  const TemporaryFolder folder;
  const fs::path model = folder / "model";
  for (const char* file :
       {"config.json", "model.safetensors", "tokenizer.json", "generation_config.json"}) {
    CAPTURE(file);
    copy_model(model);
    make_pipe(model / file);
    const std::string words = (model / file).string() + " is a named pipe";
    refused({"model", "generate", model, "--prompt", "a"}, words);
    refused({"eval", model, "--task", "countdown", "--problems", "2"}, words);
    refused({"train", kConfig, "warm_start.steps=0", "model={path: " + model.string() + "}",
             "--run", folder / "run"},
            words);
    if (std::string(file) != "tokenizer.json") refused({"model", "info", model}, words);
    fs::remove_all(model);
  }
  copy_model(model);
  make_pipe(model / "chat_template.jinja");
  refused({"model", "chat", model}, "chat_template.jinja is a named pipe");
  make_pipe(model / "tokenizer_config.json");
  fs::remove(model / "chat_template.jinja");
  refused({"model", "chat", model}, "tokenizer_config.json is a named pipe");
  CHECK_FALSE(fs::exists(folder / "run"));
}

TEST_CASE("one in the place of an experiment, a batch, a task or saved answers") {
  const TemporaryFolder folder;
  const fs::path pipe = folder / "pipe", run = folder / "run";
  make_pipe(pipe);
  const std::string words = pipe.string() + " is a named pipe";
  refused({"train", pipe, "--run", run}, words);
  refused({"config", "check", pipe}, words);
  refused({"compare", pipe, "--run", run}, words);
  write_file_synced(folder / "extends.yaml", "extends: pipe\n");
  refused({"train", folder / "extends.yaml", "--run", run}, words);
  refused({"algorithm", "explain", "grpo", "--batch", pipe}, words);
  refused({"eval", golden_model(), "--task", "countdown", "--problems", "2", "--save", pipe},
          words);
  refused({"eval", "--task", "countdown", "--problems", "2", "--model", "m", "--endpoint",
           "https://127.0.0.1:9/v1", "--ca-file", pipe},
          words);
  make_pipe(folder / "pipe.so");
  refused({"task", "show", folder / "pipe.so"}, "pipe.so is a named pipe");
  const ProcessResult listed = soon({"--plugins", folder.path(), "task", "list"});
  CHECK(listed.code == 0);
  CHECK(listed.out.find("countdown") != std::string::npos);
  CHECK(listed.err.find("pipe.so is a named pipe") != std::string::npos);
  CHECK_FALSE(fs::exists(run));
}

TEST_CASE("one in the place of a run's files") {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole", run = folder / "run";
  run_to_the_end(train(whole, {"train.steps=2"}));
  const auto with = [&](const fs::path& file) {
    fs::remove_all(run);
    fs::copy(whole, run, fs::copy_options::recursive);
    make_pipe(run / file);
    return (run / file).string() + " is a named pipe";
  };
  const std::string config = with("config.yaml");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"train", "--resume", run},
        {"eval", run},
        {"report", run},
        {"watch", run}})
    refused(command, config);
  const std::string metrics = with("metrics.jsonl");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"report", run}, {"watch", run}})
    refused(command, metrics);
  CHECK(soon({"train", "--resume", run}).code == 2);
  refused({"train", "--resume", run}, (with("manifest.json"), "manifest.json is a named pipe"));
  refused({"train", "--resume", run}, (with(".lock"), ".lock is a named pipe"));
  refused({"train", "--resume", run}, (with("log.txt"), "log.txt is a named pipe"));
  const std::string episodes = with("episodes/step-000001.jsonl.zst");
  refused({"episodes", run, "--step", "1"}, episodes);
  refused({"replay", run, "--step", "1"}, episodes);
  CHECK(soon({"report", run}).code == 0);  // which says that it leaves it out
  with("checkpoints/step-000002/trainer/optimizer.safetensors");
  const ProcessResult resumed = soon({"train", "--resume", run});
  CAPTURE(resumed.err);
  CHECK(resumed.err.find("checkpoint step-000002 cannot be used") != std::string::npos);
}

TEST_CASE("what is written where a person says takes no place but that of a file") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, {"train.steps=2"}));
  make_pipe(folder / "pipe");
  fs::create_directory(folder / "folder");
  fs::create_symlink(folder / "pipe", folder / "link");
  fs::create_symlink(folder / "nothing", folder / "dangling");
  const std::pair<const char*, const char*> places[] = {{"pipe", "is a named pipe"},
                                                        {"folder", "is a folder"},
                                                        {"link", "is a named pipe"},
                                                        {"dangling", "which does not exist"},
                                                        {"no/such/file", "no folder"}};
  for (const auto& [name, words] : places) {
    CAPTURE(name);
    refused({"report", run, "--out", folder / name}, words);
    refused({"replay", run, "--step", "1", "--batch", folder / name}, words);
  }
  refused({"report", run, "--out", "/dev/null"}, "is a device");
  CHECK(fs::is_character_file("/dev/null"));
  // A device of its own, where one may be made: root could rename over it.
  if (::mknod((folder / "device").c_str(), S_IFCHR | 0600, ::makedev(1, 3)) == 0) {
    refused({"report", run, "--out", folder / "device"}, "is a device");
    refused({"replay", run, "--step", "1", "--batch", folder / "device"}, "is a device");
    CHECK(fs::is_character_file(folder / "device"));
  }
  CHECK_FALSE(fs::exists(folder / "nothing"));
  CHECK(fs::is_fifo(folder / "pipe"));

  const std::string metrics = read_file(run / "metrics.jsonl");
  refused({"report", run, "--out", run / "metrics.jsonl"}, "exists already and is no report");
  CHECK(read_file(run / "metrics.jsonl") == metrics);
  write_file_synced(folder / "report.html", "<!DOCTYPE html> old");
  fs::permissions(folder / "report.html", fs::perms(0640));
  fs::create_symlink("report.html", folder / "to report");
  CHECK(soon({"report", run, "--out", folder / "to report"}).code == 0);
  CHECK(fs::is_symlink(folder / "to report"));
  CHECK(read_file(folder / "report.html").size() > 1000);
  CHECK(fs::status(folder / "report.html").permissions() == fs::perms(0640));
  const ProcessResult own = tinyzero_with(">'" + (folder / "out").string() + "'",
                                          {"report", run, "--out", "/dev/stdout"});
  CHECK(own.code == 2);
  CHECK(own.err.find("is where standard output goes") != std::string::npos);
  for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
    CHECK(entry.path().string().find(".tmp") == std::string::npos);
}

TEST_CASE("exports and new folders take no name that is taken, and empty nobody's folder") {
  const TemporaryFolder folder, precious;
  write_file_synced(precious / "mine", "x");
  fs::create_symlink(folder / "nothing", folder / "dangling");
  refused({"model", "export", golden_model(), "--out", folder / "dangling"}, "exists already");
  fs::create_directory_symlink(precious.path(), folder / ".out.partial");
  refused({"model", "export", golden_model(), "--out", folder / "out"}, ".out.partial");
  CHECK(fs::exists(precious / "mine"));
  fs::remove(folder / ".out.partial");
  fs::create_directory(folder / ".out.partial");
  write_file_synced(folder.path() / ".out.partial/mine", "x");
  refused({"model", "export", golden_model(), "--out", folder / "out"},
          "holds mine, which no export writes");
  CHECK(fs::exists(folder.path() / ".out.partial/mine"));
  fs::rename(folder.path() / ".out.partial/mine",
             folder.path() / ".out.partial/model.safetensors");  // of one that was killed
  CHECK(soon({"model", "export", golden_model(), "--out", folder / "out"}).code == 0);
  CHECK_FALSE(fs::exists(folder / ".out.partial"));

  fs::create_directory(folder / ".sort.new");
  write_file_synced(folder.path() / ".sort.new/mine", "x");
  fs::create_symlink(folder / "nothing", folder / "taken");
  CHECK(soon({"task", "new", "sort"}, folder.path()).code == 0);
  CHECK(fs::exists(folder.path() / "sort/sort.cpp"));
  CHECK(fs::exists(folder.path() / ".sort.new/mine"));
  const ProcessResult taken = soon({"task", "new", "taken"}, folder.path());
  CHECK(taken.code == 2);
  CHECK(taken.err.find("it exists") != std::string::npos);
}

TEST_CASE("a link out of a model's folder is not followed into what is written of it") {
  const TemporaryFolder folder, elsewhere;
  const fs::path model = folder / "model";
  write_file_synced(elsewhere / "secret", "secret");
  for (const char* file : {"LICENSE", "NOTICE", "USE_POLICY.md", "vocab.json", "merges.txt",
                           "tokenizer.model", "special_tokens_map.json"}) {
    CAPTURE(file);
    copy_model(model);
    fs::remove(model / file);
    fs::create_symlink(elsewhere / "secret", model / file);
    const std::string words = (model / file).string() + " is a link out of its folder, to " +
                              fs::canonical(elsewhere / "secret").string();
    refused({"model", "export", model, "--out", folder / "out"}, words);
    refused({"train", kConfig, "warm_start.steps=0", "preflight.max_truncated=1",
             "model={path: " + model.string() + "}", "--run", folder / "run"},
            words);
    CHECK(soon({"model", "info", model}).code == 0);  // to read is no harm
    CHECK_FALSE(fs::exists(folder / "out"));
    CHECK_FALSE(fs::exists(folder / "run"));
    fs::remove_all(model);
  }
  // Inside of the folder, and in Hugging Face's cache, links are its own.
  copy_model(model);
  write_file_synced(model / "licence in full", "all rights");
  fs::create_symlink("licence in full", model / "LICENSE");
  CHECK(soon({"model", "export", model, "--out", folder / "out"}).code == 0);
  CHECK(read_file(folder.path() / "out/LICENSE") == "all rights");
  CHECK_FALSE(fs::is_symlink(folder.path() / "out/LICENSE"));
  const fs::path cache = folder / "models--a--b", snapshot = cache / "snapshots/12ab";
  fs::create_directories(snapshot);
  copy_model(cache / "blobs");
  for (const auto& entry : fs::directory_iterator(cache / "blobs"))
    fs::create_symlink(fs::path("../../blobs") / entry.path().filename(),
                       snapshot / entry.path().filename());
  CHECK(soon({"model", "export", snapshot, "--out", folder / "cached"}).code == 0);
  CHECK(read_file(folder.path() / "cached/tokenizer.json") ==
        read_file(golden_model() / "tokenizer.json"));
}

TEST_CASE("doctor in a folder whose name a shell would run") {
  const TemporaryFolder folder;
  const fs::path place = folder / "it's; touch broken; 'a $(touch broken) \"b\"";
  fs::create_directory(place);
  fs::copy_file(tinyzero_path(), place / "tinyzero");
  write_file_synced(place / "tinyzero-train",
                    "#!/bin/sh\necho '{\"libtorch\":\"its own\",\"cuda\":\"none here\"}'\n");
  fs::permissions(place / "tinyzero-train", fs::perms(0755));
  const ProcessResult result = run_process({place / "tinyzero", "doctor"}, {}, folder.path());
  CAPTURE(result.out);
  CHECK(result.out.find("libtorch    its own\n") != std::string::npos);
  CHECK(result.out.find("cuda        none here\n") != std::string::npos);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
  CHECK(std::distance(fs::directory_iterator(place), {}) == 2);
}
