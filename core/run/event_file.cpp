#include "core/run/event_file.h"

#include <array>
#include <bit>
#include <cmath>

namespace tinyzero {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrcTable = crc_table();

std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8u; }

std::string little_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += char(value >> 8 * i & 0xFF);
  return out;
}

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += char(value | 0x80);
  return out + char(value);
}

// Types of fields on the wire.
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Fields of a protobuf message: number and type, then the value.
std::string field(int number, WireType type, const std::string& value) {
  return varint(number << 3 | type) + value;
}
std::string double_field(int number, double value) {
  return field(number, kFixed64, little_endian(std::bit_cast<std::uint64_t>(value), 8));
}
std::string float_field(int number, float value) {
  return field(number, kFixed32, little_endian(std::bit_cast<std::uint32_t>(value), 4));
}
std::string integer_field(int number, std::int64_t value) {
  return field(number, kVarint, varint(value));
}
std::string bytes_field(int number, const std::string& bytes) {
  return field(number, kBytes, varint(bytes.size()) + bytes);
}

std::string record_of(const std::string& content) {
  const std::string length = little_endian(content.size(), 8);
  return length + little_endian(masked(crc32c(length)), 4) + content +
         little_endian(masked(crc32c(content)), 4);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const unsigned char byte : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

std::string event_file_start(double wall_time) {
  return record_of(double_field(1, wall_time) + bytes_field(3, "brain.Event:2"));
}

std::string scalar_events(const Json& record, double began) {
  std::string summary;
  for (const auto& [name, value] : record.items()) {
    if (!value.is_number() || name == "step" || name == "seconds") continue;
    summary += bytes_field(1, bytes_field(1, name) + float_field(2, value.get<float>()));
  }
  if (summary.empty()) return {};
  const std::int64_t step = record.value("warm_start/step", record.value("step", std::int64_t{0}));
  return record_of(double_field(1, began + record.value("seconds", 0.0)) + integer_field(2, step) +
                   bytes_field(5, summary));
}

}  // namespace tinyzero
