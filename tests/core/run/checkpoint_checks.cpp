// A checkpoint with a flipped bit, or with a number that is not finite, is never resumed from.

#include "core/run/checkpoint_checks.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/json.h"
#include "support/checkpoint.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/checkpoint_checks");

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<std::string> files_of(const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) out.push_back(entry.path().lexically_relative(folder).string());
  }
  return out;
}

void flip(const fs::path& path, std::size_t byte, int bit) {
  std::string bytes = read_file(path);
  bytes.at(byte) = static_cast<char>(bytes[byte] ^ (1 << bit));
  write_file_synced(path, bytes);
}

// Writes a number over the first one of a tensor.
void put(const fs::path& path, const std::string& tensor, float number) {
  std::string bytes = read_file(path);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const Json json = parse_json(std::string_view(bytes).substr(8, header), "header");
  const auto offset = json.at(tensor).at("data_offsets").at(0).get<std::size_t>();
  std::memcpy(bytes.data() + 8 + header + offset, &number, sizeof number);
  write_file_synced(path, bytes);
}

std::string refusal(const fs::path& checkpoint) {
  Model model = small_model(9);
  try {
    read_checkpoint(checkpoint, model);
  } catch (const Error& e) {
    CHECK(equal(model, small_model(9)));  // nothing was read into it
    return std::string(e.what()) + "\n" + e.hint();
  }
  return "";
}

}  // namespace

TEST_CASE("a flipped bit of any file is an error that names the file and the checkpoint before") {
  const TemporaryFolder folder;
  save(folder.path(), 2, {Phase::reinforce, 20});
  save(folder.path(), 3, {Phase::reinforce, 40});
  const fs::path checkpoint = folder / "step-000040";
  const std::vector<std::string> files = files_of(checkpoint);
  CHECK(files.size() > 15);
  for (const std::string& name : files) {
    CAPTURE(name);
    const fs::path path = checkpoint / name;
    const std::string good = read_file(path);
    for (const std::size_t byte : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      CAPTURE(byte);
      flip(path, byte, static_cast<int>(byte % 7));
      const std::string words = refusal(checkpoint);
      CHECK(words.find(path.string()) == 0);
      CHECK(words.find("the checkpoint before it is step-000020") != std::string::npos);
      write_file_synced(path, good);
    }
    fs::remove(path);
    if (!name.ends_with("checksums.json"))
      CHECK(refusal(checkpoint).find(path.string() + " is damaged: it is missing") == 0);
    write_file_synced(path, good);
  }
  CHECK(refusal(checkpoint).empty());
}

TEST_CASE("a damaged checkpoint is passed over for the one before, and that is said") {
  const TemporaryFolder folder;
  for (const std::int64_t step : {20, 40, 60})
    save(folder.path(), static_cast<std::uint64_t>(step), {Phase::reinforce, step});
  for (const char* name : {"step-000040", "step-000060"})
    flip(folder.path() / name / "trainer/optimizer.safetensors", 5000, 3);
  Model model = small_model(9);
  std::vector<std::string> warnings;
  const auto checkpoint = load_checkpoint(
      folder.path(), model, [&](const std::string& text) { warnings.push_back(text); });
  REQUIRE(checkpoint);
  CHECK(checkpoint->state.step == 20);
  CHECK(equal(model, small_model(20)));
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].find("checkpoint step-000060 cannot be used: " +
                         (folder / "step-000060/trainer/optimizer.safetensors").string() +
                         " is damaged: its checksum is ") == 0);
  CHECK(warnings[1].find("the run continues from step-000020") != std::string::npos);
}

TEST_CASE(
    "more files than were written do no harm, and older checkpoints without checksums are read, "
    "which is said") {
  const TemporaryFolder folder;
  save(folder.path(), 2, {Phase::reinforce, 20});
  write_file_synced(folder.path() / "step-000020" / "notes.txt", "mine");
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& text) { warnings.push_back(text); };
  Model model = small_model(9);
  CHECK(load_checkpoint(folder.path(), model, warn)->has_checksums);
  CHECK(warnings.empty());
  CHECK(holds_foreign_files(folder / "step-000020"));
  fs::remove(folder.path() / "step-000020/trainer/checksums.json");
  CHECK_FALSE(load_checkpoint(folder.path(), model, warn)->has_checksums);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("step-000020 is from an older version and has no checksums") !=
        std::string::npos);
  CHECK(holds_foreign_files(folder / "step-000020"));
  fs::remove(folder.path() / "step-000020/notes.txt");
  CHECK_FALSE(holds_foreign_files(folder / "step-000020"));
}

