// SPDX-License-Identifier: Apache-2.0
// Area, power and cost: the formulas of docs/cost.md by hand, the published figures, and what users can get wrong.
#include "models/cost.hpp"

#include <cmath>
#include <numbers>

#include "models/chip_cost.hpp"
#include "tests/models/support.hpp"

using namespace superlane;
using namespace superlane::models;

namespace {

#define EXPECT_IN(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

double part(const std::vector<Contributor>& contributors, std::string_view name) {
    for (const Contributor& one : contributors)
        if (one.name == name) return one.amount;
    ADD_FAILURE() << name;
    return 0;
}

std::string refused_prices(const std::string& text) {
    const Scratch scratch;
    scratch.write("mine.json", text);
    return message_of([&] { load_prices((scratch / "mine.json").string()); });
}

}  // namespace

TEST(ChipArea, TheFactorIsTheOneThatGivesThePublishedDie) {
    Chip chip = load_chip("tsp-v1");
    EXPECT_NEAR(die_mm2(chip), 725, 0.1);
    const double used = chip.area_factor;
    chip.area_factor = 1;
    EXPECT_NEAR(725 / die_mm2(chip), used, 1e-3);
}

TEST(ChipArea, PartsByHand) {
    const Chip chip = load_chip("tsp-v1", {"area.factor=1"});
    const auto area = chip_area(chip);
    EXPECT_NEAR(part(area, "SRAM"), 230686720.0 * 8 * 137 / 128 * 0.064e-6, 1e-9);
    EXPECT_NEAR(part(area, "MXM cells"), 409600 * 150e-6, 1e-9);
    EXPECT_NEAR(part(area, "VXM ALUs"), 5120 * 4000e-6, 1e-9);
    EXPECT_NEAR(part(area, "SXM"), 2 * 320 * 6000e-6, 1e-9);
    EXPECT_NEAR(part(area, "instruction queues"), 144 * 50000e-6, 1e-9);
    EXPECT_NEAR(part(area, "links"), 16 * 1.2, 1e-9);
    EXPECT_NEAR(part(area, "host, clocks, pads"), 25, 1e-9);
    const double positions = 5 + 2 * (11 + 9) + 1;  // VXM, then 11 hops of MEM and 9 to the MXM on each side
    const double bits = 64 * 320 * 8 * positions + 4 * 320 * (64 * 8 + 64 * 32) + 16 * 32 * 320 * 8;
    EXPECT_NEAR(part(area, "stream registers, buffers"), bits * 1.5e-6, 1e-9);
}

TEST(ChipPower, FullRateIsThePublishedPowerAndIdleIsBelowTheAverage) {
    Chip chip = load_chip("tsp-v1");
    EXPECT_NEAR(sum(chip_power(chip)), 215, 0.1);
    EXPECT_LT(static_watts(chip), 185);
    const double used = chip.energy_factor;
    chip.energy_factor = 1;
    EXPECT_NEAR(215 / sum(chip_power(chip)), used, 1e-3);
}

TEST(ChipPower, PartsByHand) {
    const Chip chip = load_chip("tsp-v1", {"energy.factor=1"});
    const auto power = chip_power(chip);
    const double hertz = 900e6, pj = 1e-12;
    EXPECT_NEAR(part(power, "SRAM"), 20480 * 0.6 * pj * hertz, 1e-9);
    EXPECT_NEAR(part(power, "streams"), 20480 * 46 * 0.05 * pj * hertz, 1e-9);
    EXPECT_NEAR(part(power, "MXM"), 102400 * 0.6 * pj * hertz, 1e-9);  // fp16, at a quarter of the int8 rate
    EXPECT_NEAR(part(power, "VXM"), 5120 * 1.5 * pj * hertz, 1e-9);
    EXPECT_NEAR(part(power, "SXM"), 2 * 9 * 320 * 0.2 * pj * hertz, 1e-9);
    EXPECT_NEAR(part(power, "links"), 16 * 328.0 / 27 * 50 * pj * hertz, 1e-9);
    EXPECT_NEAR(part(power, "leakage, clock tree"), 0.124 * die_mm2(chip), 1e-9);
}

TEST(ChipPower, EnergyIsCountTimesRow) {
    const Chip chip = load_chip("tsp-v1", {"energy.factor=2"});
    const auto energy = dynamic_energy(chip, {.sram_bytes = 10, .macs_int8 = 100, .link_bytes = 3});
    EXPECT_NEAR(sum(energy), 2e-12 * (10 * 0.6 + 100 * 0.12 + 3 * 50), 1e-24);
}

TEST(ChipCost, AChangedChipChangesAreaPowerAndPrice) {
    const Chip chip = load_chip("tsp-v1");
    for (const char* change : {"mem.slices_per_hemisphere=60", "mxm.planes_per_hemisphere=1", "vxm.alus=32",
                               "c2c.links=32", "stream.count=64", "area.factor=3"}) {
        const Chip other = load_chip("tsp-v1", {change});
        EXPECT_NE(die_mm2(other), die_mm2(chip)) << change;
        EXPECT_NE(sum(chip_power(other)), sum(chip_power(chip))) << change;
        EXPECT_NE(chip_cost({}, die_mm2(other), 200).die_usd, chip_cost({}, die_mm2(chip), 200).die_usd) << change;
    }
    EXPECT_GT(sum(chip_power(load_chip("tsp-v1", {"clock.mhz=1000"}))), sum(chip_power(chip)));
}

