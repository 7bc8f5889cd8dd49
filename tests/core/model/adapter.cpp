// Low-rank adapters without training: merging, files and what is refused. Their gradients are
// tested in tests/core/transformer/adapter.cpp, their files against PEFT in tests/peers.

#include "core/model/adapter.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/model/safetensors.h"
#include "support/small_model.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/adapter");

namespace {

AdapterOptions options(std::int64_t rank, std::vector<std::string> targets) {
  return {.rank = rank, .alpha = 6, .targets = std::move(targets), .base = "base"};
}

void fill(Adapter& adapter) {
  for (std::int64_t i = 0; i < adapter.size(); ++i)
    adapter.values()[i] = 0.01f * static_cast<float>(i % 37 - 18);
}

// W + s B A, summed in double.
double merged(const Model& model, const Adapter& adapter, const AdaptedMatrix& m, std::int64_t i,
              std::int64_t j) {
  const std::int64_t rank = adapter.options().rank;
  double sum = 0;
  for (std::int64_t r = 0; r < rank; ++r)
    sum += static_cast<double>(adapter.values()[m.b + i * rank + r]) *
           adapter.values()[m.a + r * m.columns + j];
  return model.weights.data()[m.weight + i * m.columns + j] + adapter.options().scale() * sum;
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a new adapter changes nothing: B is 0, A is uniform below 1/√k") {
  Model model = random_model({});
  const Model before = random_model({});
  const Adapter adapter(model, options(2, {"q", "down"}), 7);
  REQUIRE(adapter.matrices().size() == 4);
  CHECK(adapter.matrices()[0].name == "model.layers.0.self_attn.q_proj");
  CHECK(adapter.matrices()[3].name == "model.layers.1.mlp.down_proj");
  for (const AdaptedMatrix& m : adapter.matrices()) {
    const float bound = 1.0f / std::sqrt(static_cast<float>(m.columns));
    double squares = 0;
    for (std::int64_t k = m.a; k < m.b; ++k) {
      CHECK(std::abs(adapter.values()[k]) <= bound);
      squares += std::pow(adapter.values()[k], 2);
    }
    CHECK(squares > 0);
    for (std::int64_t k = m.b; k < m.b + 2 * m.rows; ++k) CHECK(adapter.values()[k] == 0.0f);
  }
  adapter.merge(model);
  CHECK(same_weights(model, before));
}

TEST_CASE("merging adds s B A to each matrix and nothing else; unmerging takes it away") {
  const Model original = random_model({});
  Model model = random_model({});
  Adapter adapter(model, options(3, {"k", "up"}), 1);
  fill(adapter);
  adapter.merge(model);
  std::int64_t changed = 0;
  for (const AdaptedMatrix& m : adapter.matrices()) {
    for (std::int64_t i = 0; i < m.rows; ++i) {
      for (std::int64_t j = 0; j < m.columns; ++j)
        CHECK(model.weights.data()[m.weight + i * m.columns + j] ==
              doctest::Approx(merged(original, adapter, m, i, j)).epsilon(1e-5));
    }
    changed += m.rows * m.columns;
  }
  std::int64_t different = 0;
  for (std::int64_t i = 0; i < model.layout.size(); ++i)
    different += model.weights.data()[i] != original.weights.data()[i] ? 1 : 0;
  CHECK(different <= changed);
  CHECK(different > changed / 2);
  Model twice = auxiliary_model_of(model, false);
  adapter.merge(twice);  // from the original again, not from what was merged
  CHECK(same_weights(twice, model));
  Model shared = random_model({});
  for (std::int64_t part = 0; part < 3; ++part) adapter.merge(shared, part, 3);
  CHECK(same_weights(shared, model));
  adapter.unmerge(model);
  CHECK(same_weights(model, original));
}

TEST_CASE("originals that are exact in bf16 take half of the memory") {
  const Model f32 = random_model({});
  Model bf16 = random_model({});
  for (std::int64_t i = 0; i < bf16.layout.size(); ++i) {
    float& w = bf16.weights.data()[i];
    char rounded[2];
    from_float(Dtype::bf16, &w, 1, rounded);
    to_float(Dtype::bf16, rounded, 1, &w);
  }
  const AdapterOptions all = options(2, {"q", "k", "v", "o", "gate", "up", "down"});
  const AdapterFloats floats = Adapter::floats(f32.layout, all);
  CHECK(Adapter(f32, all, 1).base_bytes() == 4 * floats.base);
  const Adapter adapter(bf16, all, 1);
  CHECK(adapter.base_bytes() == 2 * floats.base);
  CHECK(adapter.size() == floats.values);
  Model merged_and_back = auxiliary_model_of(bf16, false);
  adapter.merge(merged_and_back);
  adapter.unmerge(merged_and_back);
  CHECK(same_weights(merged_and_back, bf16));
}

TEST_CASE("sizes of tensors: A and B of each matrix in turn") {
  const Model model = random_model({.layers = 1});
  const AdapterOptions adapted = options(2, {"v", "gate"});
  CHECK(Adapter::tensor_sizes(model.layout, adapted) ==
        std::vector<std::int64_t>{2 * 16, 2 * 4, 2 * 16, 2 * 24});
  CHECK(Adapter::floats(model.layout, adapted).base == 4 * 16 + 24 * 16);
}

TEST_CASE("a rank beyond a matrix, and an unknown matrix, are refused with what is possible") {
  const Model model = random_model({});
  CHECK_THROWS_WITH_AS(
      Adapter(model, options(5, {"q", "v"}), 1),
      "an adapter of rank 5 for model.layers.0.self_attn.v_proj, a matrix of 4 x 16", Error);
  CHECK_NOTHROW(Adapter::check_rank(model.layout, options(4, {"q", "v"})));
  CHECK_THROWS_WITH_AS(Adapter::check_rank(model.layout, options(1, {"head"})),
                       "no matrix \"head\" to adapt", Error);
}

TEST_CASE("an auxiliary model's adapter begins with the same values, and learns its value head") {
  const Model policy = random_model({});
  Adapter adapter(policy, options(2, {"q"}), 1);
  fill(adapter);
  Model critic = auxiliary_model_of(policy, true);
  Adapter own(adapter, critic);
  CHECK(adapter.head() == -1);
  REQUIRE(own.head() == adapter.size());
  CHECK(own.size() == adapter.size() + 17);
  CHECK(std::equal(adapter.values(), adapter.values() + adapter.size(), own.values()));
  for (std::int64_t i = own.head(); i < own.size(); ++i) {
    CHECK(own.values()[i] == 0.0f);
    own.values()[i] = static_cast<float>(i);
  }
  own.merge(critic);
  const float* head = critic.weights.data() + critic.layout.head();
  CHECK(std::equal(head, head + 17, own.values() + own.head()));
  own.begin_as(adapter);
  CHECK(own.values()[own.size() - 1] == 0.0f);
}

TEST_CASE("what is saved is read back, with a value head and without") {
  for (const bool value_head : {false, true}) {
    const TemporaryFolder folder;
    const Model policy = random_model({});
    const Adapter first(policy, options(2, {"q", "o"}), 1);
    const Model model = auxiliary_model_of(policy, value_head);
    Adapter adapter(first, model);
    fill(adapter);
    adapter.save(folder.path());
    const Json config = parse_json(read_file(folder / "adapter_config.json"), "x");
    CHECK(config["r"] == 2);
    CHECK(config["lora_alpha"] == 6);
    CHECK(config["target_modules"] == std::vector<std::string>{"q_proj", "o_proj"});
    CHECK(config["task_type"] == (value_head ? "TOKEN_CLS" : "CAUSAL_LM"));
    Adapter again(first, model);
    again.load(folder.path());
    CHECK(std::equal(adapter.values(), adapter.values() + adapter.size(), again.values()));
  }
}

TEST_CASE("an adapter folder merges into a model as the adapter does") {
  const TemporaryFolder folder;
  Model model = random_model({});
  Adapter adapter(model, options(2, {"q", "down"}), 1);
  fill(adapter);
  adapter.save(folder.path());
  Model other = random_model({});
  merge_adapter(other, folder.path());
  adapter.merge(model);
  CHECK(same_weights(model, other));
}

TEST_CASE("the scale is alpha / rank, or alpha / √rank where PEFT's file says so") {
  const TemporaryFolder folder;
  const Model original = random_model({});
  Adapter adapter(original, options(4, {"q"}), 1);
  fill(adapter);
  adapter.save(folder.path());
  Json config = parse_json(read_file(folder / "adapter_config.json"), "x");
  config["use_rslora"] = true;
  config["lora_alpha"] = 3;  // 3 / √4 = 6 / 4
  write_file_synced(folder / "adapter_config.json", config.dump());
  Model by_root = random_model({});
  merge_adapter(by_root, folder.path());
  Model by_rank = random_model({});
  adapter.merge(by_rank);
  CHECK(same_weights(by_root, by_rank));
}

TEST_CASE("settings of PEFT that change what is computed are refused by name") {
  const TemporaryFolder folder;
  Model model = random_model({});
  Adapter(model, options(2, {"q"}), 1).save(folder.path());
  const Json good = parse_json(read_file(folder / "adapter_config.json"), "x");
  const auto with = [&](const Json& changes) {
    Json changed = good;
    changed.update(changes);
    write_file_synced(folder / "adapter_config.json", changed.dump());
    return refusal([&] { merge_adapter(model, folder.path()); });
  };
  const std::pair<Json, const char*> cases[] = {
      {{{"peft_type", "IA3"}}, "not an adapter of type LORA"},
      {{{"use_dora", true}}, "use_dora is not supported"},
      {{{"fan_in_fan_out", true}}, "fan_in_fan_out is not supported"},
      {{{"rank_pattern", {{"q_proj", 4}}}}, "rank_pattern is not supported"},
      {{{"modules_to_save", {"lm_head"}}}, "modules_to_save is not supported"},
      {{{"modules_to_save", {"score"}}}, "modules_to_save is not supported"},
      {{{"bias", "all"}}, "trained biases are not supported"},
      {{{"init_lora_weights", "pissa"}}, "init_lora_weights \"pissa\" is not supported"},
      {{{"r", 0}}, "is damaged: r"},
      {{{"r", 1.5}}, "is damaged: r"},
      {{{"lora_alpha", "8"}}, "is damaged: lora_alpha"},
  };
  for (const auto& [changes, words] : cases) {
    CAPTURE(changes.dump());
    CHECK(with(changes).find(words) != std::string::npos);
  }
  for (const Json& harmless : {Json{{"init_lora_weights", "gaussian"}},
                               Json{{"init_lora_weights", true}}, Json{{"bias", "none"}},
                               Json{{"rank_pattern", Json::object()}}, Json{{"use_dora", nullptr}}})
    CHECK(with(harmless).empty());
}

TEST_CASE("folders that lack something, or belong to another model, are refused") {
  const TemporaryFolder folder;
  Model model = random_model({});
  CHECK(refusal([&] {
          merge_adapter(model, folder.path());
        }).ends_with("has no adapter_config.json"));
  Adapter(model, options(2, {"q"}), 1).save(folder.path());
  Model wider = random_model({.width = 32});
  CHECK(refusal([&] {
          merge_adapter(wider, folder.path());
        }).find("has shape [2, 16], expected [2, 32]") != std::string::npos);
  Model shallower = random_model({.layers = 1});
  CHECK(refusal([&] {
          merge_adapter(shallower, folder.path());
        }).find("holds 4 tensors, of which 2 belong") != std::string::npos);
  fs::remove(folder / "adapter_model.safetensors");
  CHECK(refusal([&] {
          merge_adapter(model, folder.path());
        }).ends_with("has no adapter_model.safetensors"));
}
