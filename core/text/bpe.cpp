#include "core/text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace tinyzero {
namespace {

constexpr std::size_t kRemembered = 1 << 16;    // pieces
constexpr std::size_t kLongestRemembered = 64;  // bytes of one

constexpr std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
         static_cast<std::uint32_t>(right);
}

std::uint32_t symbol_code(int byte) {
  const auto prints = [](int b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  };
  if (prints(byte)) return static_cast<std::uint32_t>(byte);
  std::uint32_t code = 256;
  for (int b = 0; b < byte; ++b) code += prints(b) ? 0 : 1;
  return code;
}

// The byte of each symbol, -1 for characters that are none.
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

// Older files say no type; what has merges is BPE, as the library `tokenizers` has it.
void check_model(const TokenizerJson& model, bool has_merges, const std::string& where) {
  const bool told = !member(model, "type").is_null();
  if (!told && !has_merges)
    throw Error(where + " has no \"type\" and no \"merges\", so its kind is not known",
                "give token ids instead of text");
  if (const std::string type = type_of(model, where); told && type != "BPE")
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

bool symbols_to_bytes(std::string_view token, std::string& out) {
  out.clear();
  for (std::size_t at = 0; at < token.size();) {
    const Utf8Part part = utf8_part(token, at);
    const int byte =
        part.valid && part.code < symbol_bytes().size() ? symbol_bytes()[part.code] : -1;
    if (byte < 0) return false;
    out += static_cast<char>(byte);
    at += part.size;
  }
  return true;
}

Bpe::Bpe(const TokenizerFile& file, bool byte_level, const std::string& where)
    : byte_level_(byte_level) {
  const TokenizerJson& model = member(file.rest, "model");
  const std::string place = where + ": model";
  check_model(model, !file.merges.empty(), place);
  byte_fallback_ = flag_of(model, "byte_fallback", false, place);
  ignore_merges_ = flag_of(model, "ignore_merges", false, place);
  fuse_unknown_ = flag_of(model, "fuse_unk", false, place);
  if (byte_level_ && byte_fallback_) unsupported(place, "byte_fallback with ByteLevel");
  std::fill(std::begin(byte_id_), std::end(byte_id_), -1);
  ids_.reserve(file.vocab.size());
  std::string bytes;
  for (const auto& [token, id] : file.vocab) {
    if (!byte_level_) bytes = token;
    else if (!symbols_to_bytes(token, bytes))
      continue;  // no text becomes it, unless it is an added token
    ids_[bytes] = static_cast<std::int32_t>(id);
  }
  for (int b = 0; b < 256; ++b)
    byte_id_[b] = byte_level_      ? id_of(std::string(1, static_cast<char>(b)))
                  : byte_fallback_ ? id_of(fallback_token(b))
                                   : -1;
  if (byte_fallback_ && std::count(std::begin(byte_id_), std::end(byte_id_), -1) > 0)
    unsupported(place, "byte_fallback without tokens for all bytes");
  const std::string unknown = text_of(model, "unk_token", "", place);
  if (!unknown.empty()) {
    for (const auto& [token, id] : file.vocab)
      unknown_ = token == unknown ? static_cast<std::int32_t>(id) : unknown_;
    if (unknown_ < 0)
      throw Error(place + ": the unk_token \"" + unknown + "\" is not in the vocabulary");
  }
  add_merges(file, place);
}

void Bpe::add_merges(const TokenizerFile& file, const std::string& where) {
  ranks_.reserve(file.merges.size());
  std::string left, right;
  for (const auto& [first, second] : file.merges) {
    const std::string name = where + ": merge " + std::to_string(merged_.size() + 1) + ", \"" +
                             first + "\" and \"" + second + "\"";
    if (!byte_level_) {
      left = first;
      right = second;
    } else if (!symbols_to_bytes(first, left) || !symbols_to_bytes(second, right)) {
      throw Error(name + ", is of characters that stand for no byte",
                  "this is not a byte-level tokenizer, or the file is damaged");
    }
    const std::int32_t a = id_of(left), b = id_of(right), whole = id_of(left + right);
    if (a < 0 || b < 0 || whole < 0)
      throw Error(name + ", is of tokens that are not in the vocabulary", "the file is damaged");
    ranks_[pair_key(a, b)] = static_cast<std::int32_t>(merged_.size());
    merged_.push_back(whole);
  }
}

std::int32_t Bpe::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? -1 : found->second;
}

// The tokens that a piece is before anything is merged. What has no token is the unknown one, or
// nothing where there is none.
void Bpe::symbols_of(std::string_view piece, std::vector<std::int32_t>& ids) const {
  bool unknown = false;  // whether the token before is the unknown one
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t size = byte_level_ ? 1 : utf8_part(piece, at).size;
    const std::string_view symbol = piece.substr(at, size);
    at += size;
    const std::int32_t id =
        byte_level_ ? byte_id_[static_cast<unsigned char>(symbol[0])] : id_of(symbol);
    if (id >= 0) {
      ids.push_back(id);
    } else if (byte_fallback_) {
      for (const char c : symbol) ids.push_back(byte_id_[static_cast<unsigned char>(c)]);
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
  if (piece.size() > kLongestRemembered) return merge(piece, out);
  const auto found = known_.find(std::string(piece));
  if (found != known_.end()) {
    out.insert(out.end(), found->second.begin(), found->second.end());
    return;
  }
  const std::size_t before = out.size();
  merge(piece, out);
  if (known_.size() < kRemembered)
    known_.emplace(piece, std::vector<std::int32_t>(
                              out.begin() + static_cast<std::ptrdiff_t>(before), out.end()));
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
  const std::int32_t n = out.size() - start;
  symbols_.clear();
  heap_.clear();
  for (std::int32_t i = 0; i < n; ++i)
    symbols_.push_back({out[start + static_cast<std::size_t>(i)], i - 1, i + 1 < n ? i + 1 : -1});
  for (std::int32_t i = 0; i < n; ++i) propose(i);
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const std::int32_t place = heap_.back() & 0xFFFFFFFF;
    const std::size_t rank = heap_.back() >> 32;
    heap_.pop_back();
    Symbol& left = symbols_[place];
    if (left.id < 0 || left.next < 0) continue;
    Symbol& right = symbols_[left.next];
    // What was queued may have changed since; it still holds if what stands there now becomes the
    // same token, as in the `tokenizers` library.
    ++lookups_;
    const auto now = bpe_.ranks_.find(pair_key(left.id, right.id));
    const std::int32_t merged = bpe_.merged_[rank];
    if (now == bpe_.ranks_.end() || bpe_.merged_[now->second] != merged) continue;
    left.id = merged;
    right.id = -1;
    left.next = right.next;
    if (left.next >= 0) symbols_[left.next].previous = place;
    for (const std::int32_t changed : {left.previous, place}) {
      const std::size_t queued = heap_.size();
      propose(changed);
      if (heap_.size() > queued) std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    }
  }
  out.resize(start);
  for (std::int32_t i = 0; i >= 0 && i < n; i = symbols_[i].next) out.push_back(symbols_[i].id);
}

}  // namespace tinyzero
