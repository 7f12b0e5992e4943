// SPDX-License-Identifier: Apache-2.0
// What the tests of models/ share: the message of an error, a scratch folder, a small shape.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/error.hpp"
#include "models/llm.hpp"

namespace superlane {

/// The line of the UserError that `action` throws; fails the test when it throws none.
template <class Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const UserError& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "more than one line";
        return error.what();
    }
    ADD_FAILURE() << "no UserError";
    return "";
}

/// A fresh folder of the running test, removed at its end.
class Scratch {
public:
    Scratch() {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        path_ = std::filesystem::path(testing::TempDir()) / (std::string("superlane_") + test->test_suite_name() + "_" +
                                                             test->name() + "_" + std::to_string(getpid()));
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    ~Scratch() { std::filesystem::remove_all(path_); }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }
    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path_ / name, std::ios::binary) << bytes;
    }

private:
    std::filesystem::path path_;
};

inline LlmConfig small_llm() {
    LlmConfig llm;
    llm.name = "small";
    llm.family = "llama";
    llm.layers = 2;
    llm.hidden = 12;
    llm.heads = 4;
    llm.kv_heads = 2;
    llm.head_dim = 6;
    llm.ffn = 20;
    llm.vocabulary = 17;
    llm.max_position = 64;
    return llm;
}

}  // namespace superlane
