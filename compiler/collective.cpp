// SPDX-License-Identifier: Apache-2.0
// Options checked, rows placed, transfers settled, programs made: once for all chips that do the same.
#include "compiler/collective.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <thread>

#include "base/error.hpp"
#include "base/integers.hpp"

namespace superlane::compiler {
namespace {

constexpr int64_t most_transfers = 40'000'000;
constexpr int sum_groups = 8;  ///< of slices at least, for what waits to be added
constexpr int forwarding_slack = 4, most_slack = 64, most_interval = 256;
constexpr size_t most_threads = 16;

isa::DType type_of(const std::string& dtype) {
    if (dtype == "fp16") return isa::DType::F16;
    if (dtype == "fp32") return isa::DType::F32;
    if (dtype == "int32") return isa::DType::I32;
    throw user_error("unknown element type '", dtype, "': fp16, fp32 or int32",
                     nearest_hint(dtype, {"fp16", "fp32", "int32"}));
}

void check_options(const models::System& system, const CollectiveOptions& options) {
    const std::string& name = collective_names()[size_t(options.kind)];
    if (options.bytes < 1) throw user_error(name, ": bytes = ", options.bytes, " must be at least 1");
    for (size_t i = 0; i < options.chips.size(); ++i) {
        if (options.chips[i] < 0 || options.chips[i] >= system.chips)
            throw user_error(name, ": chip ", options.chips[i], " is not in system '", system.name,
                             "', which has chips 0 to ", system.chips - 1);
        if (i > 0 && options.chips[i] <= options.chips[i - 1])
            throw user_error(
                name, ": chip ", options.chips[i],
                options.chips[i] == options.chips[i - 1] ? " is named twice" : " is not in ascending order");
    }
    const auto member = [&](const char* key, int chip) {
        const bool inside = options.chips.empty()
                                ? chip >= 0 && chip < system.chips
                                : std::binary_search(options.chips.begin(), options.chips.end(), chip);
        if (!inside)
            throw user_error(name, ": ", key, " = ", chip, " is no chip that takes part: system '", system.name,
                             "' has chips 0 to ", system.chips - 1);
    };
    if (options.kind == CollectiveKind::Broadcast || options.kind == CollectiveKind::Send) member("from", options.from);
    if (options.kind == CollectiveKind::Send) {
        member("to", options.to);
        if (options.from == options.to) throw user_error(name, ": from and to are both chip ", options.from);
    }
}

CollectiveRows place_rows(const models::System& system, const CollectiveOptions& options, const CableGraph& graph,
                          Parts& alike, int& rows) {
    const bool sums = adds(options.kind);
    const isa::DType type = sums ? type_of(options.dtype) : isa::DType::I8;
    const int width = isa::dtype_streams(type);
    const bool by_chip = options.kind == CollectiveKind::ReduceScatter || options.kind == CollectiveKind::AllGather;
    const int64_t parts = by_chip ? graph.members() : 1;
    int64_t wanted = ceil_div(ceil_div(options.bytes, parts), int64_t(system.chip.lanes()) * width) * parts;
    alike = deal_rows(options, graph, wanted);
    if (wanted * width * system.chip.lanes() > system.chip.sram_bytes())
        throw user_error(collective_names()[size_t(options.kind)], ": ", options.bytes, " B (", wanted, " rows of ",
                         system.chip.lanes() * width, " B) are more than the ", system.chip.sram_bytes(),
                         " B of SRAM of chip '", system.chip.name, "'");
    rows = int(wanted);
    const RowShelves empty(system.chip, width);
    const int64_t groups = ceil_div(wanted, empty.rows_per_group()) +
                           (sums ? ceil_div(wanted / parts, empty.rows_per_group()) + sum_groups : 0);
    if (groups > empty.free_groups())
        throw user_error(collective_names()[size_t(options.kind)], ": ", options.bytes,
                         " B do not fit: the vector, its result and the sums on their way want ", groups, " of the ",
                         empty.free_groups(), " times ", int64_t(empty.rows_per_group()) * width * system.chip.lanes(),
                         " B of SRAM of chip '", system.chip.name, "'");
    CollectiveRows placed{
        type, width, {}, {}, RowShelves(system.chip, width), !sums, options.kind == CollectiveKind::ReduceScatter};
    placed.input = placed.shelves.take("the vector of a collective", rows);
    placed.output = sums ? placed.shelves.take("the result of a collective", by_chip ? rows / graph.members() : rows)
                         : placed.input;
    return placed;
}

int64_t transfers(const CollectivePlan& plan, int width) {
    int64_t count = 0;
    for (const TreeJob& job : plan.jobs)
        count += int64_t(job.rows) * width * int64_t(job.tree->order.size() - 1) * (int(job.up) + int(job.down));
    return count;
}

/// Which members have the same program; the first member of each.
std::vector<size_t> number_programs(Collective& result, const TransferSchedule& schedule) {
    const size_t members = size_t(result.graph.members());
    result.program_of.assign(members, 0);
    result.links.assign(members, {});
    std::map<std::string, int> known;
    std::vector<size_t> first;
    for (size_t m = 0; m < members; ++m) {
        const size_t alike = m % schedule.steps.size();  // in part 0
        if (alike < m) {
            result.program_of[m] = result.program_of[alike];
            result.links[m] = result.links[alike];
            continue;
        }
        const std::string key =
            collective_key(result.rows, result.graph, result.plan, schedule.steps[m], int(m), result.links[m]);
        const auto [place, fresh] = known.try_emplace(key, int(first.size()));
        result.program_of[m] = place->second;
        if (fresh) first.push_back(m);
    }
    return first;
}

/// Programs of all members, made by as many threads as there are cores: none depends on another. False when a Send
/// comes later than its Receive allows.
bool make_programs(const models::Chip& chip, Collective& result, TransferSchedule& schedule, bool check) {
    const std::vector<size_t> first = number_programs(result, schedule);
    result.programs.assign(first.size(), {});
    result.program_cycles.assign(first.size(), 0);
    std::vector<std::exception_ptr> failures(first.size());
    std::atomic<size_t> next = 0;
    std::atomic<bool> late = false;
    const auto work = [&] {
        for (size_t i = next++; i < first.size() && !late; i = next++) try {
                std::vector<Step>& steps = schedule.steps[first[i]];
                const CollectiveProgram made =
                    collective_program(chip, result.rows, result.graph, result.plan, steps, int(first[i]));
                std::vector<Step>().swap(steps);
                if (made.late > result.slack) late = true;
                if (check && !late) verify(made.problem, made.schedule);
                result.programs[i] = emit(made.problem, made.schedule);
                result.program_cycles[i] = scheduled_cycles(made.problem, made.schedule);
            } catch (...) {
                failures[i] = std::current_exception();
            }
    };
    {
        std::vector<std::jthread> helpers;
        const size_t cores = std::max(1u, std::thread::hardware_concurrency());
        for (size_t i = 1; i < std::min({cores, first.size(), most_threads}); ++i) helpers.emplace_back(work);
        work();
    }
    for (const std::exception_ptr& failure : failures)
        if (failure) std::rethrow_exception(failure);
    if (late) return false;
    result.cycles = *std::max_element(result.program_cycles.begin(), result.program_cycles.end());
    result.instruction_bytes = 0;
    for (const isa::Program& program : result.programs)
        result.instruction_bytes = std::max(result.instruction_bytes, int64_t(program.instruction_bytes()));
    return true;
}

/// Delays when vectors of a link are at least `interval` cycles apart.
ChipDelays paced(const models::System& system, const Collective& result, int degree, int interval) {
    ChipDelays delays = chip_delays(system.chip, result.rows, system.scheduled_latency_cycles(), degree, result.slack);
    delays.interval = interval;
    return delays;
}

/// Whether a FIFO holds what arrives before its Receive, if Sends are on time and the cable is the shortest.
bool fifo_holds(const models::Chip& chip, int slack, int interval) {
    return (slack + 2 * chip.timing.c2c_latency_spread) / interval + 1 <= int(chip.fifo_vectors);
}

/// Settles links and makes programs until no Send is later than its Receive allows: with more slack as long as FIFOs
/// hold what waits meanwhile, then with vectors farther apart, as a chip can feed all its links.
void settle(const models::System& system, Collective& result, ChipDelays delays, int degree, bool check) {
    const int first_slack = result.slack;
    while (true) {
        TransferSchedule schedule = schedule_transfers(result.graph, result.plan, delays);
        for (size_t edge = 0; edge < result.sent.size(); ++edge)
            result.sent[edge] = schedule.sent[edge % schedule.sent.size()];
        if (make_programs(system.chip, result, schedule, check)) return;
        int interval = delays.interval;
        result.slack *= 2;
        if (result.slack > most_slack || !fifo_holds(system.chip, result.slack, interval)) {
            result.slack = first_slack;
            interval += (interval + 3) / 4;
        }
        if (interval > most_interval)
            throw user_error(collective_names()[size_t(result.options.kind)], ": chip '", system.chip.name,
                             "' sends too late however far apart vectors are; take fewer bytes or another algorithm");
        delays = paced(system, result, degree, interval);
        result.plan.estimate = estimate_collective(result.graph, result.plan, delays);
    }
}

}  // namespace

bool adds(CollectiveKind kind) { return kind == CollectiveKind::AllReduce || kind == CollectiveKind::ReduceScatter; }

const std::vector<std::string>& collective_names() {
    static const std::vector<std::string> names{"all-reduce", "all-gather", "reduce-scatter", "broadcast", "send"};
    return names;
}

CollectiveKind collective_kind(const std::string& name) {
    const std::vector<std::string>& names = collective_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        std::string list;
        for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
        throw user_error("unknown collective '", name, "': ", list, nearest_hint(name, names));
    }
    return CollectiveKind(found - names.begin());
}

