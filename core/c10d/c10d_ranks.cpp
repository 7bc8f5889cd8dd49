#include "core/c10d/c10d_ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <future>
#include <set>
#include <thread>
#include <type_traits>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/c10d/nccl_swap.h"
#include "core/ranks/addresses.h"

// A LibTorch may be built without them.
#if defined(USE_C10D_GLOO) && __has_include(<torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>)
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#define TINYZERO_HAS_C10D
#endif

namespace tinyzero {
#ifdef TINYZERO_HAS_C10D
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kFailed = "failed";  // a key of the store
constexpr std::int64_t kFloatBytes = sizeof(float);
constexpr auto kPause = milliseconds(50);
// After an exchange failed: for the others to notice it.
constexpr auto kRollCall = milliseconds(3000);

// Where rank 0 listens.
struct Address {
  std::string host;  // its name
  std::uint16_t port = 0;
  std::string digits = {};  // of the interface that it was told to use; empty: by its name
};

fs::path meeting_file(const RankPlace& place, const MeetingOptions& options) {
  return options.folder / (".ranks-" + place.job);
}

std::string meeting_hint(const RankPlace& place) {
  const std::string look = "look whether all of them run, and whether a firewall is between them";
  if (place.host == own_host() || !are_loopback(addresses_of_name(place.host))) return look;
  return fmt::format("MASTER_ADDR is {}, a loopback address, which other hosts do not reach; {}",
                     place.host, look);
}

void leave_address(const fs::path& file, const Address& address) {
  const Json json = {{"host", address.host}, {"port", address.port}, {"address", address.digits}};
  write_file_atomically(file, json_line(json) + "\n");
}

// The reason alone: without the place in the engine's source, further lines and advice.
std::string short_reason(std::string_view text) {
  if (text.starts_with('[')) text.remove_prefix(std::min(text.size(), text.find("] ") + 2));
  text = text.substr(0, text.find('\n'));
  return std::string(text.substr(0, text.find(". ")));
}

at::Tensor bytes_of(std::string& text) {
  return at::from_blob(text.data(), {std::ssize(text)}, at::kByte);
}

at::Tensor floats_of(std::span<float> values) {
  return at::from_blob(values.data(), {std::ssize(values)}, at::kFloat);
}

class C10dRanks : public Ranks {
 public:
  C10dRanks(const RankPlace& place, const MeetingOptions& options)
      : rank_(place.rank), size_(place.size), limit_(options.limit) {
    try {
      meet(place, options);
    } catch (...) {
      leave_meeting();
      throw;
    }
    leave_meeting();
  }

  std::int64_t rank() const override { return rank_; }
  std::int64_t size() const override { return size_; }

  std::vector<std::string> gather(const std::string& what, const std::string& bytes) override {
    const at::Tensor sizes = await_all(what, std::ssize(bytes));
    const std::int64_t most = sizes.max().item<std::int64_t>();
    std::string own = bytes, all(most * size_, '\0');
    own.resize(most);
    if (most > 0)
      exchange(what, most * (size_ - 1),
               [&] { return gather_equal(bytes_of(own), bytes_of(all)); });
    std::vector<std::string> out;
    for (std::int64_t r = 0; r < size_; ++r)
      out.push_back(all.substr(r * most, sizes[r].item<std::int64_t>()));
    return out;
  }

  void send_to_first(const std::string& what, std::int64_t from, std::span<char> bytes) override {
    if (rank_ != from && !is_first()) return;
    if (from == 0 || bytes.empty()) return;
    std::vector<at::Tensor> tensors = {at::from_blob(bytes.data(), {std::ssize(bytes)}, at::kByte)};
    exchange(what, is_first() ? 0 : std::ssize(bytes), [&] {
      return is_first() ? group_->recv(tensors, static_cast<int>(from), /*tag=*/0)
                        : group_->send(tensors, /*dstRank=*/0, /*tag=*/0);
    });
  }

  std::string host_of(std::int64_t rank) const override {
    return rank < std::ssize(hosts_) ? hosts_[rank] : "unknown";
  }

  Ranks& aside() override {
    if (!aside_) aside_.reset(new C10dRanks(*this, "aside"));
    return *aside_;
  }

