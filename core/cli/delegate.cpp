// The commands that need LibTorch, as the program tinyzero has them: it becomes tinyzero-train,
// which stands beside it.

#include <unistd.h>

#include <boost/dll/runtime_symbol_info.hpp>
#include <cerrno>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/cli/decode.h"

namespace tinyzero {
namespace {

int become_train_program(const GlobalOptions& global) {
  const std::string program =
      (boost::dll::program_location().parent_path() / "tinyzero-train").string();
  std::vector<const char*> arguments = {program.c_str()};
  for (const std::string& argument : global.arguments) arguments.push_back(argument.c_str());
  arguments.push_back(nullptr);
  ::execv(program.c_str(), const_cast<char* const*>(arguments.data()));
  throw Error("cannot start " + program + ": " + system_words(errno), "rebuild with ./tinyzero");
}

}  // namespace

EngineMaker engine_maker(const GlobalOptions& global, const DecodeOptions& options) {
  if (options.device != "cpu") become_train_program(global);
  return cpu_engine_maker(options);
}

int train_command(const GlobalOptions& global, const TrainOptions&) {
  return become_train_program(global);
}
int compare_command(const GlobalOptions& global, const CompareOptions&) {
  return become_train_program(global);
}
int compare_test_command(const GlobalOptions& global, const CompareTestOptions&) {
  return become_train_program(global);
}
int algorithm_list_command(const GlobalOptions& global, const AlgorithmOptions&) {
  return become_train_program(global);
}
int algorithm_show_command(const GlobalOptions& global, const AlgorithmOptions&) {
  return become_train_program(global);
}
int algorithm_explain_command(const GlobalOptions& global, const AlgorithmOptions&) {
  return become_train_program(global);
}
int replay_command(const GlobalOptions& global, const ReplayOptions&) {
  return become_train_program(global);
}
int algorithm_check_command(const GlobalOptions& global, const CheckCommandOptions&) {
  return become_train_program(global);
}
int config_show_command(const GlobalOptions& global, const ConfigOptions&) {
  return become_train_program(global);
}
int config_check_command(const GlobalOptions& global, const ConfigOptions&) {
  return become_train_program(global);
}
int config_schema_command(const GlobalOptions& global, const ConfigSchemaOptions&) {
  return become_train_program(global);
}
int plan_command(const GlobalOptions& global, const PlanOptions&) {
  return become_train_program(global);
}
int bench_command(const GlobalOptions& global, const BenchOptions&) {
  return become_train_program(global);
}
int torch_info_command(const GlobalOptions& global) { return become_train_program(global); }

}  // namespace tinyzero
