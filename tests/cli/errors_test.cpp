// SPDX-License-Identifier: Apache-2.0
// Bad input: one clear line, exit code 2, nothing half-written.
#include <gmock/gmock.h>

#include <thread>

#include "models/checkpoint.hpp"
#include "tests/cli/process.hpp"

using namespace superlane;
using namespace superlane::test;
using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

/// A copy of the shipped model to spoil.
void copy_model(const Folder& folder) {
    for (const char* name : {"config.json", "model.safetensors"})
        fs::copy_file(fs::path(SUPERLANE_SOURCE_DIR) / tiny / name, folder.path() / name);
}

void replace(const std::string& file, const std::string& from, const std::string& to) {
    std::string text = slurp(file);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    std::ofstream(file, std::ios::binary) << text.replace(at, from.size(), to);
}

}  // namespace

TEST(Errors, Commands) {
    EXPECT_THAT(complaint({"deocde"}), HasSubstr("unknown command 'deocde' (nearest: 'decode')"));
    EXPECT_THAT(complaint({}), HasSubstr("superlane --help"));
    EXPECT_THAT(complaint({"decode"}), HasSubstr("MODEL is required"));
    EXPECT_THAT(complaint({"decode", tiny, "--tokns", "3"}),
                HasSubstr("unknown option '--tokns' (nearest: '--tokens')"));
    EXPECT_THAT(complaint({"decode", tiny, "--tokens", "many"}),
                HasSubstr("--tokens many: must be a whole number; see"));
    EXPECT_THAT(complaint({"decode", tiny, "--contexts", "9,x"}), HasSubstr("9,x: must be whole numbers, as 1,2,3"));
    EXPECT_THAT(complaint({"explain", "stream_use"}), HasSubstr("unknown metric 'stream_use'"));
    EXPECT_THAT(complaint({"describe", "chip"}), HasSubstr("(nearest: 'chips')"));
    EXPECT_THAT(complaint({"describe", "isa", "ad"}), HasSubstr("unknown instruction 'ad'"));
    EXPECT_THAT(complaint({"describe", "parameters", "mem.reed"}), HasSubstr("(nearest: 'mem.read')"));
}

TEST(Errors, Values) {
    EXPECT_THAT(complaint({"decode", tiny, "--dtype", "fp8"}), HasSubstr("--dtype fp8: must be fp16 or int8"));
    EXPECT_THAT(complaint({"decode", tiny, "--engine", "fats"}), HasSubstr("(nearest: 'fast')"));
    EXPECT_THAT(complaint({"decode", tiny, "--scheduler", "radom"}), HasSubstr("asap, list or random:SEED"));
    EXPECT_THAT(complaint({"decode", tiny, "--tokens", "0"}), HasSubstr("--tokens 0: must be from 1"));
    EXPECT_THAT(complaint({"decode", tiny, "--prompt-ids", "1,x"}), HasSubstr("'x' is no token id"));
    EXPECT_THAT(complaint({"decode", tiny, "--prompt-ids", "1,999"}), HasSubstr("999 is not in the vocabulary of 256"));
    EXPECT_THAT(complaint({"decode", tiny, "--prompt", ""}), HasSubstr("the prompt has no tokens"));
    EXPECT_THAT(complaint({"decode", tiny, "--prompt", "\xff"}), HasSubstr("not UTF-8"));
    EXPECT_THAT(complaint({"decode", tiny, "--timing-only", "--compare"}), HasSubstr("--compare needs values"));
    EXPECT_THAT(complaint({"decode", tiny, "--layers", "1"}), HasSubstr("--layers needs --timing-only"));
    EXPECT_THAT(complaint({"decode", tiny, "--batch", "3", "--prompt", "a", "--prompt", "b"}),
                HasSubstr("needs one prompt for all requests, or 3; 2 given"));
    EXPECT_THAT(complaint({"decode", tiny, "--in-flight", "2"}), HasSubstr("one chip has no pipeline"));
    EXPECT_THAT(complaint({"decode", tiny, "--in-flight", "some"}), HasSubstr("must be auto or a number from 1 on"));
    EXPECT_THAT(complaint({"decode", tiny, "--contexts", "64,32"}), HasSubstr("2 given for 1 request; one each"));
    EXPECT_THAT(complaint({"decode", tiny, "--contexts", "64", "--context", "64"}), HasSubstr("exclude each other"));
    EXPECT_THAT(complaint({"decode", tiny, "--vcd", "x.vcd"}), HasSubstr("--vcd needs --engine kernel"));
    EXPECT_THAT(complaint({"gemm", "0", "4", "4"}), HasSubstr("M = 0 must be at least 1"));
    EXPECT_THAT(complaint({"gemm", "1", "40000", "40000"}), HasSubstr("do not fit"));
}

