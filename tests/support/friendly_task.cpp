// A task whose constructor does what constructors may: it reads a word list, asks for random
// numbers, a locale and the time, lists a folder, prints, and makes threads that verify works with.
// For tests of what a worker allows.

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <locale>
#include <mutex>
#include <random>
#include <thread>

#include "tinyzero/task.h"

using namespace tinyzero;

namespace {

// Judges in a thread of its own.
class Judge {
 public:
  Judge() : thread_([this] { work(); }) { thread_.detach(); }

  bool is_right(std::string_view completion) {
    std::unique_lock lock(mutex_);
    asked_ = completion;
    has_question_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !has_question_; });
    return right_;
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return has_question_; });
      right_ = asked_ == "right";
      has_question_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string_view asked_;
  bool has_question_ = false, right_ = false;
  std::thread thread_;
};

std::string files_of_process() {
  std::string out;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return "?";
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') out += entry->d_name + std::string(" ");
  }
  closedir(folder);
  return out;
}

struct Friendly {
  struct Settings {
    std::string words, show;
    void describe(SettingsTable& t) {
      t.add("words", words,
            "a file of words, one a line; with @ before it the host does not see that it is one");
      t.add("show", show, "what the constructor tells in an error: files, variables or limits");
    }
  };
  static constexpr About about{"friendly", "does what it may", "1.0.0", "For tests."};
  static constexpr std::array parts{"correct"};
  static constexpr std::array reasons{"correct", "wrong"};

  explicit Friendly(const Settings& settings) : judge_(*new Judge) {  // its thread has no end
    show(settings.show);
    std::cout << "printed " << std::random_device()() << std::locale("").name() << std::endl;
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm local{};
    localtime_r(&now, &local);
    if (std::async(std::launch::async, [] { return std::thread::hardware_concurrency(); }).get() ==
        0)
      std::cerr << "no cores";
    std::size_t entries = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/usr"))
      entries += entry.is_directory() ? 1 : 0;
    if (entries == 0) throw std::invalid_argument("no /usr");
    if (settings.words.empty()) return;
    const std::string path = settings.words[0] == '@' ? settings.words.substr(1) : settings.words;
    std::ifstream file(path);
    if (!file) throw std::invalid_argument("cannot open " + path);
    for (std::string word; std::getline(file, word);) words_.push_back(word);
  }

  Item draw(Draw draw) const {
    const std::string word =
        words_.empty() ? std::to_string(draw.index) : words_[draw.index % words_.size()];
    return {word, word, "{}", 0, 0};
  }

  Verdict verify(std::string_view, std::string_view completion) const {
    const bool right = judge_.is_right(completion);
    return {right ? 1.0 : 0.0, Outcome::scored, right ? 0u : 1u, {}, {}};
  }

 private:
  static void show(const std::string& what) {
    rlimit core{}, files{};
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_FSIZE, &files);
    if (what == "files") throw std::invalid_argument("files " + files_of_process());
    if (what == "limits")
      throw std::invalid_argument("core " + std::to_string(core.rlim_cur) + " file size " +
                                  std::to_string(files.rlim_cur));
    if (what != "variables") return;
    std::string variables = "variables:";
    for (char** variable = environ; *variable != nullptr; ++variable)
      variables += std::string(" ") + *variable;
    throw std::invalid_argument(variables + ".");
  }

  std::vector<std::string> words_;
  Judge& judge_;
};

}  // namespace

TINYZERO_TASK(Friendly, "friendly")
