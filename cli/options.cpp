// SPDX-License-Identifier: Apache-2.0
// Defines the shared options once.
#include "cli/options.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/program_run.hpp"
#include "experiment/system_plan.hpp"

namespace superlane::cli {

CLI::Option* add_repeatable(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                            const std::string& help) {
    return app.add_option(name, values, help)->allow_extra_args(false)->type_name("TEXT");
}

void ChipOptions::define(CLI::App& app) {
    app.add_option("--chip", chip, "a chip that ships (`superlane describe chips`) or a JSON file")
        ->capture_default_str()
        ->type_name("NAME|FILE");
    add_repeatable(app, "--set", overrides, "set a chip parameter, as mem.read=2; may be repeated")
        ->type_name("KEY=VALUE");
}

void ChipOptions::define_for_program(CLI::App& app) {
    define(app);
    chip.clear();
    app.get_option("--chip")->default_str("the program's own, else tsp-v1");
}

void ChipOptions::choose_for(const std::string& program_file) {
    if (chip.empty()) chip = experiment::chip_named_in(program_file);
    if (chip.empty()) chip = "tsp-v1";
}

void SystemOptions::define(CLI::App& app) {
    app.add_option("--system", system,
                   "a system that ships (`superlane describe system`), a JSON file, or a number of chips of tsp-v1")
        ->type_name("NAME|FILE|N");
    app.add_option("--dead", dead, "a chip that is dead: its node is mapped out; may be repeated")
        ->allow_extra_args(false)
        ->type_name("CHIP");
}

experiment::SystemChoice SystemOptions::choice(const CLI::App& app, const ChipOptions& chip) const {
    const experiment::SystemChoice chosen{system, chip.overrides, dead};
    if (chosen.one_chip())
        for (const char* option : {"--dead", "--exchange", "--embedding", "--no-share"})
            if (app.get_option(option)->count() > 0)
                throw user_error(option, " needs --system: it is for several chips");
    if (!system.empty() && app.get_option("--chip")->count() > 0)
        throw user_error("--system and --chip exclude each other: a system names its chip");
    return chosen;
}

void EngineOptions::define(CLI::App& app) {
    app.add_option("--engine", engine, "fast: one process a chip; kernel: one process a slice")
        ->capture_default_str()
        ->type_name("fast|kernel");
    app.add_flag("--timing-only", timing_only, "cycles and counters alone, no values");
    app.add_option("--trace", trace, "write a Chrome/Perfetto trace of the (last) program")->type_name("FILE");
    app.add_option("--vcd", vcd, "write a waveform of the (last) program; needs --engine kernel")->type_name("FILE");
}

std::string Outputs::add(const std::string& path) {
    if (path.empty()) return "";
    files_.push_back(std::make_unique<experiment::OutputFile>(path));
    return files_.back()->temporary();
}

void Outputs::write(const std::string& path, const std::string& bytes) {
    for (const auto& file : files_)
        if (file->path() == path) file->write(bytes);
}

void Outputs::commit() {
    for (const auto& file : files_) file->commit();
}

void JsonOutput::define(CLI::App& app) {
    app.add_option("--json", path_, "write the result as JSON; - is standard output")->type_name("FILE|-");
}

void JsonOutput::open() {
    if (!path_.empty() && !on_stdout()) file_ = std::make_unique<experiment::OutputFile>(path_);
}

void JsonOutput::write(const experiment::Json& json) {
    if (path_.empty()) return;
    const std::string text = json.dump(2, ' ', false, experiment::Json::error_handler_t::replace) + "\n";
    if (on_stdout()) {
        std::cout << text;
        return;
    }
    file_->write(text);
    file_->commit();
}

std::string split_option(const experiment::SplitMember& member) {
    std::string option = std::string("--") + member.name;
    std::replace(option.begin(), option.end(), '_', '-');
    return option;
}

void define_split_members(CLI::App& app, experiment::Split& split, const char* stages) {
    for (const experiment::SplitMember& member : experiment::split_members)
        app.add_option(split_option(member), split.*member.value,
                       stages && member.value == &experiment::Split::pp ? stages : member.meaning)
            ->check(CLI::Range(1, 100'000))
            ->type_name("N");
}

std::vector<int> parse_ids(const std::string& option, const std::string& text, const std::string& what) {
    std::vector<int> ids;
    for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find(',', begin), text.size());
        int id = 0;
        const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, id);
        if (error != std::errc() || stop != text.data() + end)
            throw user_error(option, " ", text, ": '", text.substr(begin, end - begin), "' is no ", what,
                             "; expected numbers parted by commas, as 1,2,3");
        ids.push_back(id);
        begin = end + 1;
    }
    return ids;
}

}  // namespace superlane::cli