TEST_CASE(
    "a number that is not finite is refused with the name of its tensor, also where all checksums "
    "are right") {
  const TemporaryFolder folder;
  const fs::path checkpoint = folder / "step-000020";
  const std::pair<const char*, const char*> places[] = {
      {"model.safetensors", "model.norm.weight"},
      {"trainer/optimizer.safetensors", "second_moment"},
      {"trainer/critic/model.safetensors", "model.embed_tokens.weight"},
      {"trainer/critic/optimizer.safetensors", "first_moment"},
      {"trainer/reference/model.safetensors", "model.norm.weight"}};
  for (const auto& [file, tensor] : places) {
    for (const float number : {kNan, kInf, -kInf}) {
      CAPTURE(file);
      save(folder.path(), 2, {Phase::reinforce, 20});
      put(checkpoint / file, tensor, number);
      CHECK(refusal(checkpoint).find("is damaged: its checksum is ") != std::string::npos);
      write_checksums(checkpoint);
      const std::string words = refusal(checkpoint);
      CAPTURE(words);
      CHECK(words.find(std::string("tensor \"") + tensor + "\" holds ") != std::string::npos);
      CHECK(words.find(std::isnan(number) ? "NaN at [" : "an infinite number at [") !=
            std::string::npos);
    }
  }
}

TEST_CASE("a checkpoint with such a number is not written, and pushes none out") {
  const TemporaryFolder folder;
  save(folder.path(), 1, {Phase::reinforce, 1, 1});
  Model model = small_model(1);
  std::vector<float> moments(model.layout.size());
  TrainerState state;
  state.phase = Phase::reinforce;
  state.step = 2;
  const Tokenizer tokenizer = Tokenizer::make(true);
  const auto save_now = [&] {
    save_checkpoint(folder.path(),
                    {.policy = {.model = &model, .steps = 1, .moments = moments_of(moments)},
                     .tokenizer = tokenizer,
                     .state = state},
                    1);
  };
  model.weights.data()[3] = kNan;
  CHECK_THROWS_WITH_AS(
      save_now(),
      doctest::Contains("tensor \"model.embed_tokens.weight\" has become NaN at [0, 3]"), Failure);
  model.weights.data()[3] = 0;
  moments[5] = kInf;
  CHECK_THROWS_WITH_AS(
      save_now(), doctest::Contains("tensor \"first_moment\" has become an infinite number at [5]"),
      Failure);
  CHECK(list_checkpoints(folder.path()).size() == 1);
  CHECK(fs::exists(folder / "step-000001"));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("an object is sealed by a checksum of itself, which the order of its fields decides") {
  const Json a = sealed({{"a", 1}, {"b", 2}});
  CHECK(a.size() == 3);
  CHECK(a.at("xxh3").get<std::string>().size() == 16);
  CHECK(sealed({{"a", 1}, {"b", 2}}) == a);
  CHECK(sealed({{"b", 2}, {"a", 1}}).at("xxh3") != a.at("xxh3"));
  CHECK(sealed({{"a", 1}, {"b", 3}}).at("xxh3") != a.at("xxh3"));
}

TEST_CASE("checksums that are not what they should be are named") {
  const TemporaryFolder folder;
  save(folder.path(), 2, {Phase::reinforce, 20});
  const fs::path checkpoint = folder / "step-000020";
  const fs::path list = checkpoint / "trainer/checksums.json";
  CHECK(verify_checksums(checkpoint));
  const std::string good = read_file(list);
  const std::pair<std::string, const char*> cases[] = {
      {"", "is damaged: it is not JSON"},
      {"[1]", "is damaged: it is not an object"},
      {"{}", "is damaged: it does not agree with its own checksum"},
      {sealed({{"files", 1}}).dump(), "is damaged: it lists no files"},
      {sealed({{"files", {{"config.json", {{"bytes", 1}}}}}}).dump(),
       "config.json is damaged: it has "},
      {sealed({{"files", {{"config.json", Json::object()}}}}).dump(),
       "it lacks a size or a checksum"},
      {sealed({{"files", {{"none", {{"bytes", 1}, {"xxh3", ""}}}}}}).dump(),
       "none is damaged: it is missing"}};
  for (const auto& [text, words] : cases) {
    CAPTURE(text);
    write_file_synced(list, text);
    CHECK_THROWS_WITH_AS(verify_checksums(checkpoint), doctest::Contains(words), Error);
  }
  write_file_synced(list, good);
  CHECK(verify_checksums(checkpoint));
}
