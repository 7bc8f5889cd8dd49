// Models and their weights: sizes, start values, and files that are damaged or hostile.

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/model/folder.h"
#include "support/golden.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/model");

namespace {

ModelConfig tiny_config() {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = 16;
  c.heads = 4;
  c.head_dim = 4;
  c.mlp = 24;
  c.vocab = 40;
  c.eos = {3};
  return c;
}

}  // namespace

TEST_CASE("the golden folders' shapes are understood") {
  REQUIRE_FALSE(golden_models().empty());
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    const Model model = load_model(folder);
    CHECK(model.config.parameters() == model.layout.size());
    CHECK_FALSE(model.config.eos.empty());
  }
}

TEST_CASE("presets have the sizes their names say") {
  for (const auto& [name, millions] :
       {std::pair("tiny", 1.0), std::pair("small", 5.0), std::pair("medium", 30.0)}) {
    ModelConfig c = preset_config(name);
    c.vocab = 352;
    CHECK(static_cast<double>(c.parameters()) / 1e6 == doctest::Approx(millions).epsilon(0.12));
  }
  CHECK_THROWS_AS(preset_config("huge"), Error);
}

TEST_CASE("a written folder reads back bit for bit") {
  const TemporaryFolder folder;
  Model model(tiny_config());
  initialize(model, 5);
  save_model(model, folder.path());
  const Model again = load_model(folder.path());
  REQUIRE(again.layout.size() == model.layout.size());
  CHECK(std::memcmp(again.weights.data(), model.weights.data(),
                    static_cast<std::size_t>(model.weights.size()) * 4) == 0);
  CHECK(again.config.eos == model.config.eos);
  CHECK(again.config.qk_norm);
  CHECK(again.config.tied);
}

TEST_CASE("initial weights: norms are 1, matrices small and different, equal for equal seeds") {
  Model a(tiny_config()), b(tiny_config()), c(tiny_config());
  initialize(a, 1);
  initialize(b, 1);
  initialize(c, 2);
  CHECK(std::memcmp(a.weights.data(), b.weights.data(),
                    static_cast<std::size_t>(a.weights.size()) * 4) == 0);
  CHECK(std::memcmp(a.weights.data(), c.weights.data(),
                    static_cast<std::size_t>(a.weights.size()) * 4) != 0);
  for (const ParameterSlot& slot : a.layout.slots()) {
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < slot.size; ++i) {
      sum += a.weights.data()[slot.offset + i];
      squares += std::pow(a.weights.data()[slot.offset + i], 2);
    }
    if (slot.shape.size() == 1) CHECK(sum == static_cast<double>(slot.size));
    else if (slot.name.find("embed") != std::string::npos)
      CHECK(std::sqrt(squares / static_cast<double>(slot.size)) ==
            doctest::Approx(0.02).epsilon(0.1));
  }
}

TEST_CASE("a damaged weight file is refused with what is wrong, wherever it is cut") {
  const TemporaryFolder folder;
  Model model(tiny_config());
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
    const std::uint64_t size = header.size();
    write_file_synced(folder / "x",
                      std::string(reinterpret_cast<const char*>(&size), 8) + header + data);
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
  refused(
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
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
  refused(
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
      "1234", "overlap");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678", "leave a hole");
  write_file_synced(folder / "x", std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F{}", 10));
  CHECK_THROWS_WITH_AS(SafetensorsFile(folder / "x"), doctest::Contains("header claims"), Error);
  CHECK_THROWS_AS(SafetensorsFile(folder / "absent"), Error);
}
