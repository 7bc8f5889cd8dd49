#include "core/algorithm/batch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// The fields of a batch file, checked as they are read.
class Fields {
 public:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) throw Error(where_ + " is not a JSON object");
  }

  bool has(const char* name) const { return json_.contains(name) && !json_.at(name).is_null(); }

  double number(const Json& value, const std::string& name) const {
    if (!value.is_number()) refuse(value, name, "a number");
    return value.get<double>();
  }

  // Of a mask: how much a token counts.
  double share(const Json& value, const std::string& name) const {
    const double out = number(value, name);
    if (!(out >= 0 && out <= 1)) refuse(value, name, "a number from 0 to 1");
    return out;
  }

  std::int64_t at_least(std::int64_t least, const Json& value, const std::string& name) const {
    const std::int64_t out = integer(value, name);
    if (out < least) refuse(value, name, least > 0 ? "an integer from 1" : "an integer from 0");
    return out;
  }

  // A number that a model gave: null stands for one that is not finite.
  double model_number(const Json& value, const std::string& name) const {
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : number(value, name);
  }

  // 3.0 is an integer, too: so other programs may write it.
  std::int64_t integer(const Json& value, const std::string& name) const {
    constexpr double kExact = 9007199254740992;  // doubles below are exact
    const double real = value.is_number_float() ? value.get<double>() : 0.5;
    if (std::floor(real) == real && std::fabs(real) < kExact)
      return static_cast<std::int64_t>(real);
    if (!value.is_number_integer()) refuse(value, name, "an integer");
    const auto out = value.get<std::int64_t>();
    if (out < 0 && value.is_number_unsigned()) refuse(value, name, "an integer of at most 63 bits");
    return out;
  }

  bool flag(const Json& value, const std::string& name) const {
    if (value.is_boolean()) return value.get<bool>();
    if (!value.is_number_integer() || (value != 0 && value != 1))
      refuse(value, name, "true or false");
    return value == 1;
  }

  const Json& list(const Json& from, const std::string& name) const {
    if (!from.contains(name))
      throw Error(where_ + " has no \"" + name + "\"",
                  "core/algorithm/batch_file.h lists the fields of a batch");
    if (!from.at(name).is_array()) throw Error(where_ + ": \"" + name + "\" is not a list");
    return from.at(name);
  }

  const Json& object(const char* name) const {
    if (!json_.at(name).is_object()) refuse(json_.at(name), name, "an object");
    return json_.at(name);
  }

  // A list with one value per episode.
  const Json& episodes(const char* name, std::size_t count) const {
    const Json& values = list(json_, name);
    if (values.size() != count)
      throw Error(fmt::format("{}: \"{}\" has {} episodes, \"rewards\" has {}", where_, name,
                              values.size(), count));
    return values;
  }

  // One list of numbers per episode, laid end to end. `lengths` is filled if it is empty, else it
  // must fit.
  std::vector<double> tokens(const Json& from, const std::string& name,
                             std::vector<std::int64_t>& lengths, std::size_t episodes,
                             double (Fields::*read)(const Json&, const std::string&)
                                 const = &Fields::model_number) const {
    const Json& rows = list(from, name);
    if (rows.size() != episodes)
      throw Error(fmt::format("{}: \"{}\" has {} episodes, \"rewards\" has {}", where_, name,
                              rows.size(), episodes));
    const bool first = lengths.empty();
    std::vector<double> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].is_array() || rows[i].empty())
        throw Error(fmt::format("{}: episode {} of \"{}\" is {}", where_, i, name,
                                rows[i].is_array() ? "an empty list" : "not a list of numbers"),
                    "give one number per token, and at least one token per episode");
      const auto length = std::ssize(rows[i]);
      if (first) lengths.push_back(length);
      if (lengths[i] != length)
        throw Error(fmt::format("{}: episode {} has {} tokens in \"{}\", {} in \"old_logp\"",
                                where_, i, length, name, lengths[i]));
      for (const Json& value : rows[i]) out.push_back((this->*read)(value, name));
    }
    return out;
  }

  const Json& json() const { return json_; }
  const std::string& where() const { return where_; }

 private:
  [[noreturn]] void refuse(const Json& value, const std::string& name, const char* expected) const {
    throw Error(fmt::format("{}: \"{}\" holds {}, expected {}", where_, name,
                            json_line(value).substr(0, 40), expected));
  }

  const Json& json_;
  std::string where_;
};

