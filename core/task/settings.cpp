#include "core/task/settings.h"

#include "core/config/yaml.h"
#include "tinyzero/task_abi.h"

namespace tinyzero {

struct TaskSettings::Storage {
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::string text;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::string> texts;
};

TaskSettings::TaskSettings(const TaskAbout& task) {
  for (const TaskParam& param : task.params) {
    auto storage = std::make_shared<Storage>();
    const auto add = [&](auto& scalar, auto& list) -> Setting& {
      return param.max_count > 1 ? table_.add(param.name, list, param.doc).up_to(param.max_count)
                                 : table_.add(param.name, scalar, param.doc);
    };
    Setting& row = param.type == TZ_INTEGER   ? add(storage->integer, storage->integers)
                   : param.type == TZ_REAL    ? add(storage->real, storage->reals)
                   : param.type == TZ_BOOLEAN ? table_.add(param.name, storage->boolean, param.doc)
                                              : add(storage->text, storage->texts);
    row.choices = param.choices;
    if (!param.needs_name.empty()) row.only_when(param.needs_name, param.needs_value);
    row.assign(
        parse_setting(parse_yaml(param.fallback, "default of task " + task.id), row, param.name));
    row.fallback = param.fallback;
    row.is_path = param.is_path;
    if (param.type == TZ_INTEGER || param.type == TZ_REAL) row.between(param.low, param.high);
    storage_.push_back(std::move(storage));
  }
}

std::vector<SettingValue> TaskSettings::values() const {
  std::vector<SettingValue> out;
  for (const Setting& row : table_.rows()) out.push_back(row.value());
  return out;
}

}  // namespace tinyzero
