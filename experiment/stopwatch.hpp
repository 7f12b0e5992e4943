// SPDX-License-Identifier: Apache-2.0
// Wall clock, for the `simulator` part of a report only: never part of a result that must repeat.
#pragma once
#include <chrono>

namespace superlane::experiment {

/// Adds the time between construction and destruction to a total, s.
class Stopwatch {
public:
    explicit Stopwatch(double& total_s) : total_s_(total_s), start_(std::chrono::steady_clock::now()) {}
    ~Stopwatch() { total_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
    Stopwatch(const Stopwatch&) = delete;

private:
    double& total_s_;
    std::chrono::steady_clock::time_point start_;
};

}  // namespace superlane::experiment
