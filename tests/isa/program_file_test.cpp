// SPDX-License-Identifier: Apache-2.0
#include "isa/program_file.hpp"

#include <gmock/gmock.h>

#include <cstdio>

#include "isa/validate.hpp"
#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;
using testing::HasSubstr;

namespace {

std::string decode_error(const std::vector<uint8_t>& bytes) {
    return error_of([&] { decode_program(bytes, "p.slp"); });
}

/// The error of a random program after one change to it.
std::string error_after(const std::function<void(Program&)>& change) {
    Program program = assemble(".queue mem.e.0\nread 1, E0\n.queue vxm.0\nadd.f32 E0, E4 -> W8\n", default_target());
    program.lines.clear();
    change(program);
    return decode_error(encode_program(program));
}

Instruction& first(Program& program, const char* queue) {
    return program.text[size_t(QueueMap(program.geometry).find(queue))].at(0);
}

}  // namespace

TEST(ProgramFile, RoundTripsBitForBit) {
    for (uint32_t seed = 100; seed < 110; ++seed) {
        Program program = random_program(seed, 300);
        if (seed % 2) {
            program.lines.resize(program.text.size());
            program.lines[3].assign(program.text[3].size(), 7);
        }
        const std::vector<uint8_t> bytes = encode_program(program);
        const Program back = decode_program(bytes, "p.slp");
        expect_equal(back, program);
        EXPECT_EQ(back.lines, program.lines);
        EXPECT_EQ(encode_program(back), bytes);
    }
}

TEST(ProgramFile, SavesAndLoads) {
    const Program program = random_program(1, 100);
    const std::string path = testing::TempDir() + "superlane_program_file_test.slp";
    save_program(program, path);
    expect_equal(load_program(path), program);
    std::remove(path.c_str());
    EXPECT_EQ(error_of([&] { load_program("no/such.slp"); }), "no/such.slp: cannot be opened");
    EXPECT_EQ(error_of([&] { save_program(program, "no/such/dir.slp"); }), "no/such/dir.slp: cannot be written");
}

TEST(ProgramFile, TellsDamage) {
    const std::vector<uint8_t> good = encode_program(random_program(2, 50));
    EXPECT_EQ(decode_error({}), "p.slp: not a program file (wrong magic)");
    EXPECT_EQ(decode_error({'S', 'L', 'P', 'R', 'O', 'G', 'R', '\n', 1}),
              "p.slp: truncated: 9 bytes, the header alone takes 84");
    std::vector<uint8_t> bytes = good;
    bytes[8] = 9;
    EXPECT_EQ(decode_error(bytes), "p.slp: format version 9, this build reads version 1");
    bytes = good;
    bytes.pop_back();
    EXPECT_THAT(decode_error(bytes), HasSubstr("p.slp: truncated: "));
    bytes = good;
    bytes.push_back(0);
    EXPECT_EQ(decode_error(bytes), "p.slp: 1 bytes after the end");
    bytes = good;
    bytes[200] ^= 1;
    EXPECT_EQ(decode_error(bytes), "p.slp: content hash does not match: the file is damaged");
}

TEST(ProgramFile, TruncationAnywhereInASealedPayloadIsAUserError) {
    const std::vector<uint8_t> good = encode_program(
        assemble(".region x mem.e.0 0 1\n.data x u8 1\n.queue mem.e.0\nread x, E0", {"x", "d", Geometry()}));
    const std::vector<uint8_t> payload(good.begin() + 84, good.end());
    for (size_t size = 0; size < payload.size(); ++size)
        EXPECT_THAT(decode_error(seal_payload(std::span(payload).first(size))), HasSubstr("truncated"));
    std::vector<uint8_t> longer = payload;
    longer.push_back(0);
    EXPECT_EQ(decode_error(seal_payload(longer)), "p.slp: 1 bytes after the last section");
    longer.resize(payload.size() + 8);
    EXPECT_EQ(decode_error(seal_payload(longer)), "p.slp: a section of DRAM without channels");
}