at::Tensor reals(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

Json number_json(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json list_json(const at::Tensor& values) {
  Json out = Json::array();
  const at::Tensor doubles = values.to(at::kDouble).contiguous();
  for (std::int64_t i = 0; i < doubles.size(0); ++i)
    out.push_back(number_json(doubles.const_data_ptr<double>()[i]));
  return out;
}

Json integers_json(const at::Tensor& values) {
  Json out = Json::array();
  for (std::int64_t i = 0; i < values.size(0); ++i) out.push_back(values[i].item<std::int64_t>());
  return out;
}

Json flags_json(const at::Tensor& values) {
  Json out = Json::array();
  for (std::int64_t i = 0; i < values.size(0); ++i) out.push_back(values[i].item<bool>());
  return out;
}

void read_episodes(const Fields& fields, Batch& b) {
  std::vector<double> rewards;
  for (const Json& reward : fields.list(fields.json(), "rewards"))
    rewards.push_back(fields.number(reward, "rewards"));
  const std::size_t episodes = rewards.size();
  if (episodes == 0) throw Error(fields.where() + ": \"rewards\" is empty");
  b.reward = at::tensor(rewards, at::kDouble);
  std::vector<std::int64_t> group;
  std::map<std::int64_t, std::int64_t> places;  // groups are numbered in the order of appearance
  for (const Json& label : fields.episodes("groups", episodes))
    group.push_back(
        places.try_emplace(fields.integer(label, "groups"), places.size()).first->second);
  b.group = at::tensor(group);
  const auto flags = [&](const char* name, const at::Tensor& fallback) {
    if (!fields.has(name)) return fallback;
    at::Tensor out = at::empty({static_cast<std::int64_t>(episodes)}, at::kBool);
    bool* next = out.mutable_data_ptr<bool>();
    for (const Json& value : fields.episodes(name, episodes)) *next++ = fields.flag(value, name);
    return out;
  };
  b.usable = flags("usable", at::ones({b.reward.size(0)}, at::kBool));
  b.truncated = flags("truncated", at::zeros({b.reward.size(0)}, at::kBool));
  b.right = flags("right", b.reward.ge(1.0));
}

}  // namespace

BatchFile batch_from_json(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  BatchFile file;
  Batch& b = file.batch;
  read_episodes(fields, b);
  const std::size_t episodes = b.episodes();
  std::vector<std::int64_t> lengths;
  b.logp_old = reals(fields.tokens(json, "old_logp", lengths, episodes));
  b.length = at::tensor(lengths);
  b.episode = at::repeat_interleave(b.length);
  file.logp = fields.has("logp") ? reals(fields.tokens(json, "logp", lengths, episodes))
                                 : b.logp_old.clone();
  file.entropy = fields.has("entropy") ? reals(fields.tokens(json, "entropy", lengths, episodes))
                                       : at::zeros_like(b.logp_old);
  b.mask = b.usable.index_select(0, b.episode).to(at::kDouble);
  if (fields.has("mask"))
    b.mask = b.mask * reals(fields.tokens(json, "mask", lengths, episodes, &Fields::share));
  if (fields.has("outputs")) {
    for (const auto& [name, rows] : fields.object("outputs").items())
      file.outputs[name] = reals(fields.tokens(fields.object("outputs"), name, lengths, episodes));
  }
  if (fields.has("kept")) {
    for (const auto& [name, value] : fields.object("kept").items())
      file.kept[name] = fields.number(value, name);
  }
  b.max_tokens = fields.has("max_tokens") ? fields.at_least(1, json["max_tokens"], "max_tokens")
                                          : b.length.max().item<std::int64_t>();
  if (fields.has("step")) file.step = fields.at_least(0, json["step"], "step");
  if (fields.has("update")) {
    for (const Json& value : fields.list(json, "update")) {
      const std::int64_t episode = fields.integer(value, "update");
      if (episode < 0 || episode >= static_cast<std::int64_t>(episodes))
        throw Error(
            fmt::format("{}: \"update\" names episode {}, there are {}", where, episode, episodes));
      if (std::find(file.update.begin(), file.update.end(), episode) != file.update.end())
        throw Error(fmt::format("{}: \"update\" names episode {} twice", where, episode));
      file.update.push_back(episode);
    }
  }
  b.all = b.counted();
  return file;
}

Json by_episode(const at::Tensor& tokens, const at::Tensor& length) {
  Json out = Json::array();
  const at::Tensor doubles = tokens.to(at::kDouble).contiguous();
  const double* next = doubles.const_data_ptr<double>();
  for (std::int64_t i = 0; i < length.size(0); ++i) {
    Json row = Json::array();
    for (std::int64_t t = length[i].item<std::int64_t>(); t > 0; --t)
      row.push_back(number_json(*next++));
    out.push_back(std::move(row));
  }
  return out;
}

Json batch_to_json(const BatchFile& file) {
  const Batch& b = file.batch;
  Json json = {{"step", file.step},
               {"max_tokens", b.max_tokens},
               {"groups", integers_json(b.group)},
               {"rewards", list_json(b.reward)},
               {"usable", flags_json(b.usable)},
               {"truncated", flags_json(b.truncated)},
               {"right", flags_json(b.right)},
               {"old_logp", by_episode(b.logp_old, b.length)},
               {"logp", by_episode(file.logp, b.length)},
               {"entropy", by_episode(file.entropy, b.length)},
               {"mask", by_episode(b.mask, b.length)}};
  for (const auto& [name, values] : file.outputs)
    json["outputs"][name] = by_episode(values, b.length);
  for (const auto& [name, value] : file.kept) json["kept"][name] = value;
  if (!file.update.empty()) json["update"] = file.update;
  return json;
}

}  // namespace tinyzero
