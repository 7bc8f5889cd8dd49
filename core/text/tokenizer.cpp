#include "core/text/tokenizer.h"

#include <algorithm>
#include <queue>

#include "core/base/error.h"
#include "core/base/file.h"
#include "tinyzero/answer.h"

namespace tinyzero {
namespace {

void append_utf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// The printable character that stands for a byte in byte-level vocabularies (GPT-2's table): bytes that print stand for themselves,
// the others for U+0100 and up in their order.
std::string byte_symbol(int byte) {
  const auto prints = [](int b) { return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255); };
  std::uint32_t code = static_cast<std::uint32_t>(byte);
  if (!prints(byte)) {
    code = 256;
    for (int b = 0; b < byte; ++b) code += prints(b) ? 0 : 1;
  }
  std::string out;
  append_utf8(code, out);
  return out;
}

// Bytes of a token from its symbols; false if it holds a character that is no byte symbol.
bool symbols_to_bytes(const std::string& token, const std::map<std::string, char>& table, std::string& out) {
  for (std::size_t i = 0; i < token.size();) {
    const std::size_t length = (token[i] & 0x80) == 0 ? 1 : 2;
    const auto found = table.find(token.substr(i, length));
    if (found == table.end()) return false;
    out += found->second;
    i += length;
  }
  return true;
}

const std::map<std::string, char>& symbol_table() {
  static const std::map<std::string, char> kTable = [] {
    std::map<std::string, char> table;
    for (int b = 0; b < 256; ++b) table[byte_symbol(b)] = static_cast<char>(b);
    return table;
  }();
  return kTable;
}

constexpr std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) | static_cast<std::uint32_t>(right);
}

Json added_token(std::int64_t id, std::string_view content, bool special) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

[[noreturn]] void unsupported(const std::string& where, const std::string& what) {
  throw Error(where + ": " + what + " is not supported by this version's tokenizer", "give token ids instead of text");
}

void check_supported(const Json& json, const std::string& where) {
  const auto type = [&](const char* part) {
    return json.contains(part) && json[part].is_object() ? json[part].value("type", "?") : std::string();
  };
  if (!type("normalizer").empty()) unsupported(where, "normalizer \"" + type("normalizer") + "\"");
  if (type("pre_tokenizer") != "ByteLevel") unsupported(where, "pre_tokenizer \"" + type("pre_tokenizer") + "\"");
  if (json["pre_tokenizer"].value("use_regex", true) || json["pre_tokenizer"].value("add_prefix_space", true)) {
    unsupported(where, "a ByteLevel pre_tokenizer that splits or adds spaces");
  }
  if (type("model") != "BPE") unsupported(where, "model \"" + type("model") + "\"");
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
    const std::string space = byte_symbol(' ');  // " -> " stands between a problem and what is wanted of it
    merge("-", ">");
    merge(space, "->");
    merge(space + "->", space);
  }
  Json added = Json::array();
  added.push_back(added_token(next++, kEndToken, true));
  added.push_back(added_token(next++, kAnswerOpen, false));
  added.push_back(added_token(next++, kAnswerClose, false));

  const Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  Json json = {{"version", "1.0"},      {"truncation", nullptr},       {"padding", nullptr},        {"added_tokens", added},
               {"normalizer", nullptr}, {"pre_tokenizer", byte_level}, {"post_processor", nullptr}, {"decoder", byte_level}};
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
  return from_json(json, "the new tokenizer");
}

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  const fs::path path = folder / "tokenizer.json";
  if (!fs::exists(path)) throw Error(folder.string() + " has no tokenizer.json", "give token ids, or a complete Hugging Face folder");
  return from_json(parse_json(read_file(path), path.string()), path.string());
}

Tokenizer Tokenizer::from_json(const Json& json, const std::string& where) {
  check_supported(json, where);
  Tokenizer t;
  t.json_ = json;
  try {
    std::unordered_map<std::string, std::int32_t> ids;
    const auto place = [&](std::int32_t id, std::string bytes, bool special) {
      if (id < 0 || id > (1 << 24)) throw Error(where + ": token id " + std::to_string(id) + " is out of range");
      if (static_cast<std::size_t>(id) >= t.bytes_.size()) {
        t.bytes_.resize(static_cast<std::size_t>(id) + 1);
        t.special_.resize(static_cast<std::size_t>(id) + 1);
      }
      t.bytes_[static_cast<std::size_t>(id)] = std::move(bytes);
      t.special_[static_cast<std::size_t>(id)] = special;
    };
    for (const auto& [token, id] : json["model"]["vocab"].items()) {
      std::string bytes;
      if (!symbols_to_bytes(token, symbol_table(), bytes)) unsupported(where, "token \"" + token + "\" in the vocabulary");
      ids[token] = id.get<std::int32_t>();
      if (bytes.size() == 1) t.byte_id_[static_cast<unsigned char>(bytes[0])] = id.get<std::int32_t>();
      place(id.get<std::int32_t>(), std::move(bytes), false);
    }
    std::int32_t rank = 0;
    for (const auto& merge : json["model"]["merges"]) {
      const std::string text =
          merge.is_string() ? merge.get<std::string>() : merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>();
      const std::size_t space = text.find(' ');
      const std::string left = text.substr(0, space), right = text.substr(space + 1);
      t.merges_[pair_key(ids.at(left), ids.at(right))] = {rank++, ids.at(left + right)};
    }
    for (const auto& token : json["added_tokens"]) {
      const auto content = token.at("content").get<std::string>();
      const Added added{token.at("id").get<std::int32_t>(), token.value("special", false)};
      t.added_[content] = added;
      place(added.id, content, added.special);
    }
  } catch (const std::exception& e) {
    if (dynamic_cast<const Error*>(&e) != nullptr) throw;
    throw Error(where + " is not a byte-level BPE tokenizer: " + e.what());
  }
  return t;
}

