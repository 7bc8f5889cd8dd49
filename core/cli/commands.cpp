#include "core/cli/commands.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/dll/runtime_symbol_info.hpp>
#include <cerrno>

#include "core/base/error.h"
#include "core/base/told_error.h"

namespace tinyzero {
namespace {

void add_task_commands(const Commands& commands) {
  const Commands task =
      commands.group("task", "Tasks: list, show, draw, verify, traits, solve, check, new");
  add_task_list(task);
  add_task_show(task);
  add_task_draw(task);
  add_task_verify(task);
  add_task_traits(task);
  add_task_solve(task);
  add_task_check(task);
  add_task_new(task);
}

void add_algorithm_commands(const Commands& commands) {
  const Commands algorithm =
      commands.group("algorithm", "Algorithms: list, show, explain, check, new");
  add_algorithm_list(algorithm);
  add_algorithm_show(algorithm);
  add_algorithm_explain(algorithm);
  add_algorithm_new(algorithm);
  add_algorithm_check(algorithm);
}

void add_config_commands(const Commands& commands) {
  const Commands config = commands.group("config", "Experiment files: show, check, schema");
  add_config_show(config);
  add_config_check(config);
  add_config_schema(config);
}

void add_bench_commands(const Commands& commands) {
  const Commands bench = add_bench(commands);
  add_bench_start(bench);
  add_bench_verify(bench);
}

void add_model_commands(const Commands& commands) {
  const Commands model =
      commands.group("model", "Models: info, generate, score, tokenize, chat, export, merge");
  add_model_info(model);
  add_model_generate(model);
  add_model_score(model);
  add_model_tokenize(model);
  add_model_chat(model);
  add_model_export(model);
  add_model_merge(model);
}

}  // namespace

Commands Commands::group(const std::string& name, const std::string& help) const {
  CLI::App& group = add_app(name, help);
  group.require_subcommand(1);
  return {group, chosen_};
}

CLI::App& Commands::add_app(const std::string& name, const std::string& help) const {
  return *app_.add_subcommand(name, help);
}

Commands Commands::finish(CLI::App& command, CommandWork work) const {
  command.callback([&command, &chosen = chosen_, work = std::move(work)] {
    if (command.get_subcommands().empty()) chosen = work;
  });
  return {command, chosen_};
}

void become_train_program(const GlobalOptions& global) {
  const auto self = boost::dll::program_location();
  const std::string program = (self.parent_path() / "tinyzero-train").string();
  if (self.string() == program)
    throw Error(program + " lacks this command", "rebuild with ./tinyzero");
  std::vector<const char*> arguments = {program.c_str()};
  for (const std::string& argument : global.arguments) arguments.push_back(argument.c_str());
  arguments.push_back(nullptr);
  ::execv(program.c_str(), const_cast<char* const*>(arguments.data()));
  throw Error("cannot start " + program + ": " + system_words(errno), "rebuild with ./tinyzero");
}

void add_commands(CLI::App& app, GlobalOptions& global, CommandWork& chosen) {
  app.require_subcommand(1);
  app.fallthrough();  // --plugins may follow the command, too
  app.add_option("--plugins", global.plugin_folders, "one more folder to look for plugins in")
      ->type_name("FOLDER")
      ->allow_extra_args(false);
  const Commands commands(app, chosen);
  add_train(commands);
  add_watch(commands);
  add_compare(commands);
  add_compare_test(commands);
  add_eval(commands);
  add_play(commands);
  add_replay(commands);
  add_episodes(commands);
  add_traits(commands);
  add_rescore(commands);
  add_report(commands);
  add_doctor(commands);
  add_metrics(commands);
  add_task_commands(commands);
  add_algorithm_commands(commands);
  add_config_commands(commands);
  add_plan(commands);
  add_bench_commands(commands);
  add_model_commands(commands);
  add_torch_info(commands);
}

}  // namespace tinyzero
