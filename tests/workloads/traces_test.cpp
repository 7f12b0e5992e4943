// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "workloads/traces/csv.hpp"
#include "workloads/traces/generator.hpp"
#include "workloads/traces/portable_math.hpp"
#include "workloads/traces/trace_file.hpp"

using namespace superlane;
using namespace superlane::traces;
using testing::HasSubstr;

namespace {

/// A file of the running test.
std::string write(const std::string& text) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const std::string file = testing::TempDir() + "superlane_trace_" + test->name();
    std::ofstream(file, std::ios::binary) << text;
    return file;
}

std::vector<Request> all(RequestSource& source) {
    std::vector<Request> requests;
    for (Request request; source.next(request);) requests.push_back(request);
    return requests;
}

std::vector<Request> read(const std::string& text, const TraceOptions& options = {}) {
    return all(*open_trace(write(text), options));
}

std::string complaint(const auto& action) {
    try {
        action();
    } catch (const UserError& error) {
        return error.what();
    }
    return "";
}

std::string wrong(const std::string& text) {
    return complaint([&] { read(text); });
}

const std::string azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
const std::string splitwise = "arrived_at,num_prefill_tokens,num_decode_tokens\n";

}  // namespace

TEST(Traces, AzureDatesBecomeSecondsFromTheFirst) {
    const auto requests = read(azure +
                               "2023-12-31 23:59:59.9799600,374,44\r\n"
                               "\r\n"
                               "2024-01-01 00:00:01.0000000,396,109\r\n"
                               "2024-01-01 01:00:01.5+01:00,1,1");
    ASSERT_EQ(requests.size(), 3u);
    EXPECT_EQ(requests[0].arrival_s, 0);
    EXPECT_NEAR(requests[1].arrival_s, 1.02004, 1e-12);
    EXPECT_NEAR(requests[2].arrival_s, 1.52004, 1e-12);
    EXPECT_EQ(requests[1].prompt_tokens, 396);
    EXPECT_EQ(requests[1].output_tokens, 109);
    EXPECT_EQ(requests[1].line, 4);
}

TEST(Traces, MooncakeHasBlocks) {
    const auto source = open_trace(
        write("{\"timestamp\": 1000, \"input_length\": 1030, \"output_length\": 5, \"hash_ids\": [0, 1, 7]}\n"
              "{\"timestamp\": 3500, \"input_length\": 1, \"output_length\": 2, \"hash_ids\": [9]}\n"));
    EXPECT_EQ(source->block_tokens(), 512);
    const auto requests = all(*source);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_THAT(requests[0].blocks, testing::ElementsAre(0, 1, 7));
    EXPECT_EQ(requests[1].arrival_s, 2.5);
}

TEST(Traces, BurstGptLeavesFailuresOut) {
    const auto source = open_trace(
        write("Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
              "5,1.0,3.5,ChatGPT,472,18,490,Conversation log\n"
              "45,,0,GPT-4,10,0,10,API log\n"
              "46.5,,1,GPT-4,10,2,12,\"API, log\"\n"));
    const auto requests = all(*source);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].prompt_tokens, 472);
    EXPECT_EQ(requests[1].arrival_s, 41.5);
    EXPECT_EQ(source->skipped().failed, 1);
    EXPECT_EQ(source->skipped().bad, 0);
}

TEST(Traces, SplitwiseWithSpeedAndLimit) {
    const auto requests = read(splitwise + "0.5,10,20\n1.5,11,21\n2.5,12,22\n", {.speed = 2, .requests = 2});
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[1].arrival_s, 0.5);
    EXPECT_EQ(requests[1].output_tokens, 21);
}

TEST(Traces, WrongRowsNameLineColumnAndValue) {
    EXPECT_THAT(wrong(azure + "2023-11-16 18:17:03,374,44\n2023-11-16 18:17:04,many,44\n"),
                HasSubstr(": line 3: column 'ContextTokens': 'many' is no whole number"));
    EXPECT_THAT(wrong(azure + "2023-11-16 18:17:03,-5,44\n"),
                HasSubstr(": line 2: column 'ContextTokens': -5 must be from 1 to 100000000"));
    EXPECT_THAT(wrong(azure + "2023-11-16 18:17:03,5,0\n"), HasSubstr("column 'GeneratedTokens': 0 must be from 1"));
    EXPECT_THAT(wrong(azure + "2023-02-30 18:17:03,5,1\n"),
                HasSubstr("column 'TIMESTAMP': '2023-02-30 18:17:03' is no date"));
    EXPECT_THAT(wrong(azure + "2023-11-16 18:17:03,5\n"), HasSubstr("line 2: 2 fields, the header has 3"));
    EXPECT_THAT(wrong(splitwise + "1,5,1\n0.5,5,1\n"),
                HasSubstr("line 3: arrives 0.5 s before the row above it; times must not go backwards"));
    EXPECT_THAT(wrong(splitwise + "nan,5,1\n"), HasSubstr("must be from 0"));
    EXPECT_THAT(wrong(splitwise + "1,\"5,1\n"), HasSubstr("line 2: a quote is not closed"));
    EXPECT_THAT(wrong("{\"timestamp\": 0, \"input_length\": 5}\n"), HasSubstr("line 1: row: key 'output_length'"));
    EXPECT_THAT(wrong("{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 5, \"hash_ids\": [1, 2]}\n"),
                HasSubstr("2 blocks of 512 tokens, input_length 5 has 1"));
    EXPECT_THAT(wrong("{\"timestamp\": 0,\n"), HasSubstr("line 1: row: not JSON"));
    EXPECT_THAT(wrong("time,tokens\n1,2\n"), HasSubstr("line 1: 'time,tokens' is the header of no known format"));
    EXPECT_THAT(wrong(""), HasSubstr("no rows"));
    EXPECT_THAT(wrong(azure), HasSubstr("no rows"));
    EXPECT_THAT(complaint([] { open_trace("no/such/file.csv"); }), HasSubstr("no/such/file.csv: cannot be read"));
}

