// SPDX-License-Identifier: Apache-2.0
// The programs of hand_counted_test.cpp, with {names} where a test puts a cycle.
#pragma once

namespace superlane::hand_counted {

constexpr char hop[] = R"(
.region x mem.e.0 0x10 1
.region y mem.e.4 0x10 1
.data x iota u8
.queue mem.e.0
@0 read x -> E0
.queue mem.e.4
@{write} write y, E0
)";

/// One vector, one hop, then a read of the same bank at `read` from word `address`.
constexpr char read_after_write[] = R"(
.queue mem.e.4
@{read} read {address} -> E1
)";

constexpr char add[] = R"(
.region x0 mem.w.0 0 1
.region x1 mem.w.1 0 1
.region x2 mem.w.2 0 1
.region x3 mem.w.3 0 1
.region y0 mem.w.4 0 1
.region y1 mem.w.5 0 1
.region y2 mem.w.6 0 1
.region y3 mem.w.7 0 1
.data x0, x1, x2, x3 fill f32 1.5
.data y0, y1, y2, y3 iota f32
.queue mem.w.0
@1 read x0 -> E0
.queue mem.w.1
@1 read x1 -> E1
.queue mem.w.2
@1 read x2 -> E2
.queue mem.w.3
@1 read x3 -> E3
.queue mem.w.4
@0 read y0 -> E4
.queue mem.w.5
@0 read y1 -> E5
.queue mem.w.6
@0 read y2 -> E6
.queue mem.w.7
@0 read y3 -> E7
.queue vxm.0
@{add} add.f32 E0, E4 -> E8
.queue mem.e.0
@{write} write 0, E8
.queue mem.e.1
@{write} write 0, E9
.queue mem.e.2
@{write} write 0, E10
.queue mem.e.3
@{write} write 0, E11
)";

constexpr char product_2x2[] = R"(
.region w0 mem.e.0 0 1
.region w1 mem.e.1 0 1
.region x mem.e.2 0 1
.data w0 i8 1 2
.data w1 i8 3 4
.data x i8 5 6
.queue mem.e.0
@0 read w0 -> E0
@{write} write 1, W0
.queue mem.e.1
@0 read w1 -> E1
@{write} write 1, W1
.queue mem.e.2
@4 read x -> E0
@{write} write 1, W2
.queue mem.e.3
@{write} write 1, W3
.queue mxm.e.0.weights
@21 lw.i8 E0, 2
.queue mxm.e.0.activations
@22 iw.i8
@{abc} abc.i8 E0
.queue mxm.e.0.accumulate
@{acc} acc.pass.i8 -> W0
)";

constexpr char product_4x4[] = R"(
.region w0 mem.e.0 0 1
.region w1 mem.e.1 0 1
.region w2 mem.e.2 0 1
.region w3 mem.e.3 0 1
.region x mem.e.4 0 4
.data w0 i8 1 0 0 0
.data w1 i8 0 2 0 0
.data w2 i8 0 0 3 0
.data w3 i8 1 1 1 1
.bytes mem.e.4 0 4
.hex 01 02 03 04 00*316
.hex 05 06 07 08 00*316
.hex 09 0a 0b 0c 00*316
.hex 0d 0e 0f 10 00*316
.queue mem.e.0
@0 read w0 -> E0
@{write} write 1, W0
repeat 3, 1, 1
.queue mem.e.1
@0 read w1 -> E1
@{write} write 1, W1
repeat 3, 1, 1
.queue mem.e.2
@0 read w2 -> E2
@{write} write 1, W2
repeat 3, 1, 1
.queue mem.e.3
@0 read w3 -> E3
@{write} write 1, W3
repeat 3, 1, 1
.queue mem.e.4
@5 read x -> E0
repeat 3, 1, 1
.queue mxm.e.0.weights
@21 lw.i8 E0, 4
.queue mxm.e.0.activations
@22 iw.i8
@25 abc.i8 E0
repeat 3, 1, 0
.queue mxm.e.0.accumulate
@39 acc.pass.i8 -> W0
repeat 3, 1, 0
)";

/// The same in fp16: a pair of planes, two streams an element, an activation every second cycle.
constexpr char product_4x4_half[] = R"(
.region w0 mem.e.0 0 1
.region w0h mem.e.1 0 1
.region w1 mem.e.2 0 1
.region w1h mem.e.3 0 1
.region w2 mem.e.4 0 1
.region w2h mem.e.5 0 1
.region w3 mem.e.6 0 1
.region w3h mem.e.7 0 1
.region x mem.e.8 0 1
.region xh mem.e.9 0 1
.data w0, w0h f16 1 0 0 0
.data w1, w1h f16 0 2 0 0
.data w2, w2h f16 0 0 3 0
.data w3, w3h f16 0.5 0.5 0.5 0.5
.data x, xh f16 1 2 3 4
.queue mem.e.0
@0 read w0 -> E0
@{write} write 1, W0
repeat 3, 2, 1
.queue mem.e.1
@0 read w0h -> E1
@{write} write 1, W1
repeat 3, 2, 1
.queue mem.e.2
@0 read w1 -> E2
@{write} write 1, W2
repeat 3, 2, 1
.queue mem.e.3
@0 read w1h -> E3
@{write} write 1, W3
repeat 3, 2, 1
.queue mem.e.4
@1 read w2 -> E4
.queue mem.e.5
@1 read w2h -> E5
.queue mem.e.6
@1 read w3 -> E6
.queue mem.e.7
@1 read w3h -> E7
.queue mem.e.8
@6 read x -> E0
repeat 3, {every}, 0
.queue mem.e.9
@6 read xh -> E1
repeat 3, {every}, 0
.queue mxm.e.0.weights
@21 lw.f16 E0, 4
.queue mxm.e.0.activations
@22 iw.f16
@25 abc.f16 E0
repeat 3, {every}, 0
.queue mxm.e.0.accumulate
@39 acc.pass.f16 -> W0
repeat 3, {every}, 0
)";

}  // namespace superlane::hand_counted
