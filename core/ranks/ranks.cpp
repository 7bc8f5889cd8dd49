#include "core/ranks/ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <sstream>

#include "core/base/bytes.h"

namespace tinyzero {
namespace {

class OneProcess : public Ranks {
 public:
  std::int64_t rank() const override { return 0; }
  std::int64_t size() const override { return 1; }
  std::vector<std::string> gather(const std::string&, const std::string& bytes) override {
    return {bytes};
  }
  void send_to_first(const std::string&, std::int64_t, std::span<char>) override {}
  std::string host_of(std::int64_t) const override { return "this one"; }
  Ranks& aside() override { return *this; }
  bool tell_failed() override { return true; }
  void tell_noticed() override {}

 protected:
  void swap(const std::string&, const RankSlices&, const RankSlices&) override {}
};

// The first lines of two texts that differ.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  std::istringstream lines_of_a(a), lines_of_b(b);
  std::string in_a, in_b;
  while (in_a == in_b && (lines_of_a || lines_of_b)) {
    if (!std::getline(lines_of_a, in_a)) in_a = "nothing";
    if (!std::getline(lines_of_b, in_b)) in_b = "nothing";
  }
  return {in_a, in_b};
}

// Values that a rank sends at once. Buffers for more leave the cache, and cost twice the time.
constexpr std::int64_t kMostAtOnce = std::int64_t{1} << 22;

// Calls exchange(parts) until the parts have been all of the ranges: values that follow each other
// in each range, together at most kMostAtOnce.
void in_parts(std::span<float> values, const std::vector<std::int64_t>& cuts,
              const std::function<void(const std::vector<std::span<float>>& parts)>& exchange) {
  const std::int64_t ranges = std::ssize(cuts) - 1, most = kMostAtOnce / ranges;
  std::vector<std::int64_t> done(cuts.begin(), cuts.end() - 1);
  for (;;) {
    std::vector<std::span<float>> parts;
    for (std::int64_t r = 0; r < ranges; ++r) {
      parts.push_back(values.subspan(done[r], std::min(most, cuts[r + 1] - done[r])));
      done[r] += std::ssize(parts.back());
    }
    if (std::ranges::all_of(parts, [](auto part) { return part.empty(); })) return;
    exchange(parts);
  }
}

std::vector<std::int64_t> sizes_of(const std::vector<std::span<float>>& parts) {
  std::vector<std::int64_t> sizes;
  for (const std::span<float> part : parts) sizes.push_back(std::ssize(part));
  return sizes;
}

// The sum of `slices` equal parts of `values`, in their tree. It takes the place of the first.
std::span<float> sum_of(std::span<float> values, std::int64_t slices) {
  const std::int64_t size = std::ssize(values) / slices;
  for (std::int64_t apart = 1; apart < slices; apart *= 2) {
    for (std::int64_t r = 0; r + apart < slices; r += 2 * apart) {
      float* const sum = values.data() + r * size;
      const float* const other = sum + apart * size;
      for (std::int64_t i = 0; i < size; ++i) sum[i] += other[i];
    }
  }
  return values.first(size);
}

}  // namespace

Ranks& one_process() {
  static OneProcess alone;
  return alone;
}

void Ranks::share(const std::string& what, const ByteWriter& own,
                  const std::function<void(ByteReader&)>& read) {
  for (const std::string& bytes : gather(what, own.bytes())) {
    for (ByteReader in(bytes); !in.is_at_end();) read(in);
  }
}

double Ranks::of_first(const std::string& what, double number) {
  ByteWriter own;
  own.put(number);
  return ByteReader(gather(what, own.bytes()).front()).get<double>();
}

bool Ranks::any(const std::string& what, bool is_so) {
  const std::vector<std::string> all = gather(what, is_so ? "1" : "0");
  return std::ranges::find(all, "1") != all.end();
}

std::int64_t Ranks::exchange_bytes(std::int64_t values) {
  return 2 * std::min(values, kMostAtOnce) * std::int64_t{sizeof(float)};
}

RankSlices Ranks::slices_in(std::vector<float>& buffer, std::vector<std::int64_t> sizes) {
  const std::int64_t all = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  if (std::ssize(buffer) < all) buffer.resize(all);
  return {std::span(buffer).first(all), std::move(sizes)};
}

