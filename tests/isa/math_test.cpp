// SPDX-License-Identifier: Apache-2.0
// exp, tanh and rsqrt against the C library in double: at most 1 ulp off, and correctly rounded nearly always.
#include <gtest/gtest.h>

#include <cmath>

#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;

namespace {

struct Tally {
    int points = 0, not_rounded = 0, worst_ulp = 0;
};

/// Order of floats as integers, so that neighbours differ by 1.
int64_t rank(float x) {
    const int32_t bits = std::bit_cast<int32_t>(x);
    return bits < 0 ? -int64_t(bits & 0x7fffffff) : bits;
}

template <class Reference>
Tally compare(Opcode opcode, const Reference& reference, const std::vector<uint32_t>& points) {
    Instruction instruction;
    instruction.opcode = opcode;
    instruction.dtype = DType::F32;
    std::vector<uint32_t> out(points.size());
    vxm(instruction, points.data(), nullptr, out.data(), int(points.size()));
    Tally tally;
    for (size_t i = 0; i < points.size(); ++i) {
        const float wanted = float(reference(double(float_of(points[i]))));
        ++tally.points;
        if (std::isnan(wanted)) {
            EXPECT_EQ(out[i], 0x7fc00000u) << std::hex << points[i];
            continue;
        }
        const int ulp = int(std::min<int64_t>(1000, std::abs(rank(float_of(out[i])) - rank(wanted))));
        tally.not_rounded += ulp != 0;
        tally.worst_ulp = std::max(tally.worst_ulp, ulp);
    }
    return tally;
}

/// Every 1009th float of both signs, NaNs, infinities and subnormals among them, and the special points.
std::vector<uint32_t> points() {
    std::vector<uint32_t> all = {0u,          0x80000000u, 1u,          0x80000001u, 0x7fffffu,
                                 0x7f800000u, 0xff800000u, 0x7fc00000u, 0xffc00001u, 0x7f7fffffu};
    for (uint64_t bits = 0; bits < 0x100000000u; bits += 1009) all.push_back(uint32_t(bits));
    return all;
}

void expect_rounded(const Tally& tally) {
    EXPECT_LE(tally.worst_ulp, 1);
    EXPECT_LE(tally.not_rounded, tally.points / 100000);
}

}  // namespace

TEST(Math, Exp) {
    expect_rounded(compare(
        Opcode::Exp, [](double x) { return std::exp(x); }, points()));
    std::vector<uint32_t> dense;
    for (float x = -104.0f; x < 89.0f; x += 0.0003f)
        dense.push_back(bits_of(x));  // through subnormals and into overflow
    expect_rounded(compare(
        Opcode::Exp, [](double x) { return std::exp(x); }, dense));
}

TEST(Math, Tanh) {
    expect_rounded(compare(
        Opcode::Tanh, [](double x) { return std::tanh(x); }, points()));
    std::vector<uint32_t> dense;
    for (float x = -10.0f; x < 10.0f; x += 0.00003f) dense.push_back(bits_of(x));
    expect_rounded(compare(
        Opcode::Tanh, [](double x) { return std::tanh(x); }, dense));
}

TEST(Math, Rsqrt) {
    expect_rounded(compare(
        Opcode::Rsqrt, [](double x) { return 1.0 / std::sqrt(x); }, points()));
}

TEST(Math, SpecialValues) {
    const auto of = [](Opcode opcode, uint32_t bits) {
        Instruction instruction;
        instruction.opcode = opcode;
        instruction.dtype = DType::F32;
        uint32_t out = 0;
        vxm(instruction, &bits, nullptr, &out, 1);
        return out;
    };
    EXPECT_EQ(of(Opcode::Exp, 0x80000000u), bits_of(1.0f));
    EXPECT_EQ(of(Opcode::Exp, 0xff800000u), 0u);
    EXPECT_EQ(of(Opcode::Exp, bits_of(88.8f)), 0x7f800000u);
    EXPECT_EQ(of(Opcode::Tanh, 0x80000000u), 0x80000000u);
    EXPECT_EQ(of(Opcode::Tanh, 0xff800000u), bits_of(-1.0f));
    EXPECT_EQ(of(Opcode::Tanh, 1u), 1u);
    EXPECT_EQ(of(Opcode::Rsqrt, 0u), 0x7f800000u);
    EXPECT_EQ(of(Opcode::Rsqrt, 0x80000000u), 0xff800000u);
    EXPECT_EQ(of(Opcode::Rsqrt, bits_of(-1.0f)), 0x7fc00000u);
    EXPECT_EQ(of(Opcode::Rsqrt, bits_of(4.0f)), bits_of(0.5f));
}