TEST(Errors, PromptTooLong) {
    EXPECT_THAT(complaint({"decode", tiny, "--tokens", "64", "--context", "32"}),
                HasSubstr("prompt too long: 4 tokens and 64 to generate take 67 positions, --context is 32"));
    EXPECT_THAT(complaint({"decode", tiny, "--tokens", "1100"}), HasSubstr("has at most 1024"));
}

TEST(Errors, Models) {
    EXPECT_THAT(complaint({"decode", "llama-2-7c"}), HasSubstr("llama-2-7b"));
    EXPECT_THAT(
        complaint({"decode", "llama-2-7b", "--dtype", "int8"}),
        AllOf(HasSubstr("does not fit: "), HasSubstr(" B of int8 weights + "), HasSubstr("230686720 B of SRAM")));
    EXPECT_THAT(complaint({"decode", "llama-2-7b", "--compare"}), HasSubstr("shape without weights"));
}

TEST(Errors, Checkpoints) {
    Folder folder;
    EXPECT_THAT(complaint({"decode", folder.path()}), HasSubstr("config.json"));
    copy_model(folder);
    fs::remove(folder / "model.safetensors");
    EXPECT_THAT(complaint({"decode", folder.path()}), HasSubstr("model.safetensors"));
    fs::copy_file(fs::path(SUPERLANE_SOURCE_DIR) / tiny / "model.safetensors", folder / "model.safetensors");
    fs::resize_file(folder / "model.safetensors", 100000);
    EXPECT_THAT(complaint({"decode", folder.path()}), HasSubstr("model.safetensors"));
}

TEST(Errors, CheckpointOfAnotherShapeOrType) {
    Folder folder;
    copy_model(folder);
    replace(folder / "config.json", "\"intermediate_size\": 456", "\"intermediate_size\": 455");
    EXPECT_THAT(complaint({"decode", folder.path()}), AllOf(HasSubstr("455"), HasSubstr("456")));
    replace(folder / "config.json", "\"intermediate_size\": 455", "\"intermediate_size\": 456");
    replace(folder / "model.safetensors", "\"F16\"", "\"I16\"");
    EXPECT_THAT(complaint({"decode", folder.path()}), HasSubstr("I16"));
}

TEST(Errors, UnknownArchitecture) {
    Folder folder;
    copy_model(folder);
    replace(folder / "config.json", "LlamaForCausalLM", "LlumaForCausalLM");
    EXPECT_THAT(complaint({"decode", folder.path()}), HasSubstr("LlumaForCausalLM"));
}

TEST(Errors, Chips) {
    Folder folder;
    EXPECT_THAT(complaint({"decode", tiny, "--chip", "tsp-v2"}), HasSubstr("(nearest: 'tsp-v1')"));
    const std::string key = folder.write("key.json", R"({"inherits": "tsp-v1", "parameters": {"mem.reed": 1}})");
    EXPECT_THAT(complaint({"gemm", "1", "4", "4", "--chip", key}),
                AllOf(HasSubstr("key.json"), HasSubstr("(nearest: 'mem.read')")));
    const std::string top = folder.write("top.json", R"({"inherits": "tsp-v1", "paramters": {}})");
    EXPECT_THAT(complaint({"gemm", "1", "4", "4", "--chip", top}), HasSubstr("(nearest: 'parameters')"));
    EXPECT_THAT(complaint({"gemm", "1", "4", "4", "--set", "superlanes=99"}), HasSubstr("from 1 to 64 (superlanes)"));
    EXPECT_THAT(complaint({"gemm", "1", "4", "4", "--set", "superlanes"}), HasSubstr("KEY=NUMBER"));
}

TEST(Errors, Assembly) {
    Folder folder;
    const std::string text = folder.write("bad.asm", ".chip tsp-v1\n.queue mem.w.0\n@0  raed 0 -> E0\n");
    EXPECT_THAT(complaint({"run", text}), AllOf(HasSubstr("bad.asm:3:5: "), HasSubstr("(nearest: 'read')")));
    EXPECT_THAT(complaint({"asm", text, "-o", folder / "bad.slp"}), HasSubstr("bad.asm:3:5: "));
    EXPECT_EQ(folder.files(), 1u);
    EXPECT_THAT(complaint({"run", folder / "none.asm"}), HasSubstr("none.asm"));
}

