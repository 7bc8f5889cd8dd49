#include "core/text/tokenizer.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tinyzero/answer.h"

namespace tinyzero {
namespace {

constexpr const char* kFile = "tokenizer.json";
// What else says something about text in a folder, and travels with it.
constexpr const char* kCompanions[] = {"tokenizer_config.json",
                                       "special_tokens_map.json",
                                       "added_tokens.json",
                                       "vocab.json",
                                       "merges.txt",
                                       "chat_template.jinja"};
constexpr std::uintmax_t kLargestFile = 256 << 20;  // the vocabularies of 2025 take up to 35 MB

// Ids may leave gaps, but a small file must not ask for a large table.
constexpr std::int64_t kGap = 65536, kGapFactor = 4;

Json added_token(std::int64_t id, std::string_view content, bool special) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

}  // namespace

Tokenizer Tokenizer::make(bool numbers) {
  Json vocab = Json::object(), merges = Json::array();
  std::int64_t next = 0;
  for (int b = 0; b < 256; ++b) vocab[byte_symbol(b)] = next++;
  const auto merge = [&](const std::string& left, const std::string& right) {
    vocab[left + right] = next++;
    merges.push_back({left, right});
  };
  if (numbers) {
    for (char tens = '1'; tens <= '9'; ++tens) {
      for (char ones = '0'; ones <= '9'; ++ones) merge({tens}, {ones});
    }
    const std::string space =
        byte_symbol(' ');  // " -> " stands between a problem and what is wanted of it
    merge("-", ">");
    merge(space, "->");
    merge(space + "->", space);
  }
  Json added = Json::array();
  added.push_back(added_token(next++, kEndToken, true));
  added.push_back(added_token(next++, kAnswerOpen, false));
  added.push_back(added_token(next++, kAnswerClose, false));

  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", false},
                           {"use_regex", false}};
  Json json = {{"version", "1.0"},          {"truncation", nullptr}, {"padding", nullptr},
               {"added_tokens", added},     {"normalizer", nullptr}, {"pre_tokenizer", byte_level},
               {"post_processor", nullptr}, {"decoder", byte_level}};
  json["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", nullptr},
                   {"continuing_subword_prefix", nullptr},
                   {"end_of_word_suffix", nullptr},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"ignore_merges", false},
                   {"vocab", vocab},
                   {"merges", merges}};
  const Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                       {"eos_token", kEndToken},
                       {"clean_up_tokenization_spaces", false},
                       {"model_max_length", 1000000}};
  Tokenizer t = parse(json.dump(2) + "\n", "the new tokenizer");
  t.files_["tokenizer_config.json"] = config.dump(2) + "\n";
  return t;
}

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  const fs::path path = folder / kFile;
  if (!fs::exists(path))
    throw Error(folder.string() + " has no tokenizer.json",
                "give token ids, or a complete Hugging Face folder");
  Tokenizer t = parse(read_file(path, kLargestFile), path.string());
  for (const char* name : kCompanions) {
    if (fs::exists(folder / name)) t.files_[name] = read_file(folder / name, kLargestFile);
  }
  return t;
}

Tokenizer Tokenizer::parse(std::string text, const std::string& where) {
  const TokenizerFile file = parse_tokenizer_file(text, where);
  Tokenizer t;
  t.normalizer_ = Normalizer(member(file.rest, "normalizer"), where);
  t.pre_tokenizer_ = PreTokenizer(member(file.rest, "pre_tokenizer"), where);
  t.bpe_ = Bpe(file, t.pre_tokenizer_.byte_level(), where);
  if (!t.pre_tokenizer_.byte_level() && !t.bpe_.byte_fallback())
    unsupported(where, "a pre_tokenizer without ByteLevel, and a model without byte_fallback,");
  t.decoder_ = Decoder(member(file.rest, "decoder"), where);
  t.added_ = AddedTokens(member(file.rest, "added_tokens"), t.normalizer_, where);
  t.read_vocabulary(file, where);
  t.read_post_processor(member(file.rest, "post_processor"), where + ": post_processor", 0);
  t.files_[kFile] = std::move(text);
  return t;
}

void Tokenizer::read_vocabulary(const TokenizerFile& file, const std::string& where) {
  const std::int64_t most =
      kGap + kGapFactor * static_cast<std::int64_t>(file.vocab.size() + added_.all().size());
  const auto place = [&](std::int64_t id, const std::string& content, bool special) {
    if (id < 0 || id >= most)
      throw Error(where + ": the id " + std::to_string(id) + " of token \"" + content +
                  "\" is out of range");
    decoder_.set(id, content, special, where);
  };
  for (const auto& [token, id] : file.vocab) {
    const AddedToken* twin = added_.find(token);
    if (twin != nullptr && twin->id != id)
      throw Error(where + ": \"" + token + "\" is token " + std::to_string(id) +
                      " of the vocabulary and added token " + std::to_string(twin->id),
                  "the file is damaged");
    if (twin == nullptr) place(id, token, false);
  }
  for (const AddedToken& token : added_.all()) {
    const AddedToken* special =
        added_.find(token.shown);  // the library `tokenizers` asks by what is shown
    place(token.id, token.shown, special != nullptr && special->special);
  }
}

