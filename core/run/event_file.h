// TensorBoard's event files: scalars by name and step.
//
// A file is a sequence of records: length (8 bytes, little-endian), masked CRC-32C of those bytes
// (4), content, masked CRC-32C of the content (4), as tensorflow/core/lib/io/record_writer.h has
// it. The content is a protobuf message Event (tensorflow/core/util/event.proto), of which four
// fields are needed: wall_time = 1 (double), step = 2 (int64), file_version = 3 (string), summary =
// 5, whose value = 1 holds tag = 1 and simple_value = 2 (float). Left out on purpose: images,
// histograms, graphs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/json.h"

namespace tinyzero {

// CRC-32C (Castagnoli, RFC 3720 B.4).
std::uint32_t crc32c(std::string_view bytes);

// The beginning of a file.
std::string event_file_start(double wall_time);

// The numbers of one record of metrics.jsonl as one event. Its step is the record's, or the warm
// start's; its time, in seconds since 1970, is `began` plus the record's seconds. Empty if the
// record contains no numbers.
std::string scalar_events(const Json& record, double began);

}  // namespace tinyzero