  bool use_gpus() override {
    const std::string own = NcclSwap::own_gpu();
    const std::vector<std::string> gpus =
        gather("GPUs", own.empty() ? "" : host_of(rank_) + " " + own);
    const std::set<std::string> different(gpus.begin(), gpus.end());
    if (different.contains("") || std::ssize(different) < size_) return false;
    const auto of_first = [&](const std::string& id) { return gather("NCCL's id", id).front(); };
    nccl_ = std::make_unique<NcclSwap>(rank_, size_, of_first, limit_);
    return true;
  }

  // The store is the first rank's: it stays until the others have noticed.
  bool tell_failed() override {
    bool is_first_to_fail = true;
    try {
      is_first_to_fail = ask_store([key = noticed_key()](c10d::Store& store) {
        store.set(key, "1");
        return store.add(kFailed, 1) == 1;
      });
      group_.reset();  // ends the exchanges that others wait in
      aside_.reset();
      nccl_.reset();
      if (is_first()) unnoticed();
    } catch (const std::exception&) {  // the first rank is gone, and with it the store
    }
    return is_first_to_fail;
  }

  void tell_noticed() override {
    try {
      notice();
    } catch (const std::exception&) {  // nobody waits
    }
  }

 protected:
  void swap(const std::string& what, const RankSlices& sent, const RankSlices& came) override {
    await_all(what, 0);
    const std::int64_t bytes = (std::ssize(sent.values) - sent.sizes[rank_]) * kFloatBytes;
    if (nccl_) return timed(what, bytes, [&] { nccl_->swap(sent, came); });
    exchange(what, bytes, [&] {
      at::Tensor from = floats_of(sent.values), to = floats_of(came.values);
      std::vector<std::int64_t> sizes_sent = sent.sizes, sizes_came = came.sizes;
      return group_->alltoall_base(to, from, sizes_came, sizes_sent);
    });
  }

 private:
  using Work = c10::intrusive_ptr<c10d::Work>;

  void meet(const RankPlace& place, const MeetingOptions& options) {
    try {
      open_store(place, options);
      const std::vector<RankAddress> all = tell_addresses(place, options.interface);
      refuse_addresses(all, options.interface);
      address_ = all[rank_].address;
      connect(store_);
    } catch (const c10::Error& e) {
      if (store_) fail("addresses", short_reason(e.what()));
      throw LostRank(fmt::format("rank {} on host {} did not reach rank 0 within {} s: {}", rank_,
                                 own_host(), limit_.count(), short_reason(e.what())),
                     meeting_hint(place), /*is_told=*/rank_ > 1);
    }
  }

  // Another group of the ranks that `first` has met.
  C10dRanks(const C10dRanks& first, const std::string& name)
      : rank_(first.rank_),
        size_(first.size_),
        limit_(first.limit_),
        hosts_(first.hosts_),
        address_(first.address_),
        store_(first.store_) {
    try {
      connect(c10::make_intrusive<c10d::PrefixStore>(name, store_));
    } catch (const c10::Error& e) {
      fail("addresses", short_reason(e.what()));
    }
  }

