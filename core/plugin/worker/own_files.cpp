#include "core/plugin/worker/own_files.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "core/base/file.h"

namespace tinyzero {
namespace {

bool is_beneath(const fs::path& path, const fs::path& folder) {
  const fs::path rest = path.lexically_relative(folder);
  return !rest.empty() && *rest.begin() != "..";
}

// The user's home folder according to the environment and to the system.
std::vector<fs::path> homes() {
  std::vector<fs::path> out;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    out.push_back(real_path(home));
  if (const passwd* user = ::getpwuid(::geteuid());
      user != nullptr && user->pw_dir != nullptr && *user->pw_dir == '/')
    out.push_back(real_path(user->pw_dir));
  return out;
}

}  // namespace

fs::path real_path(const fs::path& path) {
  std::error_code problem;
  const fs::path real = fs::weakly_canonical(path, problem);
  return problem ? fs::absolute(path).lexically_normal() : real;
}

bool is_shared_folder(const fs::path& folder) {
  struct stat status{};
  const std::vector<fs::path> all = homes();
  return folder == "/" ||
         std::any_of(
             all.begin(), all.end(),
             [&](const fs::path& home) { return home != "/" && is_beneath(home, folder); }) ||
         (::stat(folder.c_str(), &status) == 0 && (status.st_mode & (S_ISVTX | S_IWOTH)) != 0);
}

std::vector<fs::path> own_files(const fs::path& file) {
  const fs::path given = fs::absolute(file).lexically_normal();
  const fs::path folder = real_path(given.parent_path());
  std::vector<fs::path> out = {folder / given.filename()};
  if (!is_shared_folder(folder)) out.push_back(folder);
  return out;
}

std::string own_folders(const char* folders) {
  std::istringstream names(folders != nullptr ? folders : "");
  std::string out;
  for (std::string folder; std::getline(names, folder, ':');) {
    if (folder.starts_with('/') && !is_shared_folder(real_path(folder)))
      out += (out.empty() ? "" : ":") + folder;
  }
  return out;
}

}  // namespace tinyzero
