#include "core/text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/tokenizer_file.h"

namespace tinyzero {
namespace {

constexpr std::size_t kCachedPieces = 1 << 16;
constexpr std::size_t kLongestCached = 64;  // bytes of a cached piece

constexpr std::uint64_t pair_key(std::uint32_t left, std::uint32_t right) {
  return std::uint64_t{left} << 32 | right;
}

std::uint32_t symbol_code(int byte) {
  const auto prints = [](int b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  };
  if (prints(byte)) return byte;
  std::uint32_t code = 256;
  for (int b = 0; b < byte; ++b) code += prints(b) ? 0 : 1;
  return code;
}

// The byte of each symbol, by character; -1 for characters that are not symbols.
const std::array<int, 512>& symbol_bytes() {
  static const std::array<int, 512> kTable = [] {
    std::array<int, 512> table;
    table.fill(-1);
    for (int b = 0; b < 256; ++b) table[symbol_code(b)] = b;
    return table;
  }();
  return kTable;
}

std::string fallback_token(int byte) { return fmt::format("<0x{:02X}>", byte); }

// Older files give no type; like the library `tokenizers`, we take a model with merges for BPE.
void check_model(const TokenizerJson& model, bool has_merges, const std::string& where) {
  const bool typed = !member(model, "type").is_null();
  if (!typed && !has_merges)
    throw Error(where + " has no \"type\" and no \"merges\", so its kind is unknown",
                "give token ids instead of text");
  if (const std::string type = type_of(model, where); typed && type != "BPE")
    unsupported(where, "\"" + type + "\"");
  const TokenizerJson& dropout = member(model, "dropout");
  if (!dropout.is_null() && !(dropout.is_number() && dropout.get<double>() == 0.0))
    unsupported(where, "dropout");
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!text_of(model, name, "", where).empty()) unsupported(where, name);
  }
}

}  // namespace

std::string byte_symbol(int byte) {
  std::string out;
  append_character(symbol_code(byte), out);
  return out;
}

std::optional<std::string> symbols_to_bytes(std::string_view token) {
  std::string out;
  for (std::size_t at = 0; at < token.size();) {
    const Utf8Part part = utf8_part(token, at);
    const bool known = part.valid && part.code < symbol_bytes().size();
    const int byte = known ? symbol_bytes()[part.code] : -1;
    if (byte < 0) return std::nullopt;
    out += static_cast<char>(byte);
    at += part.size;
  }
  return out;
}

Bpe::Bpe(const TokenizerFile& file, bool byte_level, const std::string& where)
    : byte_level_(byte_level) {
  const TokenizerJson& model = member(file.rest, "model");
  const std::string section = where + ": model";
  check_model(model, !file.merges.empty(), section);
  byte_fallback_ = flag_of(model, "byte_fallback", false, section);
  ignore_merges_ = flag_of(model, "ignore_merges", false, section);
  fuse_unknown_ = flag_of(model, "fuse_unk", false, section);
  if (byte_level_ && byte_fallback_) unsupported(section, "byte_fallback with ByteLevel");
  add_vocabulary(file);
  add_byte_tokens(section);
  set_unknown(file, section);
  add_merges(file, section);
}

// A token of a byte-level vocabulary that is not made of symbols can only be an added token.
void Bpe::add_vocabulary(const TokenizerFile& file) {
  ids_.reserve(file.vocab.size());
  for (const auto& [token, id] : file.vocab) {
    const std::optional<std::string> text =
        byte_level_ ? symbols_to_bytes(token) : std::optional(token);
    if (text) ids_[*text] = id;
  }
}

void Bpe::add_byte_tokens(const std::string& where) {
  byte_id_.fill(-1);
  for (int b = 0; b < 256; ++b) {
    if (byte_level_) byte_id_[b] = id_of(std::string(1, static_cast<char>(b)));
    if (byte_fallback_) byte_id_[b] = id_of(fallback_token(b));
  }
  if (byte_fallback_ && std::count(byte_id_.begin(), byte_id_.end(), -1) > 0)
    unsupported(where, "byte_fallback without tokens for all bytes");
}

void Bpe::set_unknown(const TokenizerFile& file, const std::string& where) {
  const std::string unknown = text_of(member(file.rest, "model"), "unk_token", "", where);
  if (unknown.empty()) return;
  for (const auto& [token, id] : file.vocab) {
    if (token == unknown) unknown_ = id;
  }
  if (unknown_ < 0)
    throw Error(where + ": the unk_token \"" + unknown + "\" is not in the vocabulary");
}

