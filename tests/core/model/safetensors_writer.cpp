// Writing safetensors files.

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/model/safetensors.h"
#include "support/poison.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/safetensors_writer");

namespace {

TensorView view(const std::vector<float>& numbers, std::vector<std::int64_t> shape) {
  return {.name = "w", .shape = std::move(shape), .data = numbers.data()};
}

std::vector<float> numbers_of(const fs::path& path) {
  const SafetensorsFile file(path);
  const TensorInfo& tensor = file.tensors().at("w");
  std::vector<float> out(tensor.elements());
  to_float(path, tensor, "w", out.data());
  return out;
}

}  // namespace

TEST_CASE("names, shapes, numbers and metadata come back, in every type") {
  const TemporaryFolder folder;
  const std::vector<float> first = {1, 2, 3, 4, 5, 6};
  const std::vector<float> second = {-0.5f};
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const fs::path path = folder / name_of(dtype);
    write_safetensors(path,
                      {{.name = "z", .shape = {2, 3}, .data = first.data()},
                       {.name = "a", .shape = {1}, .data = second.data()}},
                      {{"format", "pt"}}, dtype);
    const SafetensorsFile file(path);
    CHECK(file.metadata().at("format") == "pt");
    REQUIRE(file.tensors().size() == 2);
    CHECK(file.tensors().at("z").shape == std::vector<std::int64_t>{2, 3});
    CHECK(file.tensors().at("z").bytes == 6 * bytes_of(dtype));
    CHECK(file.tensors().at("a").dtype == safetensors_name(dtype));
    std::vector<float> out(6);
    to_float(path, file.tensors().at("z"), "z", out.data());
    CHECK(out == first);
  }
}

TEST_CASE("data begins at a multiple of 8 bytes, whatever the length of the header") {
  const TemporaryFolder folder;
  const std::vector<float> numbers = {1};
  for (std::string name = "w"; name.size() < 10; name += "w") {
    write_safetensors(folder / "x", {{.name = name, .shape = {1}, .data = numbers.data()}}, {});
    std::uint64_t header = 0;
    std::memcpy(&header, read_file(folder / "x").data(), 8);
    CHECK(header % 8 == 0);
    CHECK(fs::file_size(folder / "x") == 8 + header + 4);
  }
}

TEST_CASE("many numbers are converted piece by piece, each once") {
  const TemporaryFolder folder;
  std::vector<float> numbers((1 << 20) + 3);  // more than a piece
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i % 251);
  write_safetensors(folder / "x", {view(numbers, {std::ssize(numbers)})}, {}, Dtype::bf16);
  CHECK(numbers_of(folder / "x") == numbers);
}

TEST_CASE("a tensor of a mapped file is written from its map, converted or not") {
  const TemporaryFolder folder;
  const std::vector<float> numbers = {1.5f, 2.5f, -3.0f};
  write_safetensors(folder / "from", {view(numbers, {3})}, {}, Dtype::bf16);
  const SafetensorsFile from(folder / "from");
  const TensorInfo& tensor = from.tensors().at("w");
  const TensorView mapped{.name = "w",
                          .shape = tensor.shape,
                          .data = tensor.data,
                          .dtype = Dtype::bf16,
                          .mapped = &from};
  for (const Dtype dtype : {Dtype::bf16, Dtype::f32, Dtype::f16}) {
    write_safetensors(folder / "to", {mapped}, {}, dtype);
    CHECK(numbers_of(folder / "to") == numbers);
  }
}

TEST_CASE("NaN in memory has become so by training; in a mapped file the file is at fault") {
  const TemporaryFolder folder;
  const std::vector<float> bad = {1, 2, std::nanf(""), 4};
  CHECK_THROWS_WITH_AS(write_safetensors(folder / "x", {view(bad, {2, 2})}, {}),
                       doctest::Contains("tensor \"w\" has become NaN at [1, 0]"), Failure);
  const std::vector<float> good = {1, 2, 3, 4};
  write_safetensors(folder / "from", {view(good, {2, 2})}, {});
  poison(folder / "from", "w", 2, std::nanf(""));
  const SafetensorsFile from(folder / "from");
  TensorView mapped = view(good, {2, 2});
  mapped.data = from.tensors().at("w").data;
  mapped.mapped = &from;
  CHECK_THROWS_WITH_AS(write_safetensors(folder / "x", {mapped}, {}),
                       doctest::Contains("from: tensor \"w\" holds NaN at [1, 0]"), Error);
}

TEST_CASE("a number that the type cannot hold is an error; the largest that rounds down is not") {
  const TemporaryFolder folder;
  const auto write = [&](float value, Dtype dtype) {
    const std::vector<float> numbers = {0, value};
    write_safetensors(folder / "x", {view(numbers, {2})}, {}, dtype);
    return numbers_of(folder / "x")[1];
  };
  CHECK(write(65519.0f, Dtype::f16) == 65504.0f);
  CHECK_THROWS_WITH_AS(write(-65520.0f, Dtype::f16),
                       doctest::Contains("tensor \"w\" holds -65520, which f16 cannot hold"),
                       Failure);
  const float largest = std::numeric_limits<float>::max();
  CHECK(write(largest, Dtype::f32) == largest);
  CHECK_THROWS_WITH_AS(write(largest, Dtype::bf16), doctest::Contains("which bf16 cannot hold"),
                       Failure);
}

TEST_CASE("tensors of any type are written unchanged") {
  const TemporaryFolder folder;
  const std::string bytes = "0123456789";
  const std::map<std::string, TensorInfo> tensors = {
      {"codes", {.dtype = "U8", .shape = {2, 3}, .data = bytes.data(), .bytes = 6}},
      {"scale", {.dtype = "F32", .shape = {1}, .data = bytes.data() + 6, .bytes = 4}}};
  write_tensors(folder / "x", tensors);
  const SafetensorsFile file(folder / "x");
  for (const auto& [name, tensor] : tensors) {
    const TensorInfo& again = file.tensors().at(name);
    CHECK(again.dtype == tensor.dtype);
    CHECK(again.shape == tensor.shape);
    CHECK(std::string(again.data, again.bytes) == std::string(tensor.data, tensor.bytes));
  }
  const float nan = std::nanf("");
  const std::map<std::string, TensorInfo> bad = {
      {"m", {"F32", {1}, reinterpret_cast<const char*>(&nan), 4}}};
  CHECK_THROWS_WITH_AS(write_tensors(folder / "y", bad),
                       doctest::Contains("tensor \"m\" has become NaN at [0]"), Failure);
}

TEST_CASE("tensors come in pieces, and a number that is not finite is named by its place in all") {
  const TemporaryFolder folder;
  const std::vector<float> numbers = {1, 2, 3, std::nanf("")};
  const std::string_view bytes(reinterpret_cast<const char*>(numbers.data()), 16);
  const auto write = [&](std::int64_t count) {
    const auto size = static_cast<std::size_t>(4 * count);
    write_tensors(folder / "x", {{"m", {"F32", {count}, nullptr, size}}},
                  [&](const std::string& name, const std::function<void(std::string_view)>& take) {
                    CHECK(name == "m");
                    take(bytes.substr(0, 4));
                    take(bytes.substr(4, size - 4));
                  });
  };
  write(3);
  const SafetensorsFile file(folder / "x");
  CHECK(std::string_view(file.tensors().at("m").data, 12) == bytes.substr(0, 12));
  CHECK_THROWS_WITH_AS(write(4), doctest::Contains("tensor \"m\" has become NaN at [3]"), Failure);
}
