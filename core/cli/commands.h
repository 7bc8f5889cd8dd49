// The list of commands, and how a command file adds its own.
//
// host/       commands that run without LibTorch: options, help and work, one file a command
// delegated/  options and help of the commands that need LibTorch
// torch/      the work of those, which only the program tinyzero-train links
//
// The program tinyzero parses every command line. For a delegated command it becomes
// tinyzero-train, so help, tasks and sampling never wait for LibTorch to load.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tinyzero {

struct GlobalOptions {
  // Words of the whole command line, for starting tinyzero-train.
  std::vector<std::string> arguments;
  // --plugins
  std::vector<std::filesystem::path> plugin_folders;
};

// Turns this process into the program tinyzero-train, with the same command line.
[[noreturn]] void become_train_program(const GlobalOptions& global);

// What a command does once it is chosen; returns the exit code.
using CommandWork = std::function<int(const GlobalOptions&)>;

// A level of the command line to which commands are added: the program itself, or a group such as
// `task`.
class Commands {
 public:
  // `chosen` receives the work of the command that is parsed; it must outlive `app`.
  Commands(CLI::App& app, CommandWork& chosen) : app_(app), chosen_(chosen) {}

  // A group, of whose commands one must be given.
  Commands group(const std::string& name, const std::string& help) const;

  // Adds a command. `describe` adds its options, which live as long as the app. `run` is null in
  // the program tinyzero for a delegated command. Returns the level below the command.
  template <class Options>
  Commands add(const std::string& name, const std::string& help,
               int (*run)(const GlobalOptions&, const Options&),
               const std::function<void(CLI::App&, Options&)>& describe) const {
    const auto options = std::make_shared<Options>();
    CLI::App& command = add_app(name, help);
    describe(command, *options);
    return finish(command, [options, run](const GlobalOptions& global) {
      if (run == nullptr) become_train_program(global);
      return run(global, *options);
    });
  }

 private:
  CLI::App& add_app(const std::string& name, const std::string& help) const;
  Commands finish(CLI::App& command, CommandWork work) const;

  CLI::App& app_;
  CommandWork& chosen_;
};

// Adds all commands in the order of `--help`. `global` and `chosen` must outlive the app.
void add_commands(CLI::App& app, GlobalOptions& global, CommandWork& chosen);

void add_train(const Commands&);
void add_watch(const Commands&);
void add_compare(const Commands&);
void add_compare_test(const Commands&);
void add_eval(const Commands&);
void add_play(const Commands&);
void add_replay(const Commands&);
void add_episodes(const Commands&);
void add_traits(const Commands&);
void add_rescore(const Commands&);
void add_report(const Commands&);
void add_doctor(const Commands&);
void add_metrics(const Commands&);
void add_plan(const Commands&);
void add_torch_info(const Commands&);

void add_task_list(const Commands&);
void add_task_show(const Commands&);
void add_task_draw(const Commands&);
void add_task_verify(const Commands&);
void add_task_traits(const Commands&);
void add_task_solve(const Commands&);
void add_task_check(const Commands&);
void add_task_new(const Commands&);

void add_algorithm_list(const Commands&);
void add_algorithm_show(const Commands&);
void add_algorithm_explain(const Commands&);
void add_algorithm_new(const Commands&);
void add_algorithm_check(const Commands&);

void add_config_show(const Commands&);
void add_config_check(const Commands&);
void add_config_schema(const Commands&);

// bench and its commands rollout, train and step. Returns the level below.
Commands add_bench(const Commands&);
void add_bench_start(const Commands&);
void add_bench_verify(const Commands&);

void add_model_info(const Commands&);
void add_model_generate(const Commands&);
void add_model_score(const Commands&);
void add_model_tokenize(const Commands&);
void add_model_chat(const Commands&);
void add_model_export(const Commands&);
void add_model_merge(const Commands&);

}  // namespace tinyzero
