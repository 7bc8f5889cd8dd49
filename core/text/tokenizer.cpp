#include "core/text/tokenizer.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/text/tokenizer_file.h"
#include "tinyzero/answer.h"

namespace tinyzero {
namespace {

constexpr const char* kFile = "tokenizer.json";
constexpr const char* kConfig = "tokenizer_config.json";
// The folder's other files about text, which are saved with the tokenizer.
constexpr const char* kCompanions[] = {
    kConfig,      "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "chat_template.jinja"};
constexpr std::uintmax_t kLargestFile = 256 << 20;  // the vocabularies of 2025 take up to 35 MB

// Ids may have gaps, but a small file must not demand a large table.
constexpr std::int64_t kGap = 65536;
constexpr std::int64_t kGapFactor = 4;

Json added_token(std::int64_t id, std::string_view content, bool special) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

// A new vocabulary: 256 bytes and what is merged from them.
struct Vocabulary {
  Json ids = Json::object();
  Json merges = Json::array();

  Vocabulary() {
    for (int b = 0; b < 256; ++b) ids[byte_symbol(b)] = ids.size();
  }
  void merge(const std::string& left, const std::string& right) {
    ids[left + right] = ids.size();
    merges.push_back({left, right});
  }
  // 10 … 99, and " -> ", which separates the numbers of a problem from its target.
  void merge_numbers() {
    for (char tens = '1'; tens <= '9'; ++tens) {
      for (char ones = '0'; ones <= '9'; ++ones) merge({tens}, {ones});
    }
    const std::string space = byte_symbol(' ');
    merge("-", ">");
    merge(space, "->");
    merge(space + "->", space);
  }
};

Json bpe_model(const Vocabulary& vocabulary) {
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", vocabulary.ids},
          {"merges", vocabulary.merges}};
}

Json byte_level_tokenizer(const Vocabulary& vocabulary, const Json& added) {
  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", false},
                           {"use_regex", false}};
  return {{"version", "1.0"},          {"truncation", nullptr}, {"padding", nullptr},
          {"added_tokens", added},     {"normalizer", nullptr}, {"pre_tokenizer", byte_level},
          {"post_processor", nullptr}, {"decoder", byte_level}, {"model", bpe_model(vocabulary)}};
}

}  // namespace

Tokenizer Tokenizer::make(bool numbers) {
  Vocabulary vocabulary;
  if (numbers) vocabulary.merge_numbers();
  const std::int64_t next = vocabulary.ids.size();
  const Json added = {added_token(next, kEndToken, true), added_token(next + 1, kAnswerOpen, false),
                      added_token(next + 2, kAnswerClose, false)};
  const Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                       {"eos_token", kEndToken},
                       {"clean_up_tokenization_spaces", false},
                       {"model_max_length", 1000000}};
  Tokenizer t = parse(byte_level_tokenizer(vocabulary, added).dump(2) + "\n", "the new tokenizer");
  t.files_[kConfig] = config.dump(2) + "\n";
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
  const std::int64_t tokens = file.vocab.size() + added_.all().size();
  const std::int64_t most = kGap + kGapFactor * tokens;
  const auto set = [&](std::int64_t id, const std::string& content, bool special) {
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
    if (twin == nullptr) set(id, token, false);
  }
  for (const AddedToken& token : added_.all()) {
    // The library `tokenizers` looks special tokens up by their normalized text.
    const AddedToken* special = added_.find(token.shown);
    set(token.id, token.shown, special != nullptr && special->special);
  }
}

// Only TemplateProcessing changes ids; ByteLevel changes offsets.
void Tokenizer::read_post_processor(const TokenizerJson& json, const std::string& where,
                                    int depth) {
  const std::string type = type_of(json, where);
  if (type.empty() || type == "ByteLevel") return;
  if (type == "Sequence" && depth < 2 && member(json, "processors").is_array()) {
    for (const TokenizerJson& step : json["processors"])
      read_post_processor(step, where, depth + 1);
    return;
  }
  if (type != "TemplateProcessing" || !member(json, "single").is_array())
    unsupported(where, "\"" + type + "\"");
  if (!before_.empty() || !behind_.empty()) unsupported(where, "a second \"TemplateProcessing\"");
  read_template(json, where);
}