Collective::Held Collective::before(int member) const {
    if (adds(options.kind)) return {0, plan.rows};
    if (options.kind == CollectiveKind::AllGather)
        return {plan.rows / graph.members() * member, plan.rows / graph.members()};
    return graph.chip(member) == options.from ? Held{0, plan.rows} : Held{};
}

Collective::Held Collective::after(int member) const {
    if (options.kind == CollectiveKind::ReduceScatter)
        return {plan.rows / graph.members() * member, plan.rows / graph.members()};
    if (options.kind == CollectiveKind::Send) return graph.chip(member) == options.to ? Held{0, plan.rows} : Held{};
    return {0, plan.rows};
}

RowPlace Collective::place_before(int member, int row) const {
    return rows.input.place(plan.local_row(row, plan.parts.of(member)));
}

RowPlace Collective::place_after(int member, int row) const {
    return rows.output.place(rows.scattered ? row - after(member).first_row
                                            : plan.local_row(row, plan.parts.of(member)));
}

Collective compile_collective(const models::System& system, const CollectiveOptions& options, bool check) {
    check_options(system, options);
    const models::Chip& chip = system.chip;
    CableGraph graph(system, options.chips);
    if (graph.members() < 2)
        throw user_error(collective_names()[size_t(options.kind)], ": takes at least two chips, system '", system.name,
                         "' gives it ", graph.members());
    int rows = 0, degree = 0;
    for (int m = 0; m < graph.members(); ++m) degree = std::max(degree, int(graph.out(m).size()));
    Parts parts;
    CollectiveRows placed = place_rows(system, options, graph, parts, rows);
    Collective result{options, std::move(graph), std::move(placed), {}, {}, {}, {}, {}, {}, 0, 0, 1};
    // Where vectors are forwarded more comes together in a chip: hardly ever is less slack enough.
    if (!result.graph.complete()) result.slack = forwarding_slack;
    const ChipDelays delays = paced(system, result, degree, chip.timing.c2c_vector_interval);
    result.sent.resize(result.graph.edges().size());
    result.plan = plan_collective(system, options, result.graph, parts, rows, delays);
    if (const int64_t count = transfers(result.plan, result.rows.width); count > most_transfers)
        throw user_error(collective_names()[size_t(options.kind)], ": ", options.bytes, " B over ",
                         result.graph.members(), " chips are ", count, " vectors sent, more than the ", most_transfers,
                         " that are scheduled at once; take fewer bytes");
    settle(system, result, delays, degree, check);
    if (result.instruction_bytes > chip.text_bytes())
        throw user_error(collective_names()[size_t(options.kind)], ": ", result.instruction_bytes,
                         " B of instructions are more than the ", chip.text_bytes(), " B kept for them on chip '",
                         chip.name, "'; take fewer bytes");
    return result;
}

}  // namespace superlane::compiler
