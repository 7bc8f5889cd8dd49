// libFuzzer target: the readers of data files, on any bytes. A finding is a crash, a sanitizer's
// report, a hang, or a row that breaks a promise below.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tasks/dataset/content.h"
#include "tasks/dataset/normal_text.h"
#include "tasks/dataset/records.h"

using namespace tinyzero::dataset;

namespace {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace

// The first byte chooses the name of the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr const char* kNames[] = {"x.jsonl", "x.json", "x.csv", "x.tsv.gz", "x"};
  if (size == 0) return 0;
  const std::string path = kNames[data[0] % 5];
  try {
    const std::string content =
        decompressed(std::string(reinterpret_cast<const char*>(data) + 1, size - 1), path);
    std::int64_t line = 0;
    read_records(path, content, [&](const Record& record) {
      require(record.line > line, "rows are in order");
      line = record.line;
      for (const Record::Field& field : record.fields)
        require(is_utf8(field.text), "texts are UTF-8");
      record.columns();
      return true;
    });
  } catch (const std::invalid_argument&) {  // no data file
  }
  return 0;
}
