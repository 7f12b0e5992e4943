// SPDX-License-Identifier: Apache-2.0
// Products of the MXM against exact arithmetic, and the half sum against its documented order.
#include <gtest/gtest.h>

#include <cmath>

#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;

namespace {

struct HalfVectors {
    std::vector<std::vector<uint8_t>> low, high;
    std::vector<const uint8_t*> low_rows, high_rows;
};

/// `count` vectors of finite halves of mixed exponents.
HalfVectors random_halves(Random& random, int count, int lanes) {
    HalfVectors vectors;
    for (int j = 0; j < count; ++j) {
        vectors.low.emplace_back(lanes);
        vectors.high.emplace_back(lanes);
        for (uint8_t& byte : vectors.low.back()) byte = uint8_t(random());
        for (uint8_t& byte : vectors.high.back()) byte = uint8_t((random() & 0x80) | random() % 0x7c);
    }
    for (int j = 0; j < count; ++j) {
        vectors.low_rows.push_back(vectors.low[size_t(j)].data());
        vectors.high_rows.push_back(vectors.high[size_t(j)].data());
    }
    return vectors;
}

float half_at(const HalfVectors& vectors, int j, int k) {
    return half_to_float(uint16_t(vectors.low[size_t(j)][size_t(k)] | vectors.high[size_t(j)][size_t(k)] << 8));
}

float dot(const HalfVectors& vectors, int j, int lanes) {
    float y = 0;
    dot_half(vectors.low_rows[0], vectors.high_rows[0], &vectors.low_rows[size_t(j)], &vectors.high_rows[size_t(j)], 1,
             lanes, &y);
    return y;
}

}  // namespace

TEST(DotInt8, IsExactAlsoAtTheEdges) {
    Random random(6);
    for (const int lanes : {16, 48, 320}) {
        std::vector<std::vector<int8_t>> rows(9, std::vector<int8_t>(size_t(lanes)));
        std::vector<const int8_t*> pointers;
        for (auto& row : rows) {
            for (int8_t& value : row) value = int8_t(random());
            pointers.push_back(row.data());
        }
        rows[1].assign(size_t(lanes), -128);
        rows[2].assign(size_t(lanes), 127);
        std::vector<int8_t> x = rows[0];
        for (int pass = 0; pass < 2; ++pass) {
            std::vector<int32_t> y(rows.size());
            dot_int8(x.data(), pointers.data(), int(rows.size()), lanes, y.data());
            for (size_t j = 0; j < rows.size(); ++j) {
                int64_t sum = 0;
                for (size_t k = 0; k < size_t(lanes); ++k) sum += int64_t(x[k]) * rows[j][k];
                EXPECT_EQ(y[j], sum);
            }
            x.assign(size_t(lanes), -128);
        }
    }
}

TEST(DotHalf, IsTheDocumentedSumBitForBit) {
    Random random(7);
    for (const int lanes : {16, 320}) {
        const HalfVectors vectors = random_halves(random, 200, lanes);
        for (int j = 0; j < 200; ++j) {
            double partial[16] = {};
            for (int k = 0; k < lanes; ++k)
                partial[k % 16] += double(half_at(vectors, 0, k)) * double(half_at(vectors, j, k));
            for (int apart = 8; apart > 0; apart /= 2)
                for (int k = 0; k < apart; ++k) partial[k] += partial[k + apart];
            EXPECT_EQ(bits_of(dot(vectors, j, lanes)), bits_of(float(partial[0])));
        }
    }
}

TEST(DotHalf, RoundsTheExactSumOnceInPracticallyAllCases) {
    Random random(8);
    const HalfVectors vectors = random_halves(random, 400, 320);
    int differ = 0;
    for (int j = 0; j < 400; ++j) {
        long double sum = 0;  // 64 bits: exact but for the widest spreads of exponents
        for (int k = 0; k < 320; ++k)
            sum += (long double)(half_at(vectors, 0, k)) * (long double)(half_at(vectors, j, k));
        differ += dot(vectors, j, 320) != float(sum);
    }
    EXPECT_LE(differ, 1);
}

TEST(DotHalf, SpecialValues) {
    HalfVectors v;
    v.low.assign(2, std::vector<uint8_t>(16, 0));
    v.high.assign(2, std::vector<uint8_t>(16, 0));
    for (size_t j = 0; j < 2; ++j) v.low_rows.push_back(v.low[j].data()), v.high_rows.push_back(v.high[j].data());
    v.low[0][3] = v.low[1][3] = 1;  // the least subnormals: 2^-48
    EXPECT_EQ(dot(v, 1, 16), 0x1p-48f);
    v.high[0][4] = 0x7c;  // infinity times 0
    EXPECT_EQ(bits_of(dot(v, 1, 16)), 0x7fc00000u);
    v.high[1][4] = 0xbc;  // times -1
    EXPECT_EQ(dot(v, 1, 16), -std::numeric_limits<float>::infinity());
    v.high[0][5] = 0x7c, v.low[0][5] = 1, v.high[1][5] = 0x3c;  // a signalling NaN
    EXPECT_EQ(bits_of(dot(v, 1, 16)), 0x7fc00000u);
}