TEST(ProgramFile, RefusesWhatNoChipCanTake) {
    EXPECT_EQ(error_after([](Program& p) { first(p, "mem.e.0").opcode = Opcode(0xee); }),
              "p.slp: queue mem.e.0, instruction 0: no instruction has opcode 238");
    EXPECT_EQ(error_after([](Program& p) { first(p, "mem.e.0").imm = 3; }),
              "p.slp: queue mem.e.0, instruction 0: 'read' field imm is not used and must be 0, not 3");
    EXPECT_EQ(error_after([](Program& p) { first(p, "mem.e.0").dtype = DType::F32; }),
              "p.slp: queue mem.e.0, instruction 0: 'read' has no type, but type field 7");
    EXPECT_EQ(error_after([](Program& p) { first(p, "mem.e.0").dst = 7; }),
              "p.slp: queue mem.e.0, instruction 0: 'read' 'to' must be a stream, not code 7");
    EXPECT_EQ(
        error_after([](Program& p) { first(p, "vxm.0").dtype = DType::Bool; }),
        "p.slp: queue vxm.0, instruction 0: 'add' type bool is not allowed, but i8, i16, i32, u8, u16, u32, f16, f32");
    EXPECT_EQ(error_after([](Program& p) { first(p, "vxm.0").dtype = DType(77); }),
              "p.slp: queue vxm.0, instruction 0: 'add' no element type has number 77");
    EXPECT_EQ(error_after([](Program& p) { first(p, "vxm.0").a = 0x301; }),
              "p.slp: queue vxm.0, instruction 0: 'add' 'x' must be a stream, ALU output, immediate or latched, not "
              "code 769");
    EXPECT_EQ(error_after([](Program& p) { first(p, "vxm.0").a = alu_output(16); }),
              "p.slp: queue vxm.0, instruction 0: 'add' 'x' names ALU 16, the chip has 16");
    EXPECT_EQ(error_after([](Program& p) { std::swap(p.text[0], p.text[size_t(QueueMap(p.geometry).find("vxm.0"))]); }),
              "p.slp: queue mem.w.0, instruction 0: 'add' needs an ALU (vxm.*)");
    EXPECT_EQ(error_after([](Program& p) { p.text.pop_back(); }), "p.slp: program has 147 queues, the chip has 148");
    EXPECT_EQ(error_after([](Program& p) { p.chip = "a b"; }), "p.slp: chip 'a b': not a name");
    EXPECT_EQ(error_after([](Program& p) { p.lines.resize(3); }),
              "p.slp: assembly lines do not match the instruction text");
    EXPECT_EQ(error_after([](Program& p) {
                  p.regions = {{"x", Side::East, 44, 0, 1}};
              }),
              "p.slp: region 'x': slice 44 is not on the chip, which has 44 a side");
    EXPECT_EQ(error_after([](Program& p) {
                  p.regions = {{"x", Side::East, 0, 0, 0}};
              }),
              "p.slp: region 'x': must have at least 1 word");
    EXPECT_EQ(error_after([](Program& p) {
                  p.regions = {{"x", Side(4), 0, 0, 1}};
              }),
              "p.slp: region 'x': slice 0 is not on the chip, which has 44 a side");
    EXPECT_EQ(error_after([](Program& p) {
                  p.regions = {{"x", Side::East, 0, 1, 8192}};
              }),
              "p.slp: region 'x': 8192 words from 1 are not in a slice of 8192");
    EXPECT_EQ(error_after([](Program& p) {
                  p.regions = {{"x", Side::East, 0, 0, 1}, {"x", Side::East, 0, 0, 1}};
              }),
              "p.slp: region 'x': name used twice");
    EXPECT_EQ(error_after([](Program& p) {
                  p.regions = {{"3", Side::East, 0, 0, 1}};
              }),
              "p.slp: region '3': not a name; use letters, digits and _ . / : [ ] @ -, a letter first");
    EXPECT_EQ(error_after([](Program& p) {
                  p.data = {{Side::East, 0, 0, std::vector<uint8_t>(100)}};
              }),
              "p.slp: data block 0: 100 bytes are not whole words of 320");
    EXPECT_EQ(error_after([](Program& p) { p.geometry.streams = 24; }),
              "p.slp: geometry: streams must be 16 to 64 in steps of 16, not 24");
    EXPECT_EQ(error_after([](Program& p) { p.geometry.words = -1; }),
              "p.slp: geometry: a count of -1 is not possible; allowed are 0 to 65536");
    EXPECT_EQ(error_after([](Program& p) { p.geometry.alus = 0; }),
              "p.slp: geometry: superlanes, slices, words, banks, streams, ALUs and planes must be at least 1");
    EXPECT_EQ(error_after([](Program& p) { p.geometry.banks = 3; }),
              "p.slp: geometry: 8192 words are not a multiple of 3 banks");
    EXPECT_EQ(error_after([](Program& p) { p.geometry.mem_slices = 5000; }),
              "p.slp: geometry: more than 65536 lanes, 4096 slices a side, 64 planes or 256 ALUs cannot be encoded");
}

TEST(Program, IsForOneGeometry) {
    const Program program = random_program(3, 10);
    Geometry other;
    other.planes = 3;
    EXPECT_EQ(error_of([&] { validate(program, other); }),
              "program is for another geometry than the chip's (program: chip 'tsp-v1')");
}

TEST(Program, DigestKnowsEverythingButLines) {
    const Program program = random_program(4, 50);
    const auto digest_after = [&](const std::function<void(Program&)>& change) {
        Program changed = program;
        change(changed);
        return changed.digest();
    };
    EXPECT_EQ(digest_after([](Program& p) { p.lines.resize(2); }), program.digest());
    EXPECT_NE(digest_after([](Program& p) { p.chip += "x"; }), program.digest());
    EXPECT_NE(digest_after([](Program& p) { p.chip_digest += "x"; }), program.digest());
    EXPECT_NE(digest_after([](Program& p) { p.geometry.links = 3; }), program.digest());
    EXPECT_NE(digest_after([](Program& p) {
                  std::swap(p.text[0], p.text[1]);
                  p.text[0].emplace_back();
              }),
              program.digest());
    EXPECT_NE(digest_after([](Program& p) { p.regions[0].words++; }), program.digest());
    EXPECT_NE(digest_after([](Program& p) { p.data[0].bytes[0] ^= 1; }), program.digest());
    EXPECT_EQ(program.digest().size(), 64u);
    uint64_t count = 0;
    for (const auto& text : program.text) count += text.size();
    EXPECT_EQ(program.instruction_bytes(), 16 * count);
}