// Only TemplateProcessing changes ids; ByteLevel moves offsets.
void Tokenizer::read_post_processor(const TokenizerJson& json, const std::string& where,
                                    int depth) {
  const std::string type = type_of(json, where);
  if (type.empty() || type == "ByteLevel") return;
  if (type == "Sequence" && depth < 2 && member(json, "processors").is_array()) {
    for (const TokenizerJson& part : json["processors"])
      read_post_processor(part, where, depth + 1);
    return;
  }
  if (type != "TemplateProcessing" || !member(json, "single").is_array())
    unsupported(where, "\"" + type + "\"");
  if (!before_.empty() || !behind_.empty()) unsupported(where, "a second \"TemplateProcessing\"");
  int texts = 0;
  for (const TokenizerJson& part : json["single"]) {
    const std::string name = text_of(member(part, "SpecialToken"), "id", "", where);
    if (text_of(member(part, "Sequence"), "id", "", where) == "A") {
      ++texts;
      continue;
    }
    const TokenizerJson& ids = member(member(member(json, "special_tokens"), name.c_str()), "ids");
    if (name.empty() || !ids.is_array())
      throw Error(where + ": the template holds " + part.dump().substr(0, 100) +
                  ", which is neither the text nor a known token");
    for (const TokenizerJson& id : ids) {
      if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= size())
        throw Error(where + ": \"" + name + "\" is not in the vocabulary");
      (texts == 0 ? before_ : behind_).push_back(id.get<std::int32_t>());
    }
  }
  if (texts != 1)
    throw Error(where + ": the template holds the text " + std::to_string(texts) + " times");
}

void Tokenizer::save(const std::filesystem::path& folder) const {
  for (const auto& [name, content] : files_) write_file_synced(folder / name, content);
}

std::vector<std::string> Tokenizer::contradictions() const {
  constexpr const char* kConfig = "tokenizer_config.json";
  const auto file = files_.find(kConfig);
  const std::optional<Json> config =
      file == files_.end() ? std::nullopt : json_if_valid(file->second);
  if (!config || !config->is_object()) return {};
  std::vector<std::string> out;
  const auto look = [&](const char* flag, const std::vector<std::int32_t>& tokens,
                        const char* place) {
    const Json told = config->value(flag, Json());
    if (!told.is_boolean() || told.get<bool>() != tokens.empty()) return;
    std::string put;
    for (const std::int32_t token : tokens)
      put += (put.empty() ? "" : " ") + replace_invalid(token_text(token));
    out.push_back(
        std::string(kConfig) + " says \"" + flag + "\": " + (told.get<bool>() ? "true" : "false") +
        ", and the post-processor of " + kFile + " puts " + (put.empty() ? "nothing" : put) + " " +
        place + " a text: it decides here, as in transformers 5; transformers 4 follows the flag");
  };
  look("add_bos_token", before_, "before");
  look("add_eos_token", behind_, "behind");
  return out;
}

std::int32_t Tokenizer::id(const std::string& token) const {
  const AddedToken* found = added_.find(token);
  return found == nullptr ? -1 : found->id;
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int32_t> out;
  Bpe::Encoder encoder(bpe_);
  if ((normalizer_.empty() && pre_tokenizer_.whole() && pre_tokenizer_.byte_level()) ||
      is_utf8(text)) {
    encode_text(text, true, encoder, out);
    return out;
  }
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = start;
    Utf8Part part;
    while (end < text.size() && (part = utf8_part(text, end)).valid) end += part.size;
    encode_text(text.substr(start, end - start), start == 0, encoder, out);
    if (end < text.size()) encoder.encode(text.substr(end, part.size), out);
    start = end + part.size;
  }
  return out;
}

void Tokenizer::encode_text(std::string_view text, bool at_start, Bpe::Encoder& encoder,
                            std::vector<std::int32_t>& out) const {
  for (const AddedTokens::Part& part : added_.parts(text, false)) {
    if (part.token != nullptr) {
      out.push_back(part.token->id);
      continue;
    }
    std::string_view piece = text.substr(part.start, part.end - part.start);
    std::string normalized;
    if (!normalizer_.empty()) {
      normalized = normalizer_.apply(std::string(piece));
      piece = normalized;
    }
    for (const AddedTokens::Part& inner : added_.parts(piece, true)) {
      if (inner.token != nullptr) {
        out.push_back(inner.token->id);
        continue;
      }
      const bool first = at_start && part.start == 0 && inner.start == 0;
      pre_tokenizer_.split(piece.substr(inner.start, inner.end - inner.start), first,
                           [&](std::string_view word) { encoder.encode(word, out); });
    }
  }
}

std::vector<std::int32_t> Tokenizer::encode_prompt(std::string_view text) const {
  std::vector<std::int32_t> out = before_, ids = encode(text);
  out.insert(out.end(), ids.begin(), ids.end());
  out.insert(out.end(), behind_.begin(), behind_.end());
  return out;
}

std::string Tokenizer::token_text(std::int32_t token) const {
  const std::string text = decode({token}, Specials::keep);
  return text.empty() ? "#" + std::to_string(token) : text;
}

}  // namespace tinyzero
