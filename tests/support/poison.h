// Numbers that no writer of this program writes, put into a safetensors file.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/model/dtype.h"

namespace tinyzero {

// Number `index` of a tensor (negative: from its end) becomes `value`.
inline void poison(const fs::path& file, const std::string& tensor, std::int64_t index,
                   float value) {
  std::string bytes = read_file(file);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  const Json json = parse_json(bytes.substr(8, header), file.string());
  REQUIRE(json.contains(tensor));
  Dtype dtype = Dtype::f32;
  for (const Dtype one : {Dtype::bf16, Dtype::f16}) {
    if (json[tensor]["dtype"] == safetensors_name(one)) dtype = one;
  }
  const auto offsets = json[tensor]["data_offsets"].get<std::vector<std::size_t>>();
  const auto size = static_cast<std::int64_t>((offsets[1] - offsets[0]) / bytes_of(dtype));
  const auto at = static_cast<std::size_t>(index < 0 ? index + size : index) * bytes_of(dtype);
  from_float(dtype, &value, 1, bytes.data() + 8 + header + offsets[0] + at);
  write_file_synced(file, bytes);
}

}  // namespace tinyzero
