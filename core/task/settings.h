// The settings that a task declares, as a table that owns their values.
#pragma once

#include <memory>
#include <vector>

#include "core/config/reader.h"
#include "core/plugin/task_code.h"

namespace tinyzero {

class TaskSettings {
 public:
  explicit TaskSettings(const TaskAbout& task);

  const SettingsTable& table() const { return table_; }
  // The table's values, in its order.
  std::vector<SettingValue> values() const;

 private:
  struct Storage;
  SettingsTable table_;
  std::vector<std::shared_ptr<Storage>> storage_;
};

}  // namespace tinyzero
