# SPDX-License-Identifier: Apache-2.0
"""The key of a point: changed by every axis, and by nothing that decides no figure."""
import pathlib
import shutil

import pytest
from superlane.sweep import evaluate as simulator

DRAM = {"dram.channels_per_hemisphere": 4, "dram.mib": 1000}  # a chip has both or neither
SYSTEM = {**DRAM, "model": "llama-2-7b", "dtype": "int8", "system": "tsp-v1-rack", "layers": 1, "draft": "mistral-7b", "speculate": 2,
          "acceptance": 0.5, "context": 256}
CHIP = {"model": "llama-2-7b", "dtype": "int8", "layers": 1}
NAMES = {"model": "llama-3-8b", "chip": "wide", "system": "tsp-v1-node", "dtype": "fp16", "scheduler": "asap", "exchange": "fp32",
         "embedding": "chip", "dead": [3], "draft": "llama-2-13b", "draft_dtype": "int8", "acceptance": 0.25,
         "prices": "market-2024"}
SAME = {"prices"}  # a set without parameters of the cost changes no figure of chips


def others(name, row):
    """Values that are not the default; some do not go together with the rest of the point."""
    if name in NAMES:
        return [NAMES[name]]
    if "low" not in row:
        return [3]
    default = float(row["default"])
    step = 1 if row["whole"] else (row["high"] - row["low"]) / 1e5
    return [value for value in (default + step, default * 2, default / 2, default - step, row["low"], row["high"])
            if value != default and row["low"] <= value <= row["high"] and (not row["whole"] or value == int(value))]


@pytest.mark.parametrize("base", [{**CHIP, **DRAM}, SYSTEM], ids=["chip", "system"])
def test_every_axis_changes_the_key(base):
    known = {name: row for name, row in simulator.known_axes().items() if row["table"] != "gpu"}
    tried = [(name, {**base, name: value}) for name, row in known.items() for value in others(name, row)]
    answers = simulator.resolve([base, *(point for _, point in tried)])
    keys = {}
    for (name, _), answer in zip(tried, answers[1:]):
        if "key" in answer:
            keys.setdefault(name, set()).add(answer["key"])
    blind = {name for name, found in keys.items() if answers[0]["key"] in found} - SAME
    assert not blind
    needs_system = {"exchange", "embedding", "dead", *(n for n, row in known.items() if row["table"] == "system")}
    needs_draft = {"draft", "speculate", "draft_dtype", "acceptance", "acceptance_seed"}
    missing = set(known) - set(keys) - (needs_system | needs_draft if "system" not in base else {"chip"})
    assert not {name for name in missing if not name.startswith("topology.")}


def test_names_and_numbers_written_otherwise_do_not_change_the_key(tmp_path):
    models = pathlib.Path(__file__).resolve().parents[2] / "models"
    shutil.copy(models / "chips" / "tsp-v1.json", tmp_path / "mine.json")
    (tmp_path / "model").mkdir()
    shutil.copy(models / "llms" / "llama-2-7b.json", tmp_path / "model" / "config.json")
    answers = simulator.resolve([CHIP, {**CHIP, "chip": str(tmp_path / "mine.json")}, {**CHIP, "context": 256, "tp": 1, "clock.mhz": 900.0},
                                 {**CHIP, "model": str(tmp_path / "model")}])
    assert len({answer["key"] for answer in answers}) == 1


def test_a_mistake_names_axis_and_nearest():
    (answer,) = simulator.resolve([{**CHIP, "mem.bank": 2}])
    assert "unknown axis 'mem.bank'" in answer["error"] and "mem.banks" in answer["error"]


def test_every_axis_of_gpus_changes_their_key():
    known = simulator.known_axes()
    base = {"gpu": "h100", "model": "llama-2-7b", "prices": "market-2024"}
    values = {"gpu": ["rtx-4090"], "new_tokens": [2], "tp": [2], "batch": [2], "context": [512], "dtype": ["int8"], "model": ["llama-3-8b"],
              "prices": [None], **{name: [row["low"], row["high"]] for name, row in known.items() if row["table"] == "gpu" and "low" in row}}
    tried = [(name, {**base, name: value}) for name, each in values.items() for value in each]
    first, *answers = simulator.resolve([base, *(point for _, point in tried)])
    changed = {name for (name, _), answer in zip(tried, answers) if answer.get("key", first["key"]) != first["key"]}
    assert set(values) - changed == set()


def test_chips_and_gpus_meet_in_one_table():
    from superlane.sweep import sweep
    result = sweep({"fixed": {"model": "llama-2-7b", "prices": "market-2024", "dtype": "int8"}, "search": "zip",
                    "axes": {"gpu": [None, "h100", "h100"], "layers": [1, None, None], "batch": [1, 64, 100000]}}, workers=1)
    assert [row["state"] for row in result.rows] == ["done", "done", "failed"]
    assert all(row["usd_per_million_tokens"] > 0 for row in result.rows[:2]) and "does not fit" in result.rows[2]["reason"]
