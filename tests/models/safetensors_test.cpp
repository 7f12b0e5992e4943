// SPDX-License-Identifier: Apache-2.0
#include "models/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/models/support.hpp"

using namespace superlane;
using testing::HasSubstr;

namespace {

std::string file_of(const std::string& header, size_t data_bytes) {
    std::string file(8, '\0');
    const uint64_t length = header.size();
    std::memcpy(file.data(), &length, 8);
    return file + header + std::string(data_bytes, 'x');
}

std::map<std::string, Tensor> parse(const std::string& file) {
    return parse_safetensors(std::as_bytes(std::span(file)), "f");
}

std::string refusal(const std::string& header, size_t data_bytes) {
    const std::string file = file_of(header, data_bytes);
    return message_of([&] { parse(file); });
}

std::string refusal_of_a(const std::string& members) { return refusal("{\"a\": {" + members + "}}", 8); }

}  // namespace

TEST(Safetensors, ReadsTensorsAndSkipsMetadata) {
    const std::string file =
        file_of(R"({"__metadata__": {"format": "pt"}, "b": {"dtype": "F16", "shape": [2, 3], "data_offsets": [4, 16]},
        "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "none": {"dtype": "F32", "shape": [0], "data_offsets": [4, 4]}})",
                16);
    const auto tensors = parse(file);
    ASSERT_EQ(tensors.size(), 3u);
    EXPECT_EQ(tensors.at("b").shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(tensors.at("b").bytes.size(), 12u);
    EXPECT_EQ(tensors.at("a").dtype, Dtype::f32);
    EXPECT_TRUE(tensors.at("none").floats().empty());
}

TEST(Safetensors, AScalarIsOneElement) {
    const std::string file = file_of(R"({"a": {"dtype": "BF16", "shape": [], "data_offsets": [0, 2]}})", 2);
    EXPECT_EQ(parse(file).at("a").columns(), 1);
}

TEST(SafetensorsErrors, LengthOfTheHeader) {
    EXPECT_EQ(message_of([] { parse("abc"); }), "f: truncated: 3 bytes (a safetensors file has 8 or more)");
    const std::string cut = file_of("{\"a\": 1}", 0).substr(0, 12);
    EXPECT_EQ(message_of([&] { parse(cut); }), "f: header of 8 bytes in a file of 12 (truncated, or not safetensors)");
    const std::string junk(16, '\xff');
    EXPECT_EQ(message_of([&] { parse(junk); }),
              "f: header of 18446744073709551615 bytes in a file of 16 (truncated, or not safetensors)");
}

TEST(SafetensorsErrors, HeaderText) {
    EXPECT_EQ(refusal("{\"a\": ", 0), "f: header: not JSON at line 1, column 7");
    EXPECT_EQ(refusal("[]", 0), "f: header: [] is not an object");
    EXPECT_EQ(refusal("{\"a\": 1}", 0), "f: tensor 'a': 1 is not an object");
    EXPECT_EQ(refusal(R"({"a": {}, "a": {}})", 0), "f: header: key 'a' is given twice");
}

TEST(SafetensorsErrors, Dtype) {
    EXPECT_EQ(refusal_of_a(R"("dtype": "I8", "shape": [8], "data_offsets": [0, 8])"),
              "f: tensor 'a': key 'dtype': \"I8\" is unknown (allowed: F32, F16, BF16)");
}

TEST(SafetensorsErrors, Shape) {
    EXPECT_EQ(refusal_of_a(R"("dtype": "F32", "shape": [-2], "data_offsets": [0, 8])"),
              "f: tensor 'a': key 'shape': [-2] has a dimension that is not a count");
    EXPECT_EQ(refusal_of_a(R"("dtype": "F32", "shape": 2, "data_offsets": [0, 8])"),
              "f: tensor 'a': key 'shape': 2 is not a list of at most 8 dimensions");
    EXPECT_EQ(refusal_of_a(R"("dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8])"),
              "f: tensor 'a': key 'shape': [4294967296,4294967296] is larger than the file");
    EXPECT_EQ(refusal_of_a(R"("dtype": "F32", "shape": [3], "data_offsets": [0, 8])"),
              "f: tensor 'a': key 'data_offsets': [0,8] holds 8 bytes, but F32 [3] needs 12");
}

TEST(SafetensorsErrors, Offsets) {
    EXPECT_EQ(refusal_of_a(R"("dtype": "F32", "shape": [2], "data_offsets": [4, 12])"),
              "f: tensor 'a': key 'data_offsets': [4,12] lies outside the file's 8 bytes of data (truncated?)");
    EXPECT_EQ(refusal_of_a(R"("dtype": "F32", "shape": [2], "data_offsets": [8, 0])"),
              "f: tensor 'a': key 'data_offsets': [8,0] lies outside the file's 8 bytes of data (truncated?)");
    EXPECT_EQ(refusal_of_a(R"("dtype": "F32", "shape": [2], "data_offsets": [0])"),
              "f: tensor 'a': key 'data_offsets': [0] is not [begin, end] in bytes");
    EXPECT_EQ(refusal_of_a(R"("dtype": "F32", "shape": [2])"), "f: tensor 'a': key 'data_offsets' is missing");
}

TEST(SafetensorsErrors, OverlapGapAndTail) {
    const auto two = [](int begin, int end, size_t bytes) {
        return refusal(
            R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [)" +
                std::to_string(begin) + ", " + std::to_string(end) + "]}}",
            bytes);
    };
    EXPECT_EQ(two(2, 6, 6), "f: tensor 'b' overlaps the one before it (data starts at byte 2, expected 4)");
    EXPECT_EQ(two(6, 10, 10), "f: tensor 'b' leaves a gap (data starts at byte 6, expected 4)");
    EXPECT_EQ(two(4, 8, 9), "f: 1 bytes after the last tensor");
}

TEST(SafetensorsErrors, Files) {
    const Scratch scratch;
    EXPECT_EQ(message_of([&] { MappedFile(scratch / "absent"); }), (scratch / "absent").string() + ": cannot be read");
    scratch.write("empty", "");
    EXPECT_EQ(message_of([&] { MappedFile(scratch / "empty"); }), (scratch / "empty").string() + ": is empty");
    EXPECT_EQ(message_of([&] { MappedFile{scratch.path()}; }), scratch.path().string() + ": is not a file");
    EXPECT_EQ(message_of([&] { write_safetensors(scratch / "no" / "file", {}); }),
              (scratch / "no" / "file").string() + ": cannot be written");
}
