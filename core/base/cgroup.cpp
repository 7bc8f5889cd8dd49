#include "core/base/cgroup.h"

#include <charconv>
#include <fstream>
#include <sstream>

namespace tinyzero {
namespace {

bool lists(const std::string& names, const std::string& name) {
  return ("," + names + ",").find("," + name + ",") != std::string::npos;
}

// A word of mountinfo, where "\040" stands for a space.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char code = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3) {
      out += char(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Mount {
  std::string type;
  std::string options;
  std::string root;  // the group that the mount shows
  fs::path folder;   // the mount point
};

// The mounts of control groups. Each line has the form
//   36 35 0:30 ROOT MOUNT_POINT OPTIONS … - TYPE SOURCE OPTIONS
std::vector<Mount> cgroup_mounts(const fs::path& root) {
  std::vector<Mount> out;
  std::ifstream lines(root / "proc/self/mountinfo");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, device, group, folder, word, type, source, options;
    words >> id >> parent >> device >> group >> folder;
    while (words >> word && word != "-") {
    }
    if (!(words >> type >> source >> options) || !type.starts_with("cgroup")) continue;
    out.push_back({.type = type,
                   .options = options,
                   .root = unescaped(group),
                   .folder = root / fs::path(unescaped(folder)).relative_path()});
  }
  return out;
}

// The folder of `group` in a mount. If the mount does not show the group, as in a container that
// sees its own group as the outermost, that is the mount's own folder.
fs::path folder_in(const Mount& mount, const std::string& group) {
  const std::string above = mount.root == "/" ? "" : mount.root;
  const bool shown = group == above || group.starts_with(above + "/");
  if (!shown || group.find("/..") != std::string::npos) return mount.folder;
  return mount.folder / fs::path(group.substr(above.size())).relative_path();
}

// Adds a folder and its parents up to the outermost one.
void add_folders(fs::path folder, const fs::path& outermost, std::vector<fs::path>& out) {
  if (folder.filename().empty()) folder = folder.parent_path();
  for (; folder != outermost && folder.has_relative_path(); folder = folder.parent_path())
    out.push_back(folder);
  out.push_back(outermost);
}

}  // namespace

std::vector<fs::path> cgroup_folders(const std::string& controller, const fs::path& root) {
  std::vector<fs::path> out;
  const std::vector<Mount> mounts = cgroup_mounts(root);
  std::ifstream lines(root / "proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {  // "0::/path", or "9:cpu,cpuacct:/path"
    const std::size_t names = line.find(':');
    const std::size_t path = line.find(':', names + 1);
    if (names == std::string::npos || path == std::string::npos) continue;
    const std::string controllers = line.substr(names + 1, path - names - 1);
    if (!controllers.empty() && !lists(controllers, controller)) continue;
    for (const Mount& mount : mounts) {
      const bool fits = controllers.empty()
                            ? mount.type == "cgroup2"
                            : mount.type == "cgroup" && lists(mount.options, controller);
      if (fits) add_folders(folder_in(mount, line.substr(path + 1)), mount.folder, out);
    }
  }
  return out;
}

std::int64_t cgroup_number(const fs::path& file) {
  std::int64_t number = 0;
  return std::ifstream(file) >> number ? number : -1;
}

}  // namespace tinyzero
