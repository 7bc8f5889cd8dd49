#include "core/ranks/ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
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
  bool tell_failed() override { return true; }
  void tell_noticed() override {}

 protected:
  void swap_slices(const std::string&, std::span<const float>, std::span<float>) override {}
  void gather_slices(const std::string&, std::span<const float>, std::span<float>) override {}
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

std::int64_t longest_range(const std::vector<std::int64_t>& cuts) {
  std::int64_t longest = 0;
  for (std::size_t r = 0; r + 1 < cuts.size(); ++r)
    longest = std::max(longest, cuts[r + 1] - cuts[r]);
  return longest;
}

// Values of one range that are exchanged at once.
std::int64_t slice_of(const std::vector<std::int64_t>& cuts) {
  return std::min(longest_range(cuts), kMostAtOnce / (std::ssize(cuts) - 1));
}

// Calls exchange(done, slice) for done = 0, slice, … until no range has more values.
void in_slices(const std::vector<std::int64_t>& cuts,
               const std::function<void(std::int64_t done, std::int64_t slice)>& exchange) {
  const std::int64_t slice = slice_of(cuts);
  for (std::int64_t done = 0; done < longest_range(cuts); done += slice) exchange(done, slice);
}

// The values of range r behind the first `done`, `slice` at most.
std::span<float> slice_at(std::span<float> values, const std::vector<std::int64_t>& cuts,
                          std::int64_t r, std::int64_t done, std::int64_t slice) {
  const std::int64_t first = std::min(cuts[r] + done, cuts[r + 1]);
  return values.subspan(first, std::min(slice, cuts[r + 1] - first));
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

void Ranks::add_up(const std::string& what, std::span<float> values,
                   const std::vector<std::int64_t>& cuts) {
  if (!are_many()) return;
  std::vector<float> sent(slice_of(cuts) * size()), came(sent.size());
  in_slices(cuts, [&](std::int64_t done, std::int64_t slice) {
    for (std::int64_t r = 0; r < size(); ++r)
      std::ranges::copy(slice_at(values, cuts, r, done, slice), sent.begin() + r * slice);
    swap_slices(what, sent, came);
    const std::span<float> own = slice_at(values, cuts, rank(), done, slice);
    for (std::int64_t apart = 1; apart < size(); apart *= 2) {
      for (std::int64_t r = 0; r + apart < size(); r += 2 * apart) {
        float* const sum = came.data() + r * slice;
        const float* const other = came.data() + (r + apart) * slice;
        for (std::int64_t i = 0; i < std::ssize(own); ++i) sum[i] += other[i];
      }
    }
    std::copy_n(came.begin(), own.size(), own.begin());
  });
}

void Ranks::share_ranges(const std::string& what, std::span<float> values,
                         const std::vector<std::int64_t>& cuts) {
  if (!are_many()) return;
  std::vector<float> own(slice_of(cuts)), all(own.size() * size());
  in_slices(cuts, [&](std::int64_t done, std::int64_t slice) {
    std::ranges::copy(slice_at(values, cuts, rank(), done, slice), own.begin());
    gather_slices(what, own, all);
    for (std::int64_t r = 0; r < size(); ++r) {
      const std::span<float> to = slice_at(values, cuts, r, done, slice);
      std::copy_n(all.begin() + r * slice, to.size(), to.begin());
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