void Bpe::add_merges(const TokenizerFile& file, const std::string& where) {
  ranks_.reserve(file.merges.size());
  for (const auto& [first, second] : file.merges) {
    const std::string name = where + ": merge " + std::to_string(merged_.size() + 1) + ", \"" +
                             first + "\" and \"" + second + "\"";
    const auto left = byte_level_ ? symbols_to_bytes(first) : std::optional(first);
    const auto right = byte_level_ ? symbols_to_bytes(second) : std::optional(second);
    if (!left || !right)
      throw Error(name + ", has characters that are not byte symbols",
                  "this is not a byte-level tokenizer, or the file is damaged");
    const std::int32_t a = id_of(*left);
    const std::int32_t b = id_of(*right);
    const std::int32_t whole = id_of(*left + *right);
    if (a < 0 || b < 0 || whole < 0)
      throw Error(name + ", has tokens that are not in the vocabulary", "the file is damaged");
    ranks_[pair_key(a, b)] = merged_.size();
    merged_.push_back(whole);
  }
}

std::int32_t Bpe::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? -1 : found->second;
}

// Appends the tokens of a piece before merging. A symbol without a token becomes the unknown token,
// or nothing if there is none.
void Bpe::symbols_of(std::string_view piece, std::vector<std::int32_t>& ids) const {
  bool unknown = false;  // whether the previous token is the unknown one
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t size = byte_level_ ? 1 : utf8_part(piece, at).size;
    const std::string_view symbol = piece.substr(at, size);
    at += size;
    const std::int32_t id =
        byte_level_ ? byte_id_[static_cast<unsigned char>(symbol[0])] : id_of(symbol);
    if (id >= 0) {
      ids.push_back(id);
    } else if (byte_fallback_) {
      for (const unsigned char byte : symbol) ids.push_back(byte_id_[byte]);
    } else if (unknown_ >= 0 && !(unknown && fuse_unknown_)) {
      ids.push_back(unknown_);
    }
    unknown = id < 0;
  }
}

void Bpe::Encoder::encode(std::string_view piece, std::vector<std::int32_t>& out) {
  if (piece.empty()) return;
  if (bpe_.ignore_merges_) {
    const std::int32_t whole = bpe_.id_of(piece);
    if (whole >= 0) return out.push_back(whole);
  }
  if (piece.size() > kLongestCached) return merge(piece, out);
  const auto found = known_.find(std::string(piece));
  if (found != known_.end()) {
    out.insert(out.end(), found->second.begin(), found->second.end());
    return;
  }
  const std::size_t before = out.size();
  merge(piece, out);
  if (known_.size() < kCachedPieces)
    known_.emplace(piece, std::vector<std::int32_t>(out.data() + before, out.data() + out.size()));
}

void Bpe::Encoder::propose(std::int32_t left) {
  const std::int32_t right = left < 0 ? -1 : symbols_[left].next;
  if (right < 0) return;
  ++lookups_;
  const auto found = bpe_.ranks_.find(pair_key(symbols_[left].id, symbols_[right].id));
  if (found == bpe_.ranks_.end()) return;
  heap_.push_back(pair_key(found->second, left));
}

void Bpe::Encoder::merge(std::string_view piece, std::vector<std::int32_t>& out) {
  const std::size_t start = out.size();
  bpe_.symbols_of(piece, out);
  begin(out, start);
  while (!heap_.empty()) merge_best();
  out.resize(start);
  if (symbols_.empty()) return;
  for (std::int32_t i = 0; i >= 0; i = symbols_[i].next) out.push_back(symbols_[i].id);
}

// Makes a list of the symbols from ids[start] on, and proposes all their pairs.
void Bpe::Encoder::begin(const std::vector<std::int32_t>& ids, std::size_t start) {
  const std::int32_t n = ids.size() - start;
  symbols_.clear();
  heap_.clear();
  for (std::int32_t i = 0; i < n; ++i)
    symbols_.push_back({.id = ids[start + i], .previous = i - 1, .next = i + 1 < n ? i + 1 : -1});
  for (std::int32_t i = 0; i < n; ++i) propose(i);
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
}

// Merges the proposed pair of lowest rank. A pair may have changed since it was proposed: it is
// still merged if it now results in the same token, as in the `tokenizers` library.
void Bpe::Encoder::merge_best() {
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  const std::int32_t at = heap_.back() & 0xFFFFFFFF;
  const std::size_t rank = heap_.back() >> 32;
  heap_.pop_back();
  Symbol& left = symbols_[at];
  if (left.id < 0 || left.next < 0) return;
  Symbol& right = symbols_[left.next];
  ++lookups_;
  const auto now = bpe_.ranks_.find(pair_key(left.id, right.id));
  const std::int32_t merged = bpe_.merged_[rank];
  if (now == bpe_.ranks_.end() || bpe_.merged_[now->second] != merged) return;
  left.id = merged;
  right.id = -1;
  left.next = right.next;
  if (left.next >= 0) symbols_[left.next].previous = at;
  for (const std::int32_t changed : {left.previous, at}) {
    const std::size_t queued = heap_.size();
    propose(changed);
    if (heap_.size() > queued) std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
}

}  // namespace tinyzero
