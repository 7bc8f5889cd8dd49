// Memory of a thread.

#include "core/transformer/scratch.h"

#include <doctest/doctest.h>

#include <thread>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/scratch");

TEST_CASE("memory stays where it is while it is large enough, and purposes do not share it") {
  float* rows = scratch(Scratch::rows, 1000);
  rows[999] = 1;
  CHECK(scratch(Scratch::rows, 10) == rows);
  float* words = scratch(Scratch::words, 1000);
  CHECK(words != rows);
  words[999] = 2;
  CHECK(rows[999] == 1);
  float* more = scratch(Scratch::rows, 100'000);
  more[99'999] = 3;
  CHECK(scratch(Scratch::rows, 1000) == more);
}

TEST_CASE("threads have memory of their own") {
  float* here = scratch(Scratch::rows, 100);
  float* there = nullptr;
  std::thread([&] { there = scratch(Scratch::rows, 100); }).join();
  CHECK(there != here);
}
