#include "tasks/dataset/records.h"

#include <stdexcept>

#include "tasks/dataset/csv_records.h"
#include "tasks/dataset/json_records.h"
#include "tinyzero/answer.h"

namespace tinyzero::dataset {
namespace {

// The extension of a name, without that of a compression.
std::string_view extension_of(std::string_view path) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (path.ends_with(packed)) path.remove_suffix(packed.size());
  }
  const std::size_t dot = path.find_last_of("./");
  return dot == std::string_view::npos || path[dot] == '/' ? "" : path.substr(dot);
}

}  // namespace

void read_records(const std::string& path, std::string_view content, const TakeRecord& take) {
  const std::string_view extension = extension_of(path), start = trim(content.substr(0, 4096));
  if (extension == ".csv" || extension == ".tsv") {
    try {
      return read_csv(content, extension == ".csv" ? ',' : '\t', take);
    } catch (const std::invalid_argument& e) {
      throw std::invalid_argument(path + " " + e.what());
    }
  }
  if (start.starts_with('[')) return read_json_array(content, take);
  if (start.starts_with('{') || extension == ".jsonl" || extension == ".json" ||
      extension == ".ndjson")
    return read_json_lines(content, take);
  throw std::invalid_argument(
      path + (start.empty() ? " is empty" : " is neither JSON lines nor .csv or .tsv"));
}

std::string place_of(const std::string& path, const Record& record) {
  return path + (record.is_in_array ? ", element " : ", line ") + std::to_string(record.line);
}

}  // namespace tinyzero::dataset