void Tokenizer::save(const std::filesystem::path& folder) const {
  write_file_synced(folder / "tokenizer.json", json_.dump(2) + "\n");
  const Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                       {"eos_token", kEndToken},
                       {"clean_up_tokenization_spaces", false},
                       {"model_max_length", 1000000}};
  write_file_synced(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

std::int32_t Tokenizer::id(const std::string& token) const {
  const auto found = added_.find(token);
  return found == added_.end() ? -1 : found->second.id;
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int32_t> out;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::pair<const std::string, Added>* match = nullptr;  // the longest added token that starts here
    for (const auto& token : added_) {
      if (text.substr(at, token.first.size()) == token.first && (match == nullptr || token.first.size() > match->first.size()))
        match = &token;
    }
    if (match == nullptr) {
      ++at;
      continue;
    }
    encode_piece(text.substr(start, at - start), out);
    out.push_back(match->second.id);
    at += match->first.size();
    start = at;
  }
  encode_piece(text.substr(start), out);
  return out;
}

// Byte pair encoding: of all neighbouring pairs, merge the one of lowest rank (the leftmost of equals) until none is left.
void Tokenizer::encode_piece(std::string_view piece, std::vector<std::int32_t>& out) const {
  struct Symbol {
    std::int32_t id;
    std::int32_t previous, next;  // places in the list, -1 at the ends
  };
  struct Candidate {
    std::int32_t rank, left;
    std::int32_t left_id, right_id;  // as seen when queued: a changed symbol makes the candidate stale
    bool operator<(const Candidate& other) const { return std::tie(rank, left) > std::tie(other.rank, other.left); }
  };
  std::vector<Symbol> symbols;
  const auto n = static_cast<std::int32_t>(piece.size());
  for (std::int32_t i = 0; i < n; ++i) {
    symbols.push_back({byte_id_[static_cast<unsigned char>(piece[static_cast<std::size_t>(i)])], i - 1, i + 1 < n ? i + 1 : -1});
  }
  std::priority_queue<Candidate> queue;
  const auto propose = [&](std::int32_t left) {
    const std::int32_t right = left < 0 ? -1 : symbols[static_cast<std::size_t>(left)].next;
    if (right < 0) return;
    const std::int32_t a = symbols[static_cast<std::size_t>(left)].id, b = symbols[static_cast<std::size_t>(right)].id;
    const auto merge = merges_.find(pair_key(a, b));
    if (merge != merges_.end()) queue.push({merge->second.first, left, a, b});
  };
  for (std::int32_t i = 0; i < n; ++i) propose(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[static_cast<std::size_t>(best.left)];
    if (left.id != best.left_id || left.next < 0 || symbols[static_cast<std::size_t>(left.next)].id != best.right_id) continue;
    Symbol& right = symbols[static_cast<std::size_t>(left.next)];
    left.id = merges_.at(pair_key(best.left_id, best.right_id)).second;
    right.id = -1;
    left.next = right.next;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = best.left;
    propose(best.left);
    propose(left.previous);
  }
  for (std::int32_t i = 0; i >= 0 && i < n; i = symbols[static_cast<std::size_t>(i)].next)
    out.push_back(symbols[static_cast<std::size_t>(i)].id);
}

std::string Tokenizer::decode(const std::vector<std::int32_t>& ids) const {
  std::string out;
  for (const std::int32_t id : ids) {
    if (id >= 0 && static_cast<std::size_t>(id) < bytes_.size() && !special_[static_cast<std::size_t>(id)])
      out += bytes_[static_cast<std::size_t>(id)];
  }
  return out;
}

std::string Tokenizer::token_text(std::int32_t token) const {
  const std::string text = decode({token});
  if (!text.empty()) return text;
  return token == id(kEndToken) ? kEndToken : "#" + std::to_string(token);
}

}  // namespace tinyzero
