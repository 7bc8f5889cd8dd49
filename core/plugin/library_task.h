// A task whose library is loaded into this process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "core/plugin/task_code.h"
#include "tinyzero/task_abi.h"
#include "tinyzero/traits_abi.h"

namespace tinyzero {

class LibraryTask : public TaskCode {
 public:
  // Loads the library; it stays loaded. Throws Error naming the file and the cause.
  explicit LibraryTask(const std::filesystem::path& path);
  // A task that is linked into this program; `path` is for messages.
  LibraryTask(const tz_task& descriptor, std::filesystem::path path);

  // The number of tasks in the library, of which only the first can be used.
  std::uint64_t tasks() const { return tasks_; }
  // Whether the task offers no extension under an id that does not exist.
  bool refuses_unknown_extensions() const;

  // Sets where verify stores the row it is working on, for a watcher in another process; null:
  // nowhere.
  void watch(volatile std::uint32_t* cursor) { cursor_ = cursor; }

  const TaskAbout& about() const override { return about_; }
  void create(const std::vector<SettingValue>& values) override;
  std::vector<std::string> notes() const override { return notes_; }
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) override;
  std::vector<Verdict> verify(const std::vector<Answer>& answers) override;
  std::vector<TraitRow> count_traits(const std::vector<Answer>& answers) override;
  std::optional<std::string> solve(std::string_view state) override;
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) override;

 private:
  LibraryTask(const tz_module& module, const std::filesystem::path& path);
  void check(tz_status status, const tz_error& error, const char* doing) const;
  tz_status judge(const Answer* answers, std::size_t n, Verdict* out, tz_error& error) const;

  const tz_task* descriptor_;
  std::uint64_t tasks_ = 1;
  const tz_solve* solve_;
  const tz_demonstrate* demonstrate_;
  const tz_traits* traits_;
  std::filesystem::path path_;
  TaskAbout about_;
  std::vector<std::string> notes_;
  std::shared_ptr<tz_instance> instance_;
  volatile std::uint32_t* cursor_ = nullptr;
};

}  // namespace tinyzero
