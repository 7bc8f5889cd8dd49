// What exchanges between ranks cost.
#pragma once

namespace tinyzero {

struct RankTraffic {
  double wait = 0;      // seconds until all ranks had come
  double exchange = 0;  // seconds of sending and receiving after that
  double sent = 0;      // bytes

  RankTraffic& operator+=(const RankTraffic& other) {
    wait += other.wait;
    exchange += other.exchange;
    sent += other.sent;
    return *this;
  }
};

}  // namespace tinyzero