void Tokenizer::read_template(const TokenizerJson& json, const std::string& where) {
  int texts = 0;
  for (const TokenizerJson& piece : json["single"]) {
    const std::string name = text_of(member(piece, "SpecialToken"), "id", "", where);
    if (text_of(member(piece, "Sequence"), "id", "", where) == "A") {
      ++texts;
      continue;
    }
    const TokenizerJson& ids = member(member(member(json, "special_tokens"), name.c_str()), "ids");
    if (name.empty() || !ids.is_array())
      throw Error(where + ": the template contains " + piece.dump().substr(0, 100) +
                  ", which is neither the text nor a known token");
    for (const TokenizerJson& id : ids) {
      if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= size())
        throw Error(where + ": \"" + name + "\" is not in the vocabulary");
      (texts == 0 ? before_ : behind_).push_back(id.get<std::int32_t>());
    }
  }
  if (texts != 1)
    throw Error(where + ": the template contains the text " + std::to_string(texts) + " times");
}

void Tokenizer::save(const std::filesystem::path& folder) const {
  for (const auto& [name, content] : files_) write_file_synced(folder / name, content);
}

std::vector<std::string> Tokenizer::contradictions() const {
  const auto file = files_.find(kConfig);
  const std::optional<Json> config =
      file == files_.end() ? std::nullopt : json_if_valid(file->second);
  if (!config || !config->is_object()) return {};
  std::vector<std::string> out;
  const auto check = [&](const char* flag, const std::vector<std::int32_t>& tokens,
                         const char* side) {
    const Json value = config->value(flag, Json());
    if (!value.is_boolean() || value.get<bool>() != tokens.empty()) return;
    std::string added;
    for (const std::int32_t token : tokens)
      added += (added.empty() ? "" : " ") + replace_invalid(token_text(token));
    out.push_back(std::string(kConfig) + " says \"" + flag + "\": " + value.dump() +
                  ", but the post-processor of " + kFile + " puts " +
                  (added.empty() ? "nothing" : added) + " " + side +
                  " a text; it decides here, as in transformers 5, while transformers 4 follows "
                  "the flag");
  };
  check("add_bos_token", before_, "before");
  check("add_eos_token", behind_, "after");
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
  for (const AddedTokens::Segment& segment : added_.split(text, false)) {
    if (segment.token != nullptr) out.push_back(segment.token->id);
    else
      encode_plain(text.substr(segment.start, segment.end - segment.start),
                   at_start && segment.start == 0, encoder, out);
  }
}

// Encodes text without added tokens, except those found in its normalized form.
void Tokenizer::encode_plain(std::string_view text, bool at_start, Bpe::Encoder& encoder,
                             std::vector<std::int32_t>& out) const {
  std::string normalized;
  if (!normalizer_.empty()) {
    normalized = normalizer_.apply(std::string(text));
    text = normalized;
  }
  for (const AddedTokens::Segment& segment : added_.split(text, true)) {
    if (segment.token != nullptr) {
      out.push_back(segment.token->id);
      continue;
    }
    pre_tokenizer_.split(text.substr(segment.start, segment.end - segment.start),
                         at_start && segment.start == 0,
                         [&](std::string_view piece) { encoder.encode(piece, out); });
  }
}

std::vector<std::int32_t> Tokenizer::encode_prompt(std::string_view text) const {
  std::vector<std::int32_t> out = before_;
  const std::vector<std::int32_t> ids = encode(text);
  out.insert(out.end(), ids.begin(), ids.end());
  out.insert(out.end(), behind_.begin(), behind_.end());
  return out;
}

std::string Tokenizer::token_text(std::int32_t token) const {
  const std::string text = decode({token}, Specials::keep);
  return text.empty() ? "#" + std::to_string(token) : text;
}

}  // namespace tinyzero
