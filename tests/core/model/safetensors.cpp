// Reading safetensors files, damaged and hostile ones included.

#include "core/model/safetensors.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/model/folder.h"
#include "support/poison.h"
#include "support/small_model.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/safetensors");

namespace {

// Writes a file of this header and data.
fs::path write_raw(const fs::path& path, const std::string& header, const std::string& data) {
  const std::uint64_t size = header.size();
  write_file_synced(path, std::string(reinterpret_cast<const char*>(&size), 8) + header + data);
  return path;
}

}  // namespace

TEST_CASE("tensors are found by name, with type, shape and data") {
  const TemporaryFolder folder;
  const SafetensorsFile file(
      write_raw(folder / "x",
                R"({"__metadata__":{"format":"pt","by":"me"},)"
                R"("b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},)"
                R"("a":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]},)"
                R"("none":{"dtype":"I64","shape":[0,5],"data_offsets":[7,7]}})",
                "0123abc"));
  CHECK(file.metadata() == std::map<std::string, std::string>{{"format", "pt"}, {"by", "me"}});
  REQUIRE(file.tensors().size() == 3);
  const TensorInfo& a = file.tensors().at("a");
  CHECK(a.dtype == "BF16");
  CHECK(a.shape == std::vector<std::int64_t>{2, 1});
  CHECK(a.elements() == 2);
  CHECK(std::string(a.data, a.bytes) == "0123");
  const TensorInfo& b = file.tensors().at("b");
  CHECK(std::string(b.data, b.bytes) == "abc");
  CHECK(file.tensors().at("none").elements() == 0);
  CHECK(file.bytes() == fs::file_size(folder / "x"));
}

TEST_CASE("a number without a shape is one number") {
  const TemporaryFolder folder;
  const SafetensorsFile file(
      write_raw(folder / "x", R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", "1234"));
  CHECK(file.tensors().at("a").elements() == 1);
}

TEST_CASE("types of weights are known, others refused by name") {
  TensorInfo info;
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    info.dtype = safetensors_name(dtype);
    CHECK(dtype_of(info, "w") == dtype);
    CHECK(holds_reals(info));
  }
  info.dtype = "F8_E4M3";
  CHECK_FALSE(holds_reals(info));
  CHECK_THROWS_WITH_AS(dtype_of(info, "w"), "tensor \"w\" has type F8_E4M3, which is not supported",
                       Error);
}

TEST_CASE("numbers are converted, and NaN is named with its position") {
  const TemporaryFolder folder;
  const std::vector<float> numbers = {1.5f, -2.0f, 0.25f, 3.0f, 4.0f, 5.0f};
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const fs::path path = folder / name_of(dtype);
    write_safetensors(path, {{.name = "w", .shape = {3, 2}, .data = numbers.data()}}, {}, dtype);
    std::vector<float> out(6);
    to_float(path, SafetensorsFile(path).tensors().at("w"), "w", out.data());
    CHECK(out == numbers);
    CHECK_NOTHROW(check_finite(SafetensorsFile(path)));
    poison(path, "w", 3, -std::numeric_limits<float>::infinity());
    const SafetensorsFile poisoned(path);
    const std::string words =
        path.string() + ": tensor \"w\" holds an infinite number at [1, 1], so the model";
    CHECK_THROWS_WITH_AS(to_float(path, poisoned.tensors().at("w"), "w", out.data()),
                         doctest::Contains(words.c_str()), Error);
    CHECK_THROWS_WITH_AS(check_finite(poisoned), doctest::Contains(words.c_str()), Error);
  }
}

TEST_CASE("positions of numbers that are not finite") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(not_finite_text({3}, 2, std::nanf("")) == "NaN at [2]");
  CHECK(not_finite_text({2, 3, 4}, 0, infinity) == "an infinite number at [0, 0, 0]");
  CHECK(not_finite_text({2, 3, 4}, 23, infinity) == "an infinite number at [1, 2, 3]");
  CHECK(not_finite_text({2, 3, 4}, 13, std::nanf("")) == "NaN at [1, 0, 1]");
}

TEST_CASE("a pointer of Git LFS is named as such") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x",
                    "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
  CHECK_THROWS_WITH_AS(SafetensorsFile(folder / "x"), doctest::Contains("is a pointer of Git LFS"),
                       Error);
}

TEST_CASE("a damaged weight file is refused with what is wrong, wherever it is cut") {
  const TemporaryFolder folder;
  const Model model = random_model({});
  save_model(model, folder.path());
  const std::string file = read_file(folder / "model.safetensors");
  for (std::size_t size = 0; size < file.size(); size += 997) {
    write_file_synced(folder / "model.safetensors", file.substr(0, size));
    CHECK_THROWS_WITH_AS(load_model(folder.path()), doctest::Contains("model.safetensors"), Error);
  }
  write_file_synced(folder / "model.safetensors", file + "x");
  CHECK_THROWS_WITH_AS(load_model(folder.path()), doctest::Contains("belong to no tensor"), Error);
}

TEST_CASE("hostile headers are refused") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& header, const std::string& data, const char* cause) {
    write_raw(folder / "x", header, data);
    CHECK_THROWS_WITH_AS(SafetensorsFile(folder / "x"), doctest::Contains(cause), Error);
  };
  refused("[]", "", "not a JSON object");
  refused("{", "", "not valid JSON");
  refused("3", "", "not a JSON object");
  refused(R"({"a":[1]})", "", "the header's entry of tensor \"a\"");
  refused(R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", "1234",
          "the header's entry of tensor \"a\"");
  refused(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "1234",
          "the header's entry of tensor \"a\"");
  refused(R"({"a":{"dtype":"F32","shape":[1]}})", "", "the header's entry of tensor \"a\"");
  refused(R"({"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", "1234",
          "the header's entry of tensor \"a\"");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
          R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
          "12345678", "names \"a\" twice");
  refused(R"({"__metadata__":{"format":{}}})", "", "the header's entry of tensor \"__metadata__\"");
  refused(
      R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})",
      "1234", "the header's entry");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "1234", "the file is cut");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234", "its shape needs 8");
  refused(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234",
          "the header's entry");
  refused(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", "1234",
          "the shape");
  refused(R"({"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}})", "1234", "unknown type");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234", "the file is cut");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", "1234", "3 offsets");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
          R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
          "1234", "overlap");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678", "leave a hole");
  write_file_synced(folder / "x", std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F{}", 10));
  CHECK_THROWS_WITH_AS(SafetensorsFile(folder / "x"), doctest::Contains("header claims"), Error);
  CHECK_THROWS_AS(SafetensorsFile(folder / "absent"), Error);
}
