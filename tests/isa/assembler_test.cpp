// SPDX-License-Identifier: Apache-2.0
#include "isa/assembler.hpp"

#include <gmock/gmock.h>

#include "isa/disassembler.hpp"
#include "isa/number_text.hpp"
#include "isa/validate.hpp"
#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;

namespace {

const QueueMap queues{whole_geometry()};

Program assembled(const std::string& text) { return assemble(text, default_target(), "t.asm"); }
const std::vector<Instruction>& text_of(const Program& program, const char* queue) {
    return program.text[size_t(queues.find(queue))];
}
Instruction one(const std::string& queue, const std::string& text) {
    const Program program = assembled(".queue " + queue + "\n" + text);
    return text_of(program, queue.c_str()).at(0);
}

}  // namespace

TEST(Assembler, InsertsNopsUpToTheMarkedCycle) {
    const Program program =
        assembled(".queue mem.e.0\n@7 read 1, E0\nread 2, E0\n+3 read 3, E0 ; comment\n@131090 read 4, E0\n");
    const auto& text = text_of(program, "mem.e.0");
    std::vector<int> shape;
    for (const Instruction& each : text)
        shape.push_back(each.opcode == Opcode::Nop ? -int(each.index) : int(each.index));
    EXPECT_EQ(shape, (std::vector<int>{-7, 1, 2, -2, 3, -65535, -65535, -8, 4}));  // 3 is dispatched at 11
    const auto bursts = expand(program, Timing());
    std::vector<int64_t> cycles;
    for (const Burst& burst : bursts[size_t(queues.find("mem.e.0"))]) cycles.push_back(burst.cycle);
    EXPECT_EQ(cycles, (std::vector<int64_t>{7, 8, 11, 131090}));
    EXPECT_EQ(program.lines[size_t(queues.find("mem.e.0"))], (std::vector<uint32_t>{2, 2, 3, 4, 4, 5, 5, 5, 5}));
}

TEST(Assembler, ReadsEveryKindOfOperand) {
    const Instruction add = one("vxm.0", "add.f32 E4, #1.5 -> W8");
    EXPECT_EQ(add.a, stream(Side::East, 4));
    EXPECT_EQ(add.b, immediate);
    EXPECT_EQ(add.imm, 0x3fc00000u);
    EXPECT_EQ(add.dst, stream(Side::West, 8));
    EXPECT_EQ(one("vxm.0", "mul.i8 a3, latched -> none").a, alu_output(3));
    EXPECT_EQ(one("vxm.0", "mul.i8 a3, latched").b, latched);
    EXPECT_EQ(one("vxm.0", "add.i8 a1, #-3").imm, 0xfdu);
    EXPECT_EQ(one("vxm.0", "mov.f32 #0x7fc00001:bits").imm, 0x7fc00001u);
    EXPECT_EQ(one("vxm.0", "mask.f16 a1, #true").imm, 1u);
    EXPECT_EQ(one("vxm.0", "cvt.f32 a1, i8 -> E1").mode, int(DType::I8));
    const Instruction reduce = one("vxm.0", "accumulate.f32 a1, max, 20 -> E0");
    EXPECT_EQ(reduce.mode, int(AccumulateOp::Max));
    EXPECT_EQ(reduce.imm, 20u);
    EXPECT_EQ(one("mem.w.0", "step -2").index, 0xfffe);
    EXPECT_EQ(one("mem.w.0", "repeat 19, 4, -1").imm, repeat_imm(4, -1));
    EXPECT_EQ(one("mxm.e.0.weights", "lw.i8 E0, 16").count, 16);
    EXPECT_EQ(one("sxm.e.permuter.0", "shift.i8 E0, -16, wrap -> W0").mode, 1);
    EXPECT_EQ(one("sxm.e.permuter.0", "shift.i8 E0, 16 -> W3").dst, stream(Side::West, 3));
    EXPECT_EQ(one("sxm.e.permuter.0", "shift.i8 E0, 16, W3").dst, stream(Side::West, 3));
    EXPECT_EQ(one("c2c.w.1", "receive 3 -> E0").index, 3);
}

TEST(Assembler, RegionsAreAddressesOfTheirSlice) {
    const Program program = assembled(".region x mem.e.0 0x10 4\n.queue mem.e.0\nread x, E0\nread x+3 -> E1\n");
    EXPECT_EQ(text_of(program, "mem.e.0")[0].index, 0x10);
    EXPECT_EQ(text_of(program, "mem.e.0")[1].index, 0x13);
    EXPECT_EQ(program.regions.at(0), (Region{"x", Side::East, 0, 0x10, 4}));
}