TEST(Traces, BadRowsAreCountedWhenTheyMayBeSkipped) {
    const auto source = open_trace(write(splitwise + "x,5,1\n1,5,1\n0.5,5,1\n2,0,1\n3,5,1\n"), {.skip_bad = true});
    const auto requests = all(*source);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[1].arrival_s, 2) << "time counts from the first good row";
    EXPECT_EQ(source->skipped().bad, 3);
    EXPECT_THAT(source->skipped().first_bad, HasSubstr("line 2: column 'arrived_at': 'x' is no number"));
    source->refuse(requests[1], "too long");
    EXPECT_EQ(source->skipped().bad, 4);
}

TEST(Traces, ThoseThatShipAreRead) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SUPERLANE_SOURCE_DIR "/workloads/traces")) {
        if (!entry.path().filename().string().starts_with("requests_")) continue;
        const auto source = open_trace(entry.path().string());
        EXPECT_EQ(all(*source).size() + size_t(source->skipped().failed), 60u) << entry.path();
        ++files;
    }
    EXPECT_EQ(files, 4);
}

TEST(Generator, EqualBytesOnEveryMachine) {
    Digest digest;
    for (const double variation : {0.0, 0.5, 1.0, 4.0}) {
        const auto source = generate({.requests_per_s = 3, .variation = variation, .seed = 7},
                                     {.prompt_tokens = {1, 1000}, .output_tokens = {5, 5}}, 200);
        for (const Request& r : all(*source))
            digest.number(r.arrival_s).number(r.prompt_tokens).number(r.output_tokens);
    }
    // The same in Python's arithmetic.
    EXPECT_EQ(digest.hex(), "640cd8c51738504d1d6d5627c01c4c157c32bb80182e88f6cb856608ea1a65fc");
}

TEST(Generator, RateAndVariationAreThoseAskedFor) {
    for (const double variation : {0.0, 0.5, 1.0, 3.0}) {
        const int count = 40000;
        const auto requests = all(*generate({.requests_per_s = 20, .variation = variation}, {}, count));
        double last = 0, sum = 0, squares = 0;
        for (const Request& r : requests) {
            const double gap = r.arrival_s - last;
            last = r.arrival_s, sum += gap, squares += gap * gap;
        }
        const double mean = sum / count;
        EXPECT_NEAR(mean, 0.05, 0.05 * 0.04) << variation;
        EXPECT_NEAR(std::sqrt(std::max(0.0, squares / count - mean * mean)) / mean, variation, 0.05 * variation + 1e-4);
    }
}

TEST(Generator, LengthsFillTheirRange) {
    const auto requests = all(*generate({}, {.prompt_tokens = {3, 6}, .output_tokens = {2, 2}}, 1000));
    int seen[4] = {};
    for (const Request& r : requests) ++seen[r.prompt_tokens - 3];
    for (const int count : seen) EXPECT_NEAR(count, 250, 60);
    EXPECT_EQ(parse_length("--prompt-tokens", "128:2048").high, 2048);
    EXPECT_EQ(parse_length("--prompt-tokens", "64").low, 64);
    EXPECT_THAT(complaint([] { parse_length("--prompt-tokens", "9:3"); }),
                HasSubstr("--prompt-tokens 9:3: 3 must be from 9"));
    EXPECT_THAT(complaint([] { parse_length("--prompt-tokens", "few"); }), HasSubstr("'few' is no whole number"));
}

TEST(Generator, OtherArrivalsForATrace) {
    const auto source =
        retime(open_trace(write(splitwise + "0,10,20\n0,11,21\n")), {.requests_per_s = 4, .variation = 0});
    const auto requests = all(*source);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[1].arrival_s, 0.5);
    EXPECT_EQ(requests[1].prompt_tokens, 11);
}

TEST(PortableMath, AgreesWithTheLibrary) {
    for (double x = 1e-300; x < 1e300; x *= 1.37)
        EXPECT_NEAR(portable_log(x), std::log(x), 1e-15 * std::abs(std::log(x)) + 3e-16);
    for (double x = -690; x < 690; x += 0.731) EXPECT_NEAR(portable_exp(x) / std::exp(x), 1, 3e-13) << x;
}
