// SPDX-License-Identifier: Apache-2.0
// Chips, systems and models as objects that one looks at.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/chip.hpp"
#include "models/llm.hpp"
#include "models/system.hpp"
#include "python/bindings/bindings.hpp"

namespace superlane::python {
namespace {

/// {key: {value, unit, range, origin, mark, source, meaning}} of every row.
template <class Row, class Owner>
py::dict parameters(std::span<const Row> rows, const Owner& owner) {
    py::dict all;
    for (const Row& row : rows) {
        const auto origin = owner.origins.find(std::string(row.key));
        py::dict one;
        if (row.whole)
            one["value"] = int64_t(row.get(owner));
        else
            one["value"] = row.get(owner);
        one["unit"] = std::string(row.unit);
        one["low"] = row.low;
        one["high"] = row.high;
        one["origin"] = origin == owner.origins.end() ? "default" : origin->second;
        one["mark"] = std::string(row.mark);
        one["source"] = std::string(row.source);
        one["meaning"] = std::string(row.meaning);
        all[py::str(std::string(row.key))] = one;
    }
    return all;
}

struct CableRow {
    int32_t from_chip, from_link, to_chip, to_link, latency_cycles;
};

/// One row a direction.
py::array_t<CableRow> cables(const models::System& system) {
    std::vector<CableRow> rows;
    for (const models::Cable& cable : system.cables)
        for (const size_t from : {0, 1})
            rows.push_back({cable.ends[from].chip, cable.ends[from].link, cable.ends[1 - from].chip,
                            cable.ends[1 - from].link, cable.latency_cycles[from]});
    const auto count = py::ssize_t(rows.size());
    return owned(std::move(rows), {count});
}

void bind_chip(py::module_& module) {
    py::class_<models::Chip>(module, "Chip")
        .def(py::init([](const std::string& name, const std::vector<std::string>& overrides) {
                 return models::load_chip(name, overrides);
             }),
             py::arg("name"), py::arg("overrides") = std::vector<std::string>())
        .def_readonly("name", &models::Chip::name)
        .def_readonly("description", &models::Chip::description)
        .def_readonly("clock_mhz", &models::Chip::clock_mhz)
        .def_property_readonly("lanes", &models::Chip::lanes)
        .def_property_readonly("sram_bytes", &models::Chip::sram_bytes)
        .def_property_readonly("stream_bytes_per_cycle", &models::Chip::stream_bytes_per_cycle)
        .def_property_readonly("sram_bytes_per_cycle", &models::Chip::sram_bytes_per_cycle)
        .def_property_readonly("digest", &models::Chip::digest)
        .def_property_readonly("positions",
                               [](const models::Chip& chip) {
                                   const isa::Floorplan plan = chip.floorplan();
                                   return py::make_tuple(plan.west_end(), plan.east_end());
                               })
        .def("queues",
             [](const models::Chip& chip) {
                 const isa::QueueMap map(chip.geometry);
                 std::vector<std::string> names;
                 for (int queue = 0; queue < map.size(); ++queue) names.push_back(map.name(queue));
                 return names;
             })
        .def("__repr__", [](const models::Chip& chip) { return "<superlane.Chip " + chip.name + ">"; })
        .def("parameters", [](const models::Chip& chip) { return parameters(models::chip_parameters(), chip); });
    module.def("chip_names", &models::chip_names);
}

void bind_system(py::module_& module) {
    PYBIND11_NUMPY_DTYPE(CableRow, from_chip, from_link, to_chip, to_link, latency_cycles);
    py::class_<models::System>(module, "System")
        .def(py::init([](const std::string& name, const std::vector<std::string>& overrides) {
                 return models::load_system(name, overrides);
             }),
             py::arg("name"), py::arg("overrides") = std::vector<std::string>())
        .def_readonly("name", &models::System::name)
        .def_readonly("description", &models::System::description)
        .def_readonly("chip", &models::System::chip)
        .def_readonly("chips", &models::System::chips)
        .def_readonly("chips_per_node", &models::System::chips_per_node)
        .def_property_readonly("nodes", &models::System::nodes)
        .def_property_readonly("racks", &models::System::racks)
        .def_property_readonly("link_bytes_per_s", &models::System::link_bytes_per_s)
        .def("cables", &cables)
        .def("parameters",
             [](const models::System& system) { return parameters(models::system_parameters(), system); });
    module.def("system_names", &models::system_names);
}

void bind_llm(py::module_& module) {
    py::class_<LlmConfig>(module, "Model")
        .def(py::init([](const std::string& name) { return find_llm(name); }), py::arg("name"))
        .def_readonly("name", &LlmConfig::name)
        .def_readonly("family", &LlmConfig::family)
        .def_property_readonly("directory", [](const LlmConfig& model) { return model.directory.string(); })
        .def_readonly("layers", &LlmConfig::layers)
        .def_readonly("hidden", &LlmConfig::hidden)
        .def_readonly("heads", &LlmConfig::heads)
        .def_readonly("kv_heads", &LlmConfig::kv_heads)
        .def_readonly("head_dim", &LlmConfig::head_dim)
        .def_readonly("ffn", &LlmConfig::ffn)
        .def_readonly("vocabulary", &LlmConfig::vocabulary)
        .def_readonly("max_position", &LlmConfig::max_position)
        .def_property_readonly("parameters", [](const LlmConfig& model) { return weight_parameters(model); })
        .def_property_readonly("projection_parameters",
                               [](const LlmConfig& model) { return projection_parameters(model); })
        .def("kv_bytes_per_token", &kv_bytes_per_token, py::arg("bytes_per_element") = 2.0)
        .def("tensors",
             [](const LlmConfig& model) {
                 py::dict all;
                 for (const TensorShape& tensor : tensor_shapes(model))
                     all[py::str(tensor.name)] = py::tuple(py::cast(tensor.shape));
                 return all;
             })
        .def("config_json", [](const LlmConfig& model) { return to_json(model).dump(2); });
    module.def("model_names", &llm_names);
}

}  // namespace

void bind_models(py::module_& module) {
    bind_chip(module);
    bind_system(module);
    bind_llm(module);
}

}  // namespace superlane::python
