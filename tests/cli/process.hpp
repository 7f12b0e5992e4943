// SPDX-License-Identifier: Apache-2.0
// Runs the built program as a process of its own, as a user would, and keeps what it said.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace superlane::test {

struct Finished {
    int code = -1;  ///< exit code; 128 + signal when killed by one
    std::string out, err;
};

/// A fresh folder of the running test, removed at its end.
class Folder {
public:
    Folder() {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        path_ = std::filesystem::path(testing::TempDir()) /
                (std::string("superlane_cli_") + test->name() + "_" + std::to_string(getpid()));
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    const std::filesystem::path& path() const { return path_; }
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path_ / name, std::ios::binary) << bytes;
        return *this / name;
    }
    size_t files() const {
        return size_t(std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator()));
    }

private:
    std::filesystem::path path_;
};

inline std::string slurp(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Output goes to files, so that no pipe can fill up.
class Process {
public:
    explicit Process(const std::vector<std::string>& arguments)
        : out_(scratch("out")), err_(scratch("err")), child_(fork()) {
        if (child_ == 0) execute(arguments);
    }
    const std::string& out_file() const { return out_; }
    void signal(int number) const { kill(child_, number); }
    Finished wait() const {
        int status = 0;
        waitpid(child_, &status, 0);
        Finished finished{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), slurp(out_), slurp(err_)};
        std::filesystem::remove(out_);
        std::filesystem::remove(err_);
        return finished;
    }

private:
    static std::string scratch(const std::string& name) {
        static int number = 0;
        return (std::filesystem::path(testing::TempDir()) /
                ("superlane_" + std::to_string(getpid()) + "_" + std::to_string(number++) + "." + name))
            .string();
    }

    [[noreturn]] void execute(const std::vector<std::string>& arguments) const {
        std::vector<char*> words = {const_cast<char*>(SUPERLANE_PROGRAM)};
        for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
        words.push_back(nullptr);
        dup2(open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        dup2(open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        if (chdir(SUPERLANE_SOURCE_DIR) == 0) execv(SUPERLANE_PROGRAM, words.data());
        _exit(127);
    }

    std::string out_, err_;
    pid_t child_;
};

inline const std::string tiny = "examples/tiny-llama";

inline Finished run(const std::vector<std::string>& arguments) { return Process(arguments).wait(); }

inline nlohmann::json result_of(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--json", "-"});
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.code, 0) << finished.err;
    return nlohmann::json::parse(finished.out);
}

/// A user error: exit code 2, and a last line on standard error that says all of it.
inline std::string complaint(const std::vector<std::string>& arguments) {
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.code, 2) << finished.out << finished.err;
    EXPECT_TRUE(finished.err.ends_with('\n'));
    const std::string text = finished.err.substr(0, finished.err.size() - (finished.err.empty() ? 0 : 1));
    const std::string line = text.substr(text.rfind('\n') + 1);
    EXPECT_TRUE(line.starts_with("superlane: ")) << line;
    return line;
}

}  // namespace superlane::test
