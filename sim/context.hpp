// SPDX-License-Identifier: Apache-2.0
// One SystemC simulation among others in a process, and what its processes threw. Only the engines include this.
#pragma once
#include <cstdint>
#include <exception>
#include <mutex>
#include <systemc>

namespace superlane::sim {

inline sc_core::sc_time cycles(double count) { return {count, sc_core::SC_NS}; }
inline int64_t cycle_now() { return int64_t(sc_core::sc_time_stamp() / cycles(1)); }

/// A SystemC simulation of its own. SystemC keeps the current one in globals, so only one can exist at a time.
class Context {
public:
    Context() : lock_(one_at_a_time()) {
        context_ = new sc_core::sc_simcontext;
        sc_core::sc_curr_simcontext = context_;
        sc_core::sc_default_global_context = context_;
    }
    ~Context() {  // all modules are gone by now
        delete context_;
        sc_core::sc_curr_simcontext = nullptr;
        sc_core::sc_default_global_context = nullptr;
    }

private:
    static std::mutex& one_at_a_time() {
        static std::mutex mutex;
        return mutex;
    }
    std::lock_guard<std::mutex> lock_;
    sc_core::sc_simcontext* context_;
};

/// What went wrong in a process: SystemC would lose the type of an exception, so it is kept and thrown again outside.
struct Failure {
    std::exception_ptr exception;
    template <class Act>
    bool guard(Act&& act) {
        if (exception) return false;
        try {
            return act();
        } catch (...) {
            exception = std::current_exception();
            return false;
        }
    }
};

}  // namespace superlane::sim
