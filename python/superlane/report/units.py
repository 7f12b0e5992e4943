# SPDX-License-Identifier: Apache-2.0
"""Numbers with their units: a result names the unit in the key, as `latency_us_per_token`."""

ENDINGS = {  # of a key; the longest that fits decides
    "tokens_per_second_per_user": "tokens/s", "tokens_per_second": "tokens/s", "requests_per_second": "requests/s",
    "usd_per_million_tokens": "USD per million tokens", "usd_per_hour": "USD/h", "us_per_token": "us a token",
    "cycles_per_token": "cycles a token", "bytes_per_cycle": "B/cycle", "bytes_per_token": "B a token", "gbytes_per_s_per_chip": "GB/s",
    "gbytes_per_s": "GB/s", "tbytes_per_s": "TB/s", "chip_cycles_per_s": "cycles/s", "energy_per_token": "J a token",
    "energy_per_output_token": "J a token", "int8_tops": "T operations/s", "fp16_tflops": "T operations/s",
    "utilisation": "%", "share": "%", "attainment": "%", "yield": "%", "share_of_peak": "%", "error": "%",
    "cycles": "cycles", "bytes": "B", "tokens": "tokens", "chips": "chips", "mm2": "mm2", "watts": "W",
    "_gb": "GB", "_us": "us", "_ms": "ms", "_s": "s", "_j": "J", "_w": "W", "_usd": "USD", "usd": "USD",
    "layers": "layers", "context": "positions", "batch": "requests", "requests": "requests", "requests_in_flight": "requests",
    "nodes": "nodes", "racks": "racks", "cables": "cables", "hops": "hops", "stages": "stages", "steps": "steps", "pages": "pages",
    "distinct_programs": "programs", "devices": "devices", "words": "words", "us": "us"}
IN_PARENTS = {"memory_bytes": "B", "operator_kinds": "cycles", "power_w": "W", "area_mm2": "mm2"}  # objects of one unit


def unit_of(key):
    """Unit of a dotted key; "" of what is a count or a name."""
    parts = key.split(".")
    for parent in reversed(parts[:-1]):
        if parent in IN_PARENTS:
            return IN_PARENTS[parent]
    for part in reversed(parts):  # latency_s.p50 has its unit in front of the percentile
        found = max((ending for ending in ENDINGS if part.endswith(ending)), key=len, default=None)
        if found:
            return ENDINGS[found]
        if part not in ("mean", "max", "min", "p50", "p90", "p95", "p99", "slowest_1_percent"):
            return ""
    return ""


def shown(value, unit=""):
    """A value as text, grouped by thousands; shares in percent."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        if unit == "%":
            return f"{100 * value:,.4g} %"
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.6g}" if abs(value) < 1e6 or abs(value) >= 1e15 else f"{value:,.0f}"
        return f"{text} {unit}".rstrip()
    return str(value)