  void connect(const c10::intrusive_ptr<c10d::Store>& store) {
    auto group = c10d::ProcessGroupGloo::Options::create(limit_);
    group->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address_));
    group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(rank_),
                                                         static_cast<int>(size_), group);
    gather("addresses", "");  // until all are connected
  }

  // Every rank's address, by rank.
  std::vector<RankAddress> tell_addresses(const RankPlace& place, const std::string& interface) {
    const Json own = {{"host", own_host()},
                      {"address", own_address(interface)},
                      {"interfaces", interfaces_text(interfaces_up())}};
    store_->set(fmt::format("host-{}", rank_), json_line(own));
    const std::vector<std::int64_t> missing = ranks_without("host", limit_);
    if (!missing.empty()) fail_to_meet(missing, meeting_hint(place));
    std::vector<RankAddress> all;
    for (std::int64_t r = 0; r < size_; ++r) {
      const Json said = parse_json(store_->get_to_str(fmt::format("host-{}", r)), "an address");
      all.push_back({.host = said.at("host"),
                     .address = said.at("address"),
                     .interfaces = said.at("interfaces")});
      hosts_.push_back(all.back().host);
    }
    return all;
  }

  // All ranks see the same mistake, and the first one tells it.
  void refuse_addresses(const std::vector<RankAddress>& all, const std::string& interface) {
    try {
      check_addresses(all, interface);
    } catch (const Error& e) {
      notice();
      if (!is_first()) throw LostRank(e.what(), e.hint(), /*is_told=*/true);
      unnoticed();
      throw;
    }
  }

  void open_store(const RankPlace& place, const MeetingOptions& options) {
    c10d::TCPStoreOptions store;
    store.isServer = is_first();
    store.numWorkers = size_;
    store.waitWorkers = false;
    store.timeout = limit_;
    Address address{.host = place.host, .port = static_cast<std::uint16_t>(place.port)};
    if (place.host.empty()) {
      meeting_ = meeting_file(place, options);
      if (is_first()) address = {.host = kLoopback, .port = 0};
      else address = read_address(meeting_);
    }
    store.port = address.port;
    auto tcp = c10::make_intrusive<c10d::TCPStore>(place_to_reach(address), store);
    if (!meeting_.empty() && is_first()) {
      const std::string digits = options.interface.empty() ? "" : own_address(options.interface);
      leave_address(meeting_, {.host = own_host(), .port = tcp->getPort(), .digits = digits});
    }
    store_ = tcp;
  }

  // Name or digits by which this rank reaches the first one.
  std::string place_to_reach(const Address& first) const {
    if (first.host == own_host()) return kLoopback;  // whatever the name resolves to
    if (meeting_.empty() || is_first()) return first.host;
    const std::string out = first.digits.empty() ? first.host : first.digits;
    const std::vector<std::string> found = addresses_of_name(out);
    if (!are_loopback(found)) return out;
    throw LostRank(fmt::format("rank {} on host {} cannot reach rank 0 on host {}: its address is "
                               "{} here",
                               rank_, own_host(), first.host, found.front()),
                   interface_hint(interfaces_text(interfaces_up())), /*is_told=*/false);
  }

  // Waits until the first rank has left its address.
  Address read_address(const fs::path& file) const {
    const auto end = steady_clock::now() + limit_;
    while (!fs::exists(file)) {
      if (steady_clock::now() > end)
        throw LostRank(fmt::format("rank {} on host {}: rank 0 did not leave its address in {} "
                                   "within {} s",
                                   rank_, own_host(), file.string(), limit_.count()),
                       "all ranks must see one folder; or set MASTER_ADDR and MASTER_PORT",
                       /*is_told=*/rank_ > 1);
      std::this_thread::sleep_for(kPause);
    }
    const Json json = parse_json(read_file(file), file.string());
    return {.host = json.at("host"),
            .port = json.at("port").get<std::uint16_t>(),
            .digits = json.at("address")};
  }

  // The ranks without a key PREFIX-RANK in the store after so much time.
  std::vector<std::int64_t> ranks_without(const std::string& prefix, milliseconds time) {
    const auto end = steady_clock::now() + time;
    std::vector<std::int64_t> without;
    for (std::int64_t r = 0; r < size_; ++r) {
      const std::string key = fmt::format("{}-{}", prefix, r);
      while (!store_->check({key}) && steady_clock::now() < end)
        std::this_thread::sleep_for(kPause);
      if (!store_->check({key})) without.push_back(r);
    }
    return without;
  }
  // What the store answers within a time. It is the first rank's, which may stand still: then its
  // client would wait without a limit, and is not asked again.
  template <class Ask>
  std::invoke_result_t<Ask, c10d::Store&> ask_store(const Ask& ask) {
    if (is_store_silent_) throw Failure("the first rank does not answer");
    std::packaged_task<std::invoke_result_t<Ask, c10d::Store&>()> task(
        [ask, store = store_] { return ask(*store); });
    auto answer = task.get_future();
    std::thread(std::move(task)).detach();
    is_store_silent_ = answer.wait_for(2 * kRollCall) != std::future_status::ready;
    if (is_store_silent_) throw Failure("the first rank does not answer");
    return answer.get();
  }
  // Says in the store that this rank knows that the run has failed; and the ranks that do not.
  std::string noticed_key() const { return fmt::format("noticed-{}", rank_); }
  void notice() {
    ask_store([key = noticed_key()](c10d::Store& store) {
      store.set(key, "1");
      return store.check({key});  // it has arrived
    });
  }
  std::vector<std::int64_t> unnoticed() { return ranks_without("noticed", kRollCall); }

  [[noreturn]] void fail_to_meet(const std::vector<std::int64_t>& missing,
                                 const std::string& hint) {
    notice();
    if (is_first()) unnoticed();  // the store stays for those that are late in noticing
    std::string names;
    for (const std::int64_t r : missing) names += fmt::format("{}{}", names.empty() ? "" : ", ", r);
    throw LostRank(fmt::format("rank {} did not come within {} s: of {} ranks, {} are there", names,
                               limit_.count(), size_, size_ - std::ssize(missing)),
                   hint, /*is_told=*/!is_first());
  }

  void leave_meeting() {
    std::error_code gone;
    if (!meeting_.empty()) fs::remove(meeting_, gone);
    meeting_.clear();
  }

  Work gather_equal(at::Tensor own, at::Tensor all) {
    return group_->_allgather_base(all, own, {});
  }

  // Until all ranks are there. Returns the number of each: (size) int64.
  at::Tensor await_all(const std::string& what, std::int64_t number) {
    const Stopwatch watch;
    at::Tensor numbers = at::empty({size_}, at::kLong);
    finish(what, [&] { gather_equal(at::tensor({number}), numbers)->wait(); });
    own_traffic_.wait += watch.seconds();
    return numbers;
  }

  // Of which this rank sends so many bytes.
  void exchange(const std::string& what, std::int64_t bytes, const std::function<Work()>& begin) {
    timed(what, bytes, [&] { begin()->wait(); });
  }
  void timed(const std::string& what, std::int64_t bytes, const std::function<void()>& work) {
    const Stopwatch watch;
    finish(what, work);
    own_traffic_.exchange += watch.seconds();
    own_traffic_.sent += static_cast<double>(bytes);
  }

  void finish(const std::string& what, const std::function<void()>& work) {
    try {
      work();
    } catch (const std::exception& e) {
      fail(what, short_reason(e.what()));
    }
  }

  // Names the ranks that do not answer any more. A rank that failed says why itself; of the others
  // the first one speaks, or, if it is the one that is gone, the second.
  [[noreturn]] void fail(const std::string& what, const std::string& reason) {
    const auto failed = [](c10d::Store& store) { return store.check({kFailed}); };
    bool has_failed = false, is_first_gone = false;
    std::vector<std::int64_t> missing;
    try {
      has_failed = ask_store(failed);
      notice();  // from here on a first rank that has failed may end, with its store
      if (is_first() && !has_failed) {
        missing = unnoticed();
        has_failed = ask_store(failed);
      }
    } catch (const std::exception&) {
      is_first_gone = !has_failed;
    }
    if (is_first_gone) missing = {0};
    const bool is_told = has_failed || (is_first_gone ? rank_ != 1 : !is_first());
    std::string names;
    for (const std::int64_t r : missing) names += (names.empty() ? "" : ", ") + name_of(r);
    throw LostRank(fmt::format("{} did not come to the exchange of {} ({})",
                               names.empty() ? "another rank" : names, what, reason),
                   "look at its last words; the run continues from its last checkpoint with "
                   "--resume, with any number of ranks",
                   is_told);
  }

  const std::int64_t rank_, size_;
  const std::chrono::seconds limit_;
  fs::path meeting_;
  std::vector<std::string> hosts_;
  std::string address_;  // this rank's, for the others
  c10::intrusive_ptr<c10d::Store> store_;
  bool is_store_silent_ = false;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
  std::unique_ptr<C10dRanks> aside_;
  std::unique_ptr<NcclSwap> nccl_;  // null: values go through the memory of the hosts
};

}  // namespace

std::unique_ptr<Ranks> meet_ranks(const RankPlace& place, const MeetingOptions& options) {
  ::setenv("TORCH_CPP_LOG_LEVEL", "FATAL", 0);  // what the engine says, our errors say, too
  c10::initLogging();
  return std::make_unique<C10dRanks>(place, options);
}
#else

std::unique_ptr<Ranks> meet_ranks(const RankPlace& place, const MeetingOptions&) {
  throw Error(place.launcher + " started several ranks, and this LibTorch has no c10d with Gloo",
              "build with the wheel's LibTorch, or set TINYZERO_RANKS=off for one process");
}

#endif
}  // namespace tinyzero