TEST(Errors, ProgramFiles) {
    Folder folder;
    const std::string program = folder / "add.slp";
    ASSERT_EQ(run({"asm", "examples/asm/add_vectors.asm", "-o", program}).code, 0);
    EXPECT_THAT(complaint({"run", program, "--chip", "mini"}), HasSubstr("the program is for chip 'tsp-v1'"));
    EXPECT_THAT(complaint({"run", program, "--set", "mem.read=2"}), HasSubstr("one geometry and timing only"));
    EXPECT_THAT(complaint({"run", program, "--show", "z9"}), HasSubstr("no region 'z9'"));
    EXPECT_THAT(complaint({"run", program, "--show", "z0+z1=f32"}), HasSubstr("has 4 bytes"));
    fs::resize_file(program, fs::file_size(program) - 1);
    EXPECT_THAT(complaint({"run", program}), HasSubstr("truncated"));
    EXPECT_THAT(complaint({"disasm", folder.write("x.slp", "nothing")}), HasSubstr("not a program file"));
}

TEST(Errors, Faults) {
    const std::string add = "examples/asm/add_vectors.asm";
    EXPECT_THAT(complaint({"run", add, "--fault", "0:mem.w.0:0"}),
                HasSubstr("must be CYCLE:SLICE:ADDRESS:SUPERLANE:BIT"));
    EXPECT_THAT(complaint({"run", add, "--fault", "0:vxm.0:0:0:0"}), HasSubstr("'vxm.0' is no MEM slice"));
    EXPECT_THAT(complaint({"run", add, "--fault", "0:mem.w.0:0:0:137"}), HasSubstr("from 0 to 136"));
    const Finished corrected = run({"run", add, "--fault", "0:mem.w.0:0x0:0:3", "--show", "z0+z1+z2+z3=f32"});
    EXPECT_EQ(corrected.code, 0);
    EXPECT_THAT(corrected.out, AllOf(HasSubstr("1 word corrected"), HasSubstr("z0+z1+z2+z3[0] f32: 100 100.5 101")));
    const Finished stopped = run({"run", add, "--fault", "0:mem.w.0:0x0:0:3,9"});
    EXPECT_EQ(stopped.code, 2);
    EXPECT_THAT(stopped.err, AllOf(HasSubstr("two or more flipped bits"), HasSubstr("the program was stopped")));
}

TEST(Errors, HazardsAreExplained) {
    Folder folder;
    const std::string text = folder.write("tap.asm", ".chip tsp-v1\n.queue mem.w.3\n@5 write 0, E4\n");
    const Finished finished = run({"run", text});
    EXPECT_EQ(finished.code, 2);
    EXPECT_THAT(finished.err,
                AllOf(HasSubstr("hazard: cycle 5, mem.w.3, E4: a tap"), HasSubstr("line 3"), HasSubstr("1 hazard\n")));
}

TEST(Errors, OutputsThatCannotBeWritten) {
    Folder folder;
    const std::string nowhere = folder / "none/result.json";
    EXPECT_THAT(complaint({"gemm", "1", "4", "4", "--chip", "mini", "--json", nowhere}),
                AllOf(HasSubstr(nowhere), HasSubstr("cannot be written")));
    EXPECT_THAT(complaint({"decode", tiny, "--logits", nowhere}), HasSubstr("cannot be written"));
    EXPECT_THAT(complaint({"decode", tiny, "--trace", folder.path()}), HasSubstr("is a directory"));
    EXPECT_THAT(complaint({"asm", "examples/asm/hop.asm", "-o", nowhere}), HasSubstr("cannot be written"));
    EXPECT_EQ(folder.files(), 0u);
}

TEST(Errors, AFailedRunLeavesNoFile) {
    Folder folder;
    complaint({"decode", tiny, "--tokens", "9000", "--json", folder / "r.json", "--trace", folder / "t.json",
               "--logits", folder / "l.npy"});
    EXPECT_EQ(folder.files(), 0u);
}

TEST(Errors, ResultFiles) {
    Folder folder;
    EXPECT_THAT(complaint({"rerun", folder / "none.json"}), HasSubstr("none.json"));
    EXPECT_THAT(complaint({"rerun", folder.write("a.json", "{")}), HasSubstr("a.json"));
    EXPECT_THAT(complaint({"rerun", folder.write("b.json", "{}")}), HasSubstr("digest"));
    EXPECT_THAT(complaint({"rerun", folder.write("c.json", R"({"digest": "0", "version": "0", "command": ["asm"]})")}),
                HasSubstr("allowed are decode, gemm, run"));
}

