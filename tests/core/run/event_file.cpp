// TensorBoard's files by their bytes; tests/peers/tensorboard_files.py opens them with TensorBoard
// itself.

#include "core/run/event_file.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/event_file");

TEST_CASE("CRC-32C") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xE3069283);  // the check value of the catalogue of CRC algorithms
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);  // RFC 3720 B.4
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43);
}

TEST_CASE("events are protobuf messages in framed records") {
  // wall_time 1.0; file_version; 24 bytes in all.
  const std::string start = event_file_start(1.0);
  REQUIRE(start.size() == 12 + 24 + 4);
  CHECK(start.substr(0, 8) == std::string("\x18\0\0\0\0\0\0\0", 8));
  CHECK(start.substr(12, 24) == std::string("\x09\0\0\0\0\0\0\xf0\x3f\x1a\x0d"
                                            "brain.Event:2",
                                            24));
  // wall_time 1.5, step 300, one value a = 0.5.
  const std::string event =
      scalar_events({{"step", 300}, {"seconds", 0.5}, {"a", 0.5}, {"words", "none"}}, 1.0);
  const std::string content(
      "\x09\0\0\0\0\0\0\xf8\x3f\x10\xac\x02\x2a\x0a\x0a\x08\x0a\x01\x61\x15\0\0\0\x3f", 24);
  REQUIRE(event.size() == 12 + content.size() + 4);
  CHECK(event.substr(12, content.size()) == content);
  CHECK(scalar_events({{"step", 0}, {"seconds", 0.5}}, 1.0).empty());
  // The warm start counts its own steps.
  CHECK(scalar_events({{"step", 0}, {"seconds", 0.0}, {"warm_start/step", 3}}, 1.0).substr(21, 2) ==
        "\x10\x03");
}
