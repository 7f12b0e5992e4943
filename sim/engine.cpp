// SPDX-License-Identifier: Apache-2.0
// The SystemC shell: simulation contexts, one process a chip or one a slice, waveforms.
#include "sim/engine.hpp"

#include <algorithm>
#include <fstream>
#include <map>

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "sim/context.hpp"

// libsystemc.so refers to this; programs have their own main().
extern "C" __attribute__((visibility("default"))) int sc_main(int, char*[]) { return 0; }

namespace superlane::sim {
namespace {

class ChipModule : public sc_core::sc_module {
public:
    SC_HAS_PROCESS(ChipModule);
    ChipModule(const sc_core::sc_module_name& name, Core& core, int window, Failure& failure)
        : sc_module(name), core_(core), window_(window), failure_(failure) {
        SC_METHOD(step);
    }

private:
    void step() {
        const int64_t end = cycle_now() + window_;
        if (failure_.guard([&] { return check_interrupt(), core_.advance(end); })) next_trigger(cycles(window_));
    }

    Core& core_;
    int window_;
    Failure& failure_;
};

/// How many elements a slice's queues dispatch in each cycle, as a signal for waveforms.
class Activity {
public:
    Activity(const PreparedProgram& program, const std::vector<uint32_t>& chunks) {
        for (const uint32_t id : chunks) {
            const Chunk& chunk = program.chunks[id];
            changes_[chunk.first] += 1;
            changes_[chunk.last() + 1] -= 1;
        }
    }
    int64_t next() const { return place_ == changes_.end() ? -1 : place_->first; }
    void begin() { place_ = changes_.begin(); }
    void advance(int64_t cycle) {
        for (; place_ != changes_.end() && place_->first <= cycle; ++place_) active += uint32_t(place_->second);
    }
    uint32_t active = 0;

private:
    std::map<int64_t, int> changes_;
    std::map<int64_t, int>::const_iterator place_ = changes_.end();
};

class SliceModule : public sc_core::sc_module {
public:
    SC_HAS_PROCESS(SliceModule);
    SliceModule(const sc_core::sc_module_name& name, Core& core, int slice, Failure& failure)
        : sc_module(name), core_(core), slice_(slice), failure_(failure) {
        SC_METHOD(step);
    }

private:
    void step() {
        int64_t next = -1;
        const int64_t now = cycle_now();
        if (!started_) next = first();
        else failure_.guard([&] { return (next = core_.advance_slice(slice_, now)) >= 0; });
        if (next == now && !failure_.exception) failure_.guard([&] { return (next = core_.advance_slice(slice_, now)) >= 0; });
        if (next >= 0) next_trigger(cycles(double(next - now)));
    }
    int64_t first() {
        started_ = true;
        return core_.first_cycle(slice_);
    }

    Core& core_;
    int slice_;
    Failure& failure_;
    bool started_ = false;
};

/// Half a cycle before the end of each window, when all slices have acted, decides whether the run must stop.
class Supervisor : public sc_core::sc_module {
public:
    SC_HAS_PROCESS(Supervisor);
    Supervisor(const sc_core::sc_module_name& name, Core& core, int window, Failure& failure)
        : sc_module(name), core_(core), window_(window), end_(core.shared().program.actions().empty() ? 0 : core.shared().program.actions().back().cycle), failure_(failure) {
        SC_METHOD(step);
    }

private:
    void step() {
        const bool more = boundary_ == 0 || failure_.guard([&] { return check_interrupt(), !core_.must_stop(boundary_) && boundary_ <= end_; });
        boundary_ += window_;
        if (more) next_trigger(cycles(double(boundary_) - 0.5) - sc_core::sc_time_stamp());
    }

    Core& core_;
    int window_;
    int64_t end_;
    int64_t boundary_ = 0;
    Failure& failure_;
};

class Waveform : public sc_core::sc_module {
public:
    SC_HAS_PROCESS(Waveform);
    Waveform(const sc_core::sc_module_name& name, const Core& core, const PreparedProgram& program, sc_core::sc_trace_file* file) : sc_module(name) {
        std::vector<std::vector<uint32_t>> chunks(size_t(core.slices()));
        for (const Action& action : program.actions())
            if (chunks[action.slice].empty() || chunks[action.slice].back() != action.chunk) chunks[action.slice].push_back(action.chunk);
        const SliceMap slices(program.geometry);
        activities_.reserve(chunks.size());
        for (int slice = 0; slice < core.slices(); ++slice) {
            auto& own = chunks[size_t(slice)];
            std::sort(own.begin(), own.end());
            own.erase(std::unique(own.begin(), own.end()), own.end());
            activities_.emplace_back(program, own);
            activities_.back().begin();
            std::string signal = slices.name(slice);  // a point would open a scope
            std::replace(signal.begin(), signal.end(), '.', '_');
            sc_core::sc_trace(file, activities_.back().active, signal);
        }
        SC_METHOD(step);
    }

private:
    void step() {
        const int64_t now = cycle_now();
        int64_t next = INT64_MAX;
        for (Activity& activity : activities_) {
            activity.advance(now);
            if (activity.next() >= 0) next = std::min(next, activity.next());
        }
        if (next != INT64_MAX) next_trigger(cycles(double(next - now)));
    }

    std::vector<Activity> activities_;
};

}  // namespace

void run_fast(Core& core, int window_cycles) {
    Failure failure;
    {
        Context context;
        ChipModule chip("chip", core, window_cycles, failure);
        sc_core::sc_start();
    }
    if (failure.exception) std::rethrow_exception(failure.exception);
}

namespace {

/// Two runs give the same bytes: the header blocks that hold the date of the run and of the library go.
void drop_date(const std::string& vcd_file) {
    std::ifstream in(vcd_file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const char* block : {"$date", "$version"}) {
        const size_t begin = text.find(block), end = text.find("$end", begin);
        if (begin != std::string::npos && end != std::string::npos) text.erase(begin, text.find_first_not_of('\n', end + 4) - begin);
    }
    std::ofstream(vcd_file, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace

void run_kernel(Core& core, int window_cycles, const std::string& vcd_file) {
    Failure failure;
    {
        Context context;
        std::vector<std::unique_ptr<sc_core::sc_module>> modules;
        for (int slice = 0; slice < core.slices(); ++slice)
            if (core.first_cycle(slice) >= 0) modules.push_back(std::make_unique<SliceModule>(("slice" + std::to_string(slice)).c_str(), core, slice, failure));
        Supervisor supervisor("supervisor", core, window_cycles, failure);
        std::unique_ptr<Waveform> waveform;
        sc_core::sc_trace_file* file = nullptr;
        if (!vcd_file.empty()) {
            const std::string stem = vcd_file.ends_with(".vcd") ? vcd_file.substr(0, vcd_file.size() - 4) : vcd_file;  // SystemC appends it
            file = sc_core::sc_create_vcd_trace_file(stem.c_str());
            file->set_time_unit(1, sc_core::SC_PS);  // a cycle is 1,000 of them; unset, SystemC says so on standard output
            waveform = std::make_unique<Waveform>("waveform", core, core.shared().program, file);
        }
        sc_core::sc_start();
        if (file) sc_core::sc_close_vcd_trace_file(file);
        if (file) drop_date(vcd_file);
    }
    if (failure.exception) std::rethrow_exception(failure.exception);
}

}  // namespace superlane::sim