TEST(Assembler, DataFillsLanesInOrder) {
    const Program program = assembled(
        ".region a mem.e.0 0 4\n.region b mem.e.1 0 2\n.region c mem.e.2 0 2\n.region d mem.e.3 5 1\n"
        ".data a f32 1.0 -2\n.data b, c f16 1 2\n.data d iota u8 3 2\n");
    ASSERT_EQ(program.data.size(), 4u);
    EXPECT_EQ(program.data[0].bytes[3 * 320 + 0], 0x3f);  // byte plane k of a vector is word k
    EXPECT_EQ(program.data[0].bytes[3 * 320 + 1], 0xc0);
    EXPECT_EQ(program.data[1].bytes[1], 0x00);
    EXPECT_EQ(program.data[2].bytes[1], 0x40);  // byte plane k is region k
    EXPECT_EQ(program.data[3].bytes[2], 7);
    EXPECT_EQ(program.data[3].address, 5);
    const Program filled = assembled(".region a mem.e.0 0 1\n.data a fill i8 -1");
    EXPECT_EQ(filled.data.at(0).bytes, std::vector<uint8_t>(320, 0xff));
    const Program raw = assembled(".bytes mem.w.3 7 1\n.hex 0102 aabb*2\n.hex 00*314");
    EXPECT_EQ(raw.data.at(0).bytes[3], 0xbb);
    EXPECT_EQ(raw.data.at(0).bytes[4], 0xaa);
}

TEST(Assembler, AfterSyncCyclesCountFromTheRelease) {
    const Program program = assembled(".queue mem.e.0\n@9 notify\n.queue mem.w.0\nsync\n@3 read 0, W0\n");
    EXPECT_EQ(expand(program, Timing())[size_t(queues.find("mem.w.0"))].at(0).cycle, 9 + 35 + 3);
}