void Ranks::add_up(const std::string& what, std::span<float> values,
                   const std::vector<std::int64_t>& cuts) {
  if (!are_many()) return;
  in_parts(values, cuts, [&](const std::vector<std::span<float>>& parts) {
    const std::span<float> own = parts[rank()];
    const RankSlices sent = slices_in(sent_, sizes_of(parts));
    const RankSlices came = slices_in(came_, std::vector(size(), std::ssize(own)));
    auto to = sent.values.begin();
    for (const std::span<float> part : parts) to = std::ranges::copy(part, to).out;
    swap(what, sent, came);
    std::ranges::copy(sum_of(came.values, size()), own.begin());
  });
}

void Ranks::share_ranges(const std::string& what, std::span<float> values,
                         const std::vector<std::int64_t>& cuts) {
  if (!are_many()) return;
  in_parts(values, cuts, [&](const std::vector<std::span<float>>& parts) {
    const std::span<float> own = parts[rank()];
    const RankSlices sent = slices_in(sent_, std::vector(size(), std::ssize(own)));
    const RankSlices came = slices_in(came_, sizes_of(parts));
    auto to = sent.values.begin();
    for (std::int64_t r = 0; r < size(); ++r) to = std::ranges::copy(own, to).out;
    swap(what, sent, came);
    auto from = came.values.begin();
    for (const std::span<float> part : parts) {
      std::copy_n(from, part.size(), part.begin());
      from += std::ssize(part);
    }
  });
}

void Ranks::together(const std::string& what, const std::function<void()>& work) {
  if (!are_many()) return work();
  std::exception_ptr error;
  try {
    work();
  } catch (...) {
    error = std::current_exception();
  }
  const std::vector<std::string> failed = gather(what, error ? "1" : "0");
  const auto first = std::ranges::find(failed, "1") - failed.begin();
  if (first == std::ssize(failed)) return;
  if (first != rank()) throw LostRank(name_of(first) + " failed", "", true);
  if (is_first()) std::rethrow_exception(error);
  try {
    std::rethrow_exception(error);
  } catch (const Errors& e) {
    std::vector<Error> all;
    for (const Error& one : e.all())
      all.emplace_back(name_of(first) + ": " + one.what(), one.hint());
    throw Errors(all);
  } catch (const Failure& e) {
    throw Failure(name_of(first) + ": " + e.what(), e.hint());
  } catch (const Error& e) {
    throw Error(name_of(first) + ": " + e.what(), e.hint());
  }
}

std::string Ranks::name_of(std::int64_t rank) const {
  return fmt::format("rank {} on host {}", rank, host_of(rank));
}

std::vector<std::string> Ranks::differences(const std::string& what, const std::string& text) {
  const std::vector<std::string> all = gather(what, text);
  std::vector<std::string> out;
  for (std::int64_t r = 1; r < size(); ++r) {
    if (all[r] == all.front()) continue;
    const auto [theirs, ours] = first_difference(all[r], all.front());
    out.push_back(fmt::format("{} has another {} than {}: \"{}\", not \"{}\"", name_of(r), what,
                              name_of(0), theirs, ours));
  }
  return out;
}

void Ranks::agree(const std::string& what, const std::string& text, const std::string& hint) {
  const std::vector<std::string> found = differences(what, text);
  if (found.empty()) return;
  if (!is_first()) throw LostRank(what + " differs", "", true);
  constexpr const char* kSame =
      "all ranks must run the same program with the same plugins, settings and files";
  throw Failure(found.front(), hint.empty() ? kSame : hint);
}

RankTraffic Ranks::traffic() {
  ByteWriter own;
  own.put(own_traffic_);
  own_traffic_ = {};
  RankTraffic all;
  share("times of exchanges", own, [&](ByteReader& in) {
    const auto one = in.get<RankTraffic>();
    all.wait += one.wait / static_cast<double>(size());
    all.exchange += one.exchange / static_cast<double>(size());
    all.sent += one.sent;
  });
  return all;
}

Ranks::Part Ranks::part_of(std::int64_t count) const {
  return {rank() * count / size(), (rank() + 1) * count / size()};
}

}  // namespace tinyzero