TEST(ChipCost, DiesYieldAndPriceByHand) {
    const CostParameters cost;
    const double side = std::sqrt(725.0) + 0.1, area = side * side, diameter = 294;
    const double dies =
        std::floor(std::numbers::pi * 147 * 147 / area - std::numbers::pi * diameter / std::sqrt(2 * area));
    EXPECT_EQ(dies_per_wafer(cost, 725), dies);
    EXPECT_EQ(dies, 68);
    EXPECT_NEAR(die_yield(cost, 725), std::pow(1 + 0.1 * 7.25 / 3, -3), 1e-12);
    const ChipCost chip = chip_cost(cost, 725, 215);
    EXPECT_NEAR(chip.die_usd, 6000 / (dies * chip.yield), 1e-9);
    EXPECT_NEAR(chip.owning_usd_per_hour, (chip.die_usd + 100 + 1000) / (4 * 8766), 1e-12);
    EXPECT_NEAR(chip.power_usd_per_hour, 0.388 * 1.3 * 0.1, 1e-12);  // 388 W a chip at system level (SHIP)
    EXPECT_NEAR(chip.usd_per_hour(), chip.owning_usd_per_hour + chip.power_usd_per_hour, 1e-15);
    EXPECT_FALSE(chip.beyond_reticle);
    EXPECT_TRUE(chip_cost(cost, 900, 215).beyond_reticle);
}

TEST(ChipCost, YieldGoesToPoissonWithoutClustersAndToOneWithoutDefects) {
    CostParameters cost;
    cost.cluster = 1000;
    EXPECT_NEAR(die_yield(cost, 725), std::exp(-0.725), 1e-3);
    cost.defects_per_cm2 = 0;
    EXPECT_EQ(die_yield(cost, 725), 1);
}

TEST(ChipCost, DoublingAllPricesDoublesTheCost) {
    CostParameters twice;
    twice.wafer_usd *= 2, twice.package_usd *= 2, twice.board_usd *= 2, twice.usd_per_kwh *= 2;
    EXPECT_NEAR(chip_cost(twice, 725, 200).usd_per_hour(), 2 * chip_cost({}, 725, 200).usd_per_hour(), 1e-12);
}

TEST(Cost, TokensByHand) {
    EXPECT_NEAR(usd_per_million_tokens(22.12, 1000), 22.12 / 3.6, 1e-12);
    EXPECT_NEAR(usd_per_million_tokens(2 * 22.12, 1000), 2 * usd_per_million_tokens(22.12, 1000), 1e-12);
}

TEST(Prices, ShippedSetsHaveDateSourceAndTheirPrices) {
    EXPECT_EQ(price_set_names(), (std::vector<std::string>{"edge", "lamina-v2", "market-2024"}));
    for (const std::string& name : price_set_names()) {
        const PriceSet prices = load_prices(name);
        EXPECT_FALSE(prices.source.empty() || prices.date.empty() || prices.mark.empty()) << name;
    }
    const PriceSet lamina = load_prices("lamina-v2");
    EXPECT_NEAR(lamina.usd_per_hour("h100") + 2 * lamina.usd_per_hour("h20"), 20.32, 1e-9);  // as the paper adds them
    EXPECT_NEAR(2 * lamina.usd_per_hour("h100"), 22.12, 1e-9);
    EXPECT_EQ(load_prices("market-2024").usd_per_hour("a100-80"), 1.79);
}

TEST(Prices, AFileSetsParametersToo) {
    const Scratch scratch;
    scratch.write("mine.json", R"({"source": "us", "date": "2026", "mark": "A", "parameters": {"wafer.usd": 5000}})");
    const PriceSet prices = load_prices((scratch / "mine.json").string());
    EXPECT_EQ(prices.parameters.wafer_usd, 5000);
    EXPECT_EQ(prices.origins.at("wafer.usd"), "mine");
    EXPECT_IN(message_of([&] { prices.usd_per_hour("h100"); }),
              "price set 'mine' has no price for 'h100'; it has no prices of devices");
}

TEST(Prices, MistakesAreNamed) {
    EXPECT_IN(message_of([] { load_prices("lamina"); }), "unknown price set 'lamina' (nearest: 'lamina-v2')");
    EXPECT_IN(message_of([] { load_prices("lamina-v2").usd_per_hour("h10"); }),
              "price set 'lamina-v2' has no price for 'h10' (nearest: 'h100'); it has h100, h20, tpu-v6e");
    EXPECT_IN(refused_prices(R"({"source": "x", "date": "2024", "mark": "A", "usd_per_hour": {"h100": -1}})"),
              "usd_per_hour: h100 = -1: must be more than 0");
    EXPECT_IN(refused_prices(R"({"source": "x", "date": "2024", "mark": "A", "parameters": {"wafer.us": 1}})"),
              "unknown parameter 'wafer.us' (nearest: 'wafer.usd')");
    EXPECT_IN(refused_prices(R"({"source": "x", "date": "2024", "mark": "A", "parameters": {"life.years": 0}})"),
              "life.years = 0 is not allowed: a number from 0.1 to 100 (years)");
    EXPECT_IN(refused_prices(R"({"source": "x", "mark": "A"})"), "key 'date' is missing");
    EXPECT_IN(refused_prices(R"({"price": {}})"), "unknown key 'price'");
    EXPECT_IN(message_of([] { chip_cost({}, 80000, 1); }), "a die of 80000 mm2 does not fit a wafer of 300 mm");
}