TEST(Assembler, TellsEveryMistakeByLineAndColumn) {
    const auto error = [](const std::string& text) { return error_of([&] { assembled(text); }); };
    const auto in = [&](const std::string& queue, const std::string& text) {
        return error(".queue " + queue + "\n" + text);
    };
    EXPECT_EQ(error("read 0, E0"), "t.asm:1:1: expected .queue before the first instruction");
    EXPECT_EQ(
        error(".quue mem.e.0"),
        "t.asm:1:1: unknown directive '.quue'; allowed are .chip .region .data .bytes .hex .queue (nearest: '.queue')");
    EXPECT_EQ(error(".queue mem.e.44"), "t.asm:1:8: unknown queue 'mem.e.44' (nearest: 'mem.e.4')");
    EXPECT_EQ(error(".queue"), "t.asm:1:7: expected a queue's name, found the end of the line");
    EXPECT_EQ(error(".chip lp30"), "t.asm:1:7: the text is for chip 'lp30', but is assembled for 'tsp-v1'");
    EXPECT_EQ(in("vxm.0", "  adx.f32 E0, E4"), "t.asm:2:3: unknown instruction 'adx' (nearest: 'add')");
    EXPECT_EQ(in("vxm.0", "zzzzzzzzz"), "t.asm:2:1: unknown instruction 'zzzzzzzzz'");
    EXPECT_EQ(in("vxm.0", "add E0, E4"), "t.asm:2:1: 'add' needs a type, as in: add.<type> x, y -> to");
    EXPECT_EQ(in("vxm.0", "add.f64 E0, E4"),
              "t.asm:2:1: unknown type 'f64'; allowed are i8 i16 i32 u8 u16 u32 f16 f32 bool");
    EXPECT_EQ(in("vxm.0", "exp.i8 E0"), "t.asm:2:1: 'exp' type i8 is not allowed, but f16, f32");
    EXPECT_EQ(in("mem.e.0", "read.i8 0, E0"), "t.asm:2:1: 'read' has no type, but 'i8' is given");
    EXPECT_EQ(in("vxm.0", "add.f32 E0"), "t.asm:2:11: expected 'y'; written as: add.<type> x, y -> to");
    EXPECT_EQ(in("vxm.0", "add.f32 E0 E4"), "t.asm:2:12: expected 'y'; written as: add.<type> x, y -> to");
    EXPECT_EQ(in("vxm.0", "add.f32 E0, E4 -> E8 E9"), "t.asm:2:22: unexpected 'E9'; written as: add.<type> x, y -> to");
    EXPECT_EQ(in("vxm.0", "add.f32 E0, E4 -> a3"),
              "t.asm:2:19: 'to' must be a stream, E0 to E31 or W0 to W31, or none; not 'a3'");
    EXPECT_EQ(in("vxm.0", "add.f32 E0, a16"),
              "t.asm:2:13: 'y' must be a stream (E3, W17), an ALU output (a0 to a15), an immediate (#1.5) or latched; "
              "not 'a16'");
    EXPECT_EQ(in("vxm.0", "add.i8 E0, #128"),
              "t.asm:2:12: '#128' is no i8; write #1.5, #-3 or #0x3f800000:bits, in the type's range");
    EXPECT_EQ(in("vxm.0", "add.i8 #1, #2"), "t.asm:2:12: an instruction holds one immediate, these two differ");
    EXPECT_EQ(in("vxm.0", "accumulate.f32 #1, add, 3"),
              "t.asm:2:1: 'accumulate' has no room for an immediate source beside its own number");
    EXPECT_EQ(in("vxm.0", "accumulate.f32 E0, sum, 3"),
              "t.asm:2:20: unknown reduction 'sum'; allowed are add, max, min");
    EXPECT_EQ(in("vxm.0", "cvt.f32 E0, f64"),
              "t.asm:2:13: unknown type 'f64'; allowed are i8 i16 i32 u8 u16 u32 f16 f32 bool");
    EXPECT_EQ(in("vxm.0", "add.f32 E2, E4"),
              "t.asm:2:1: 'add' 'x' is 4 bytes wide and must start at a multiple of 4, not E2");
    EXPECT_EQ(in("vxm.0", "add.i8 E32, E4"), "t.asm:2:1: 'add' 'x' takes 1 stream from E32, the chip has 32");
    EXPECT_EQ(in("vxm.0", "read 0, E0"), "t.asm:2:1: 'read' needs a MEM slice (mem.*)");
    EXPECT_EQ(in("mem.e.0", "read 8192, E0"), "t.asm:2:1: 'read' 'address' must be 0 to 8191, not 8192");
    EXPECT_EQ(in("mem.e.0", "read y, E0"), "t.asm:2:6: unknown region 'y'");
    EXPECT_EQ(in("mem.e.0", "read 0, X0"), "t.asm:2:9: 'to' must be a stream, E0 to E31 or W0 to W31; not 'X0'");
    EXPECT_EQ(in("mem.e.0", "step 40000"), "t.asm:2:6: 'words' must be a number from -32768 to 32767, not '40000'");
    EXPECT_EQ(in("mem.e.0", "iterations 0"), "t.asm:2:1: 'iterations' 'n' must be 1 to 65535, not 0");
    EXPECT_EQ(in("mem.e.0", "@5 read 0, E0\n@5 read 0, E0"),
              "t.asm:3:1: cycle 5 is past: queue mem.e.0 is busy until 6");
    EXPECT_EQ(in("mem.e.0", "@x read 0, E0"), "t.asm:2:1: '@x' must be @ and a cycle from 0, or + and cycles from 1");
    EXPECT_EQ(in("mem.e.0", "+0 read 0, E0"), "t.asm:2:1: '+0' must be @ and a cycle from 0, or + and cycles from 1");
    EXPECT_EQ(in("mem.e.0", "@9999999999 read 0, E0"),
              "t.asm:2:1: a wait of 9999999999 cycles is longer than 4294901760");
    EXPECT_EQ(in("mem.e.0", "@5"), "t.asm:2:3: expected an instruction, found the end of the line");
    EXPECT_EQ(in("mem.e.0", "read 8190, E0\nrepeat 3, 1, 1"),
              "t.asm: queue mem.e.0, line 2: 'read' at its last repetition 'address' must be 0 to 8191, not 8193");
    EXPECT_EQ(in("mem.e.0", "iterations 2\nstep -9\nread 8, E0"),
              "t.asm: queue mem.e.0, line 4: 'read' its repetitions move 'address' to -1");
    EXPECT_EQ(in("vxm.0", "mov.i8 E0\nrepeat 2, 1, 1"),
              "t.asm: queue vxm.0, line 2: 'mov' has no index for its repetitions to move");
    EXPECT_EQ(in("mxm.e.1.weights", "lw.f16 E0, 16"),
              "t.asm:2:1: 'lw' f16 takes a pair of planes and is dispatched on the even one");
    EXPECT_EQ(in("mxm.e.0.weights", "lw.i8 E0, 17"), "t.asm:2:1: 'lw' 'vectors' must be 1 to 16, not 17");
    EXPECT_EQ(in("mxm.e.0.weights", "lw.i8 E20, 16"),
              "t.asm:2:1: 'lw' 'from' takes 16 streams from E20, the chip has 32");
    EXPECT_EQ(in("mxm.e.0.weights", "lw.i8 W0, 16"), "t.asm:2:1: 'lw' 'from' must flow outward, eastward here, not W0");
    EXPECT_EQ(in("mxm.e.0.activations", "abc.hold.i8 E0, 16, 60"),
              "t.asm:2:1: 'abc.hold' 'slot' must be 0 to 48, not 60");
    EXPECT_EQ(in("mxm.e.0.accumulate", "acc.emit.i8 0 -> E0"),
              "t.asm:2:1: 'acc.emit' 'to' must flow inward, westward here, not E0");
    EXPECT_EQ(in("mxm.e.0.accumulate", "acc.set.i8 64"), "t.asm:2:1: 'acc.set' 'slot' must be 0 to 63, not 64");
    EXPECT_EQ(in("sxm.e.transposer.1", "transpose.f16 E0 -> W0"),
              "t.asm:2:1: 'transpose' f16 takes both transposers and is dispatched on transposer 0");
    EXPECT_EQ(in("sxm.e.selector.0", "rotate.i8 E0, 6 -> W0"),
              "t.asm:2:1: 'rotate' 'to' takes 36 streams from W0, the chip has 32");
    EXPECT_EQ(in("sxm.e.distributor.0", "broadcast.i8 E0, 16 -> W0"),
              "t.asm:2:1: 'broadcast' 'lane' must be 0 to 15, not 16");
    EXPECT_EQ(in("c2c.e.0", "send E0, 16"), "t.asm:2:1: 'send' 'link' must be 0 to 15, not 16");
    EXPECT_EQ(in("mem.e.0", "config 21"), "t.asm:2:1: 'config' 'superlanes' must be 1 to 20, not 21");
}

