#include "core/ranks/local_device.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "tinyzero/ascii.h"

namespace tinyzero {

std::string visible_device(const std::string& visible, std::int64_t gpus, std::int64_t local) {
  std::vector<std::string> devices;
  std::istringstream list(visible);
  for (std::string device; std::getline(list, device, ',');) devices.push_back(device);
  if (visible.empty()) {
    for (std::int64_t i = 0; i < gpus; ++i) devices.push_back(std::to_string(i));
  }
  return devices.size() < 2 ? "" : devices[local % devices.size()];
}

// Their files are nvidia0, nvidia1 and so on; nvidiactl and others stand beside them.
std::int64_t count_gpus(const fs::path& devices) {
  std::error_code missing;
  std::int64_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(devices, missing)) {
    const std::string name = entry.path().filename().string(), kind = "nvidia";
    const bool is_numbered = name.size() > kind.size() && name.starts_with(kind) &&
                             std::all_of(name.begin() + kind.size(), name.end(), is_ascii_digit);
    if (is_numbered) ++count;
  }
  return count;
}

}  // namespace tinyzero
