// SPDX-License-Identifier: Apache-2.0
// The reference page is fresh; the examples assemble and say what their comments say.
#include "isa/reference.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "isa/disassembler.hpp"
#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;

namespace {

const std::string root = SUPERLANE_SOURCE_DIR;

Program example(const std::string& name) { return assemble_file(root + "/examples/asm/" + name, default_target()); }

int64_t last_dispatch(const Program& program) {
    int64_t last = 0;
    for (const auto& bursts : expand(program, Timing()))
        for (const Burst& burst : bursts) last = std::max(last, burst.last_cycle());
    return last;
}

}  // namespace

TEST(Reference, PageIsFresh) {
    const std::string path = root + "/docs/reference/isa.md";
    const std::string page = isa_reference_markdown();
    if (std::getenv("UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << page;
    std::ifstream file(path, std::ios::binary);
    const std::string stored((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(stored, page) << "refresh with UPDATE_GOLDEN=1";
    for (const InstructionRow& row : instructions())
        EXPECT_NE(page.find("`" + usage(row) + "`"), std::string::npos) << row.mnemonic;
}

TEST(Examples, AllAssembleAndRoundTrip) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(root + "/examples/asm")) {
        const Program program = example(entry.path().filename().string());
        expect_equal(assemble(disassemble(program), default_target()), program);
        ++count;
    }
    EXPECT_EQ(count, 4);
}

TEST(Examples, EndWhenTheirCommentsSay) {
    EXPECT_EQ(last_dispatch(example("hop.asm")), 2);
    EXPECT_EQ(last_dispatch(example("add_vectors.asm")), 9);
    EXPECT_EQ(last_dispatch(example("product_2x2.asm")), 90);
    EXPECT_EQ(last_dispatch(example("permute.asm")), 87);
}

/// The cycles in the comments follow from positions and timing parameters, not from the text alone.
TEST(Examples, CyclesFollowFromTheMachineModel) {
    const Timing timing;
    const Floorplan plan{Geometry(), timing};
    const auto travel = [](int from, int to) { return std::abs(to - from); };
    EXPECT_EQ(0 + timing.mem_read + travel(plan.mem(Side::East, 0), plan.mem(Side::East, 4)), 2);
    const int at_alu = 1 + timing.mem_read + travel(plan.mem(Side::West, 0), plan.vxm_operand(Side::East));
    EXPECT_EQ(at_alu, 6);
    EXPECT_EQ(0 + timing.mem_read + travel(plan.mem(Side::West, 4), plan.vxm_operand(Side::East)), at_alu);
    EXPECT_EQ(at_alu + timing.vxm_op + timing.vxm_exit_through, 9);
    const int to_mxm = timing.mem_read + travel(plan.mem(Side::East, 0), plan.mxm_in(Side::East));
    EXPECT_EQ(to_mxm, 21);
    const int sums = 4 + to_mxm + timing.mxm_activation_in + timing.mxm_multiply;
    EXPECT_EQ(sums, 39);
    EXPECT_EQ(sums + timing.mxm_accumulate_out + travel(plan.mxm_out(Side::East), plan.mem(Side::East, 0)), 90);
    const int to_sxm = timing.mem_read + travel(plan.mem(Side::East, 0), plan.sxm_edge(Side::East));
    EXPECT_EQ(to_sxm, 12);
    EXPECT_EQ(8 + to_sxm + 2 * timing.sxm_io_crossing + timing.sxm_permuter +
                  travel(plan.sxm_edge(Side::East), plan.mem(Side::East, 3)),
              87);
}

TEST(Examples, DataIsWhatTheyCompute) {
    const Program product = example("product_2x2.asm");
    const auto row = [&](size_t block) { return reinterpret_cast<const int8_t*>(product.data.at(block).bytes.data()); };
    const int8_t* rows[] = {row(0), row(1)};
    int32_t y[2];
    dot_int8(row(2), rows, 2, product.geometry.lanes(), y);
    EXPECT_EQ(y[0], 17);
    EXPECT_EQ(y[1], 39);
    const Program permute = example("permute.asm");
    EXPECT_EQ(permute.data.at(0).bytes[0], 319 & 255);
    EXPECT_EQ(permute.data.at(1).bytes[0], 1);
    EXPECT_EQ(permute.data.at(1).bytes[319], 0);
}