TEST(Assembler, TellsMistakesOfDataByLineAndColumn) {
    const auto error = [](const std::string& text) { return error_of([&] { assembled(text); }); };
    const std::string x = ".region x mem.e.0 0x10 4\n";
    EXPECT_EQ(error(".region 1x mem.e.0 0 1"),
              "t.asm:1:9: '1x' is no name; use letters, digits and _ . / : [ ] @ -, a letter first");
    EXPECT_EQ(error(x + x), "t.asm:2:9: region 'x' is already there");
    EXPECT_EQ(error(".region x vxm.0 0 1"), "t.asm:1:11: 'vxm.0' is no MEM slice; the chip has mem.w.0 to mem.e.43");
    EXPECT_EQ(error(".region x mem.e.0 70000 1"), "t.asm:1:19: '70000' is no word address");
    EXPECT_EQ(error(".region x mem.e.0 0 0"), "t.asm:1:21: '0' is no number of words, 1 or more");
    EXPECT_EQ(error(".region x mem.e.0 8191 2"), "t.asm:1:19: 2 words from 8191 are not in a slice of 8192");
    EXPECT_EQ(error(".region x mem.e.0 0 1 2"), "t.asm:1:23: unexpected '2'");
    EXPECT_EQ(error(x + ".data y u8 1"), "t.asm:2:7: unknown region 'y' (nearest: 'x')");
    EXPECT_EQ(error(x + ".data x u8 1\n.data x u8 1"), "t.asm:3:7: region 'x' already has data");
    EXPECT_EQ(error(x + ".data x u9 1"),
              "t.asm:2:9: unknown type 'u9'; allowed are fill, iota, i8 i16 i32 u8 u16 u32 f16 f32 bool");
    EXPECT_EQ(error(x + ".data x u8 256"), "t.asm:2:12: '256' is no u8 or out of its range");
    EXPECT_EQ(error(x + ".data x iota u8 a"), "t.asm:2:17: 'a' is no number up to 2^31");
    EXPECT_EQ(error(x + ".region y mem.e.1 0 4\n.data x, y f32 1"),
              "t.asm:3:7: f32 takes one region or 4, a byte each; 2 given");
    EXPECT_EQ(error(x + ".region y mem.e.1 0 3\n.data x, y f16 1"),
              "t.asm:3:10: regions of one .data must have the same number of words");
    EXPECT_EQ(error(".region y mem.e.1 0 3\n.data y f16 1"),
              "t.asm:2:7: the region's 3 words are no multiple of the 2 bytes of f16");
    EXPECT_EQ(error(".hex 00"), "t.asm:1:6: .hex belongs after .bytes");
    EXPECT_EQ(error(".bytes mem.e.0 0 1\n.hex 0"),
              "t.asm:2:6: '0' must be pairs of hexadecimal digits, perhaps *count");
    EXPECT_EQ(error(".bytes mem.e.0 0 1\n.hex 00*321"), "t.asm:2:6: more than the 320 bytes of the block");
    EXPECT_EQ(error(".bytes mem.e.0 0 1\n.hex 00*319\n.queue vxm.0"),
              "t.asm:3:1: the .bytes block before is not full: 319 of 320 bytes");
    EXPECT_EQ(error(x + ".queue mem.w.0\nread x, E0"),
              "t.asm:3:6: region 'x' is in slice 0 of the east, not in this queue's");
    EXPECT_EQ(error(x + ".queue mem.e.0\nread x+4, E0"), "t.asm:3:6: 'x+4' is not in the region; offsets are 0 to 3");
    std::string many = ".region y mem.e.1 0 1\n.data y u8";
    for (int i = 0; i < 321; ++i) many += " 1";
    EXPECT_EQ(error(many), "t.asm:2:652: more than the 320 values that the region holds");
    EXPECT_EQ(error_of([] { assemble_file("no/such.asm", default_target()); }), "no/such.asm: cannot be opened");
}

