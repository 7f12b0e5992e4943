// SPDX-License-Identifier: Apache-2.0
// Published figures of the first-generation chip against ours: the rows of docs/validation.md.
#include <gtest/gtest.h>

#include "models/chip.hpp"

using namespace superlane;

namespace {

const models::Chip& tsp() {
    static const models::Chip chip = models::load_chip("tsp-v1");
    return chip;
}
double hertz() { return tsp().clock_mhz * 1e6; }

}  // namespace

TEST(Published, SramIs220Mebibytes) { EXPECT_EQ(tsp().sram_bytes(), 220ll * 1024 * 1024); }

TEST(Published, StreamsCarry18Point4TerabytesASecond) {
    EXPECT_EQ(tsp().stream_bytes_per_cycle(), 20480);
    EXPECT_NEAR(tsp().stream_bytes_per_cycle() * hertz() / 1e12, 18.432, 1e-9);
}

TEST(Published, TheAdvertised80TerabytesAreASum) {
    EXPECT_EQ(tsp().sram_bytes_per_cycle(), 56320);
    const int dispatch_bytes = isa::QueueMap(tsp().geometry).size() * int(sizeof(uint64_t) * 2);
    EXPECT_EQ(dispatch_bytes, 2304);
    EXPECT_NEAR((tsp().sram_bytes_per_cycle() + tsp().stream_bytes_per_cycle() + dispatch_bytes) * 1e9 / 1e12, 80, 1);
}

TEST(Published, PeakIs737TeraOperations) {
    const int64_t macs = 2ll * tsp().geometry.planes * tsp().lanes() * tsp().lanes();
    EXPECT_EQ(macs, 409600);
    EXPECT_NEAR(2 * double(macs) * hertz() / 1e12, 737, 0.5);
}

TEST(Published, LinkPayloadIs10Point7GigabytesASecond) {
    const double bytes_per_second = tsp().lanes() * hertz() / tsp().timing.c2c_vector_interval;
    EXPECT_NEAR(bytes_per_second / 1e9, 235.0 / 22, 0.02);
}

TEST(Published, FourPlanesAreLoadedInUnder40Cycles) {
    const isa::Floorplan plan = tsp().floorplan();
    const int slices = tsp().geometry.planes * tsp().geometry.load_streams;  // a side, one stream each
    const int nearest = tsp().geometry.mem_slices - slices;
    const int first = tsp().timing.mem_read + plan.mxm_in(isa::Side::East) - plan.mem(isa::Side::East, nearest);
    EXPECT_EQ(first + tsp().lanes() / tsp().geometry.load_streams, 38);
}
