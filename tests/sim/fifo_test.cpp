// SPDX-License-Identifier: Apache-2.0
// The ring keeps its order while it grows, wherever in the ring its first item is.
#include "sim/fifo.hpp"

#include <gtest/gtest.h>

namespace superlane::test {
namespace {

TEST(Fifo, KeepsItsOrderWhileItGrows) {
    for (int popped = 0; popped < 9; ++popped) {
        sim::Fifo<int> fifo;
        int added = 0, taken = 0;
        for (; added < popped; ++added) fifo.push_back(added);
        for (; taken < popped; ++taken) fifo.pop_front();
        for (; added < popped + 20; ++added) fifo.push_back(added);
        ASSERT_EQ(fifo.size(), 20u);
        for (size_t i = 0; i < fifo.size(); ++i) EXPECT_EQ(fifo[i], popped + int(i));
        EXPECT_FALSE(fifo.any([&](int item) { return item < popped; }));
        for (; !fifo.empty(); ++taken, fifo.pop_front()) EXPECT_EQ(fifo.front(), taken);
        EXPECT_EQ(taken, added);
    }
}

TEST(Fifo, ForgetsUpToTheFirstThatStays) {
    sim::Fifo<int> fifo;
    for (const int item : {1, 2, 9, 3}) fifo.push_back(item);
    fifo.forget([](int item) { return item < 5; });
    ASSERT_EQ(fifo.size(), 2u);
    EXPECT_EQ(fifo.front(), 9);
    EXPECT_TRUE(fifo.any([](int item) { return item == 3; }));
}

}  // namespace
}  // namespace superlane::test
