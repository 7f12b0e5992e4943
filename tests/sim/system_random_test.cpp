// SPDX-License-Identifier: Apache-2.0
// Random programs of Sends and Receives on random topologies: engines, data modes, threads and sharing agree.
#include <map>
#include <random>

#include "tests/sim/system_helpers.hpp"

namespace superlane::test {
namespace {

constexpr int links = 5, period = 1500;  ///< cycles from launch to launch of a chip

class Any {
public:
    explicit Any(unsigned seed) : random_(seed) {}
    int operator()(int from, int to) { return from + int(random_() % unsigned(to - from + 1)); }

private:
    std::mt19937 random_;
};

/// Up to 6 chips, cables between random free ports, latencies of their own.
models::System random_system(Any& any) {
    models::System system = cabled(any(2, 6), {});
    std::vector<models::Port> free;
    for (int chip = 0; chip < system.chips; ++chip)
        for (int link = 0; link < links; ++link) free.push_back({chip, link});
    for (int cable = any(1, 9); cable > 0 && free.size() > 1; --cable) {
        models::Cable added;
        for (models::Port& end : added.ends) {
            const size_t at = size_t(any(0, int(free.size()) - 1));
            end = free[at];
            free.erase(free.begin() + std::ptrdiff_t(at));
        }
        added.latency_cycles = {any(90, 300), any(90, 300)};
        system.cables.push_back(added);
    }
    system.chip.fifo_vectors = any(2, 6);
    return system;
}

/// What every launch does, before it becomes a program.
struct Deed {
    int64_t cycle;
    int link;
    bool receive;
};
using Deeds = std::map<std::pair<int, int64_t>, std::vector<Deed>>;  ///< by chip and launch

void put(Deeds& deeds, const models::Port& port, int64_t cycle, bool receive) {
    const int64_t within = cycle % period;
    if (within < lead || within > period - trail - 30) return;
    deeds[{port.chip, cycle / period}].push_back({within, port.link, receive});
}

/// `wrong`: percent of Receives that are early, late or forgotten, and of Sends too many.
Deeds random_traffic(const models::System& system, Any& any, int wrong) {
    Deeds deeds;
    for (const models::Cable& cable : system.cables)
        for (const size_t from : {0, 1}) {
            int64_t taken = 0;
            for (int64_t cycle = any(50, 900); cycle < 6 * period; cycle += any(27, 700)) {
                const int64_t arrival = cycle + cable.latency_cycles[from] + system.chip.timing.c2c_send;
                const bool bad = any(0, 99) < wrong;
                const int64_t receive = std::max(taken + 1, arrival + (bad ? any(-400, 400) : any(0, 20)));
                const auto fits = [](int64_t c) { return c % period >= lead && c % period <= period - trail - 30; };
                if (!fits(cycle) || !fits(receive)) continue;
                put(deeds, cable.ends[from], cycle, false);
                if (!bad || any(0, 3) > 0) put(deeds, cable.ends[1 - from], taken = receive, true);
            }
        }
    if (wrong > 0) put(deeds, {any(0, system.chips - 1), any(0, links - 1)}, any(lead, 600), false);
    return deeds;
}

std::vector<sim::Launch> programs(const models::System& system, const Deeds& deeds, Any& any) {
    std::vector<sim::Launch> launches;
    for (const auto& [where, what] : deeds) {
        LinkProgram program(system.chip);
        int address = 0;
        std::vector<int> map = {0, 1, 2, 3, 4};  // program's link k is the chip's link map[k]
        std::vector<int> back = map;
        for (int k = 0; k < links; ++k) std::swap(map[size_t(k)], map[size_t(any(k, links - 1))]);
        for (int k = 0; k < links; ++k) back[size_t(map[size_t(k)])] = k;
        std::vector<Deed> sorted = what;
        std::stable_sort(sorted.begin(), sorted.end(), [](const Deed& x, const Deed& y) { return x.cycle < y.cycle; });
        std::map<std::pair<int, bool>, int64_t> last;  // no two of a queue in one cycle
        for (const Deed& deed : sorted) {
            const auto place = last.find({deed.link, deed.receive});
            if (place != last.end() && place->second == deed.cycle) continue;
            last[{deed.link, deed.receive}] = deed.cycle;
            const int link = back[size_t(deed.link)];
            if (deed.receive)
                program.receive(deed.cycle, link, address++ % 128);
            else
                program.send(deed.cycle, link, address++ % 128);
        }
        launches.push_back({where.first, where.second * period, program.prepared(), map, {}});
    }
    return launches;
}

class SystemRandom : public testing::TestWithParam<unsigned> {};

TEST_P(SystemRandom, TrafficInTimeAgreesInEveryWay) {
    Any any(GetParam());
    models::System system = random_system(any);
    system.chip.fifo_vectors = 64;
    const auto launches = programs(system, random_traffic(system, any, 0), any);
    const sim::SystemResult result = run_system_every_way(system, launches, [&](sim::SystemOptions& options) {
        options.chip.text_trace = true;
        for (int chip = 0; chip < system.chips; ++chip)
            for (int link = 0; link < links; ++link) options.link_errors.push_back({chip, link, 0});
    });
    EXPECT_EQ(result.hazards.size(), 0u) << text_of(result);
    EXPECT_FALSE(result.links.empty());
    EXPECT_EQ(result.link_errors.size(), result.links.size());
}

TEST_P(SystemRandom, TrafficWithHazardsAgreesInEveryWay) {
    Any any(GetParam() + 1000);
    const models::System system = random_system(any);
    const auto launches = programs(system, random_traffic(system, any, 10), any);
    const sim::SystemResult few =
        run_system_every_way(system, launches, [](sim::SystemOptions& options) { options.chip.max_hazards = 3; });
    const sim::SystemResult many = run_system_every_way(system, launches, [](sim::SystemOptions& options) {
        options.chip.max_hazards = 100000;
        options.link_errors = {{0, 0, 1}, {1, 2, 0}, {0, 1, 3}};
    });
    EXPECT_FALSE(many.hazards.empty());
    EXPECT_EQ(few.hazards.size(), std::min<size_t>(3, many.hazards.size()));
    EXPECT_EQ(few.stopped, many.hazards.size() >= 3);
}

TEST_P(SystemRandom, WindowsDoNotMatter) {
    Any any(GetParam() + 2000);
    const models::System system = random_system(any);
    const auto launches = programs(system, random_traffic(system, any, 5), any);
    std::string text;
    for (const int window : {3, 50, 94, 100000}) {
        sim::SystemOptions options;
        options.deferred = false;
        options.chip.window_cycles = window;
        options.chip.max_hazards = 100000;
        const std::string now = text_of(sim::SystemMachine(system, options).run(launches));
        if (text.empty()) text = now;
        EXPECT_EQ(now, text) << window;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SystemRandom, testing::Range(1u, 13u));

}  // namespace
}  // namespace superlane::test