TEST(Errors, InterruptLeavesNothing) {
    Folder folder;
    const Process process(
        {"decode", tiny, "--tokens", "900", "--json", folder / "r.json", "--trace", folder / "t.json"});
    for (int tries = 0; tries < 1000 && slurp(process.out_file()).size() < 6; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    process.signal(SIGINT);
    const Finished finished = process.wait();
    EXPECT_EQ(finished.code, 130);
    EXPECT_THAT(finished.err, HasSubstr("expected: about "));  // time and memory, said before a long run
    EXPECT_THAT(finished.err, HasSubstr("interrupted"));
    EXPECT_EQ(folder.files(), 0u);
}

TEST(Errors, Systems) {
    EXPECT_THAT(complaint({"describe", "systems"}), HasSubstr("(nearest: 'system')"));
    EXPECT_THAT(complaint({"describe", "system", "tsp-v1-57"}), HasSubstr("(nearest: 'tsp-v1-576')"));
    EXPECT_THAT(complaint({"describe", "system", "0"}), HasSubstr("must be from 1 to 10440"));
    EXPECT_THAT(complaint({"describe", "system", "tsp-v1-576", "--set", "topology.rings=1"}),
                HasSubstr("(nearest: 'topology.ring')"));
    EXPECT_THAT(complaint({"describe", "system", "tsp-v1-576", "--set", "topology.racks=2"}),
                HasSubstr("topology 'quadfour' does not read topology.racks"));
    EXPECT_THAT(complaint({"describe", "system", "--svg", "x.svg"}), HasSubstr("--svg needs `describe system NAME`"));
    EXPECT_THAT(complaint({"describe", "chips", "tsp-v1", "--json", "-"}), HasSubstr("--json needs"));
    EXPECT_THAT(complaint({"describe", "system", "8", "--svg", "no/such/place.svg"}), HasSubstr("no/such/place.svg"));
    const Folder folder;
    const std::string file = folder.write("parts.json", R"({"topology": "edges", "edges": [[0, 1], [2, 3]]})");
    EXPECT_THAT(complaint({"describe", "system", file}),
                HasSubstr("parts.json: the topology is not connected, it falls into 2 parts: chips 0-1; chips 2-3"));
}

TEST(Errors, Collectives) {
    EXPECT_THAT(complaint({"collective", "all-reduse"}), HasSubstr("unknown collective 'all-reduse'"));
    EXPECT_THAT(complaint({"collective", "all-reduce", "--system", "tsp-v1-nod"}),
                HasSubstr("(nearest: 'tsp-v1-node')"));
    EXPECT_THAT(complaint({"collective", "all-reduce", "--algorithm", "rign"}), HasSubstr("(nearest: 'ring')"));
    EXPECT_THAT(complaint({"collective", "all-reduce", "--bytes", "0"}), HasSubstr("--bytes: '0' is no size"));
    EXPECT_THAT(complaint({"collective", "all-reduce", "--bytes", "100M"}), HasSubstr("do not fit"));
    EXPECT_THAT(complaint({"collective", "all-reduce", "--system", "64", "--algorithm", "direct"}),
                HasSubstr("it needs a cable between each two chips"));
    EXPECT_THAT(complaint({"collective", "send", "--from", "0", "--to", "8"}), HasSubstr("to = 8 is no chip"));
}

TEST(Errors, CollectivesRefuseWhatTheyDoNotRead) {
    EXPECT_THAT(complaint({"collective", "all-reduce", "--bytes", "1K", "--sizes", "1K,2K"}),
                HasSubstr("--bytes excludes --sizes"));
    EXPECT_THAT(complaint({"collective", "broadcast", "--to", "1"}), HasSubstr("--to is for send, not for broadcast"));
    EXPECT_THAT(complaint({"collective", "all-gather", "--from", "1"}),
                HasSubstr("--from is for broadcast and send, not for all-gather"));
    EXPECT_THAT(complaint({"collective", "send", "--dtype", "fp32"}), HasSubstr("--dtype is for all-reduce and"));
    EXPECT_THAT(complaint({"collective", "all-reduce", "--unshared"}), HasSubstr("--unshared needs --timing-only"));
    EXPECT_THAT(complaint({"collective", "all-reduce", "--chips", "1,1"}), HasSubstr("chip 1 is named twice"));
    EXPECT_THAT(complaint({"collective", "all-reduce", "--chips", "1,x"}), HasSubstr("'x' is no chip; expected"));
}

TEST(Errors, DecodeOnSystems) {
    const auto on = [](std::vector<std::string> options) {
        options.insert(options.begin(), {"decode", tiny, "--tokens", "1"});
        return complaint(options);
    };
    EXPECT_THAT(on({"--system", "8", "--tp", "4"}), HasSubstr("tp 4 does not divide the 6 attention heads"));
    EXPECT_THAT(on({"--system", "8", "--tp", "3"}), HasSubstr("KV heads of model"));
    EXPECT_THAT(on({"--system", "16", "--tp", "12"}), HasSubstr("nodes of system '16' have 8 chips (allowed: 1 to 8)"));
    EXPECT_THAT(on({"--system", "8", "--pp", "9"}), HasSubstr("pp 9 x tp 2 need 18 chips; system '8' has 8"));
    EXPECT_THAT(on({"--system", "16", "--pp", "12"}), HasSubstr("5 layers, so at most 11 stages"));
    EXPECT_THAT(on({"--system", "tsp-v1-57"}), HasSubstr("(nearest: 'tsp-v1-576')"));
    EXPECT_THAT(on({"--system", "2", "--chip", "tsp-v1"}), HasSubstr("--system and --chip exclude each other"));
    EXPECT_THAT(on({"--tp", "2"}), HasSubstr("tp 2 x pp 1 need 2 chips: name a system of so many (--system)"));
    EXPECT_THAT(on({"--dead", "2"}), HasSubstr("--dead needs --system"));
    EXPECT_THAT(on({"--system", "8", "--dead", "2"}), HasSubstr("no node is left without a dead chip"));
    EXPECT_THAT(on({"--system", "16", "--dead", "16"}), HasSubstr("dead chip 16 does not exist (allowed: 0 to 15)"));
    EXPECT_THAT(on({"--link-error", "0:0:0:0"}), HasSubstr("--link-error 0:0:0:0: one chip has no links in use"));
    EXPECT_THAT(on({"--system", "2", "--tp", "2", "--link-error", "0:0:0"}), HasSubstr("must be STEP:CHIP:LINK:N"));
    const Folder folder;
    const std::string file = folder.write("parts.json", R"({"topology": "edges", "edges": [[0, 1], [2, 3]]})");
    EXPECT_THAT(on({"--system", file}), HasSubstr("parts.json: the topology is not connected, it falls into 2 parts"));
}

TEST(Errors, OptionsOfSystemsNeedOne) {
    for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{
             {"--exchange", "fp32"}, {"--exchange", "fp16"}, {"--embedding", "chip"}, {"--no-share"}}) {
        std::vector<std::string> command = {"decode", tiny, "--tokens", "1"};
        command.insert(command.end(), option.begin(), option.end());
        EXPECT_THAT(complaint(command), HasSubstr(option[0] + " needs --system"));
    }
    for (const std::string name : {"ep", "ffn-parts", "head-parts"})
        EXPECT_THAT(complaint({"decode", tiny, "--tokens", "1", "--" + name, "2"}), HasSubstr("2 needs a system"));
}

TEST(Errors, SetsOfExpertsMustFitAGroup) {
    const auto on = [](const std::string& chips, const std::string& ep, const std::string& pp) {
        return complaint({"decode", "mixtral-8x7b", "--dtype", "int8", "--system", chips, "--ep", ep, "--pp", pp,
                          "--position", "255", "--tokens", "1"});
    };
    EXPECT_THAT(on("16", "16", "1"), HasSubstr("ep 16: no group within a node of 8 chips of system '16' divides"));
    EXPECT_THAT(on("2", "2", "1"), HasSubstr("does not fit system '2'"));  // not that ep 2 does not divide tp 1
}

TEST(Errors, AModelTooLargeForItsSystemNamesOneThatWouldDo) {
    const std::string line = complaint({"decode", "llama-2-70b", "--dtype", "int8", "--system", "tsp-v1-node",
                                        "--position", "4095", "--context", "4096", "--tokens", "1"});
    EXPECT_THAT(line, AllOf(HasSubstr("does not fit system 'tsp-v1-node': "), HasSubstr(" B of int8 weights + "),
                            HasSubstr(" B too few"), HasSubstr("it needs at least ")));
    EXPECT_THAT(line, HasSubstr("the smallest system that would hold it is 'tsp-v1-"));
}