TEST(Disassembler, EveryRowRoundTrips) {
    Random random(3);
    const Geometry geometry = whole_geometry();
    for (const InstructionRow& row : instructions())
        for (int trial = 0; trial < 30; ++trial) {
            const int queue = queue_for(random, row, queues);
            const Instruction instruction = random_instruction(random, row, queues[queue], geometry);
            const std::string text = to_text(instruction);
            EXPECT_EQ(one(queues.name(queue), text), instruction) << text;
        }
}

TEST(Disassembler, PrintsAsAPersonWrites) {
    const std::string text =
        ".chip tsp-v1\n.region x mem.e.0 0x10 4\n.bytes mem.e.0 0x10 1\n.hex 010203 00*317\n\n"
        ".queue mem.e.0\n@0\tread x -> E0\n@3\tread x+1 -> E0\n@4\tread 0x20 -> E4\n\n"
        ".queue vxm.0\n@70000\tadd.f32 E0, #1.5 -> W8\n@70001\tmul.f32 a0, latched -> none\n";
    EXPECT_EQ(disassemble(assembled(text)), text);
    EXPECT_EQ(to_text({}), "nop 0");
    Instruction unknown;
    unknown.opcode = Opcode(0xfe);
    EXPECT_EQ(to_text(unknown), "opcode 254");
}

TEST(Disassembler, RandomProgramsRoundTrip) {
    for (uint32_t seed = 0; seed < 20; ++seed) {
        const Program program = random_program(seed, 400);
        validate(program, program.geometry);
        expect_equal(assembled(disassemble(program)), program);
    }
}

TEST(Numbers, RoundTripThroughText) {
    Random random(4);
    for (int type = 0; type < dtype_count; ++type)
        for (int i = 0; i < 20000; ++i) {
            const uint32_t bits = i < 10 ? uint32_t(i) : random() >> below(random, 32);
            const std::string text = element_text(DType(type), bits);
            EXPECT_EQ(parse_element(DType(type), text), bits) << dtype_names[size_t(type)] << " " << text;
        }
    EXPECT_EQ(element_text(DType::F16, 0x3e00), "1.5");
    EXPECT_EQ(element_text(DType::F32, 0x80000000u), "-0");
    EXPECT_EQ(element_text(DType::F32, 0x7f800000u), "inf");
    EXPECT_EQ(element_text(DType::I8, 0xfd), "-3");
    EXPECT_EQ(element_text(DType::I8, 0xfffffffdu), "0xfffffffd:bits");
    EXPECT_EQ(parse_integer("-0x10"), -16);
    EXPECT_EQ(parse_integer("--1"), std::nullopt);
    EXPECT_EQ(parse_integer(""), std::nullopt);
}
