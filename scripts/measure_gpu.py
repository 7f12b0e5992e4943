# SPDX-License-Identifier: Apache-2.0
# Measures a GPU at the points that the model is fitted on and writes a device file: needs PyTorch and the GPU.
import argparse
import datetime
import json
import statistics

# Products of one layer, (inputs, outputs), and layers: the shapes of models/llms/*.json on one device.
MODELS = {
    "llama-2-7b": (32, [(4096, 12288), (4096, 4096), (4096, 22016), (11008, 4096)]),
    "llama-2-13b": (40, [(5120, 15360), (5120, 5120), (5120, 27648), (13824, 5120)]),
}
TOKENS = [1, 16, 64, 128, 256, 384, 512, 768, 1024, 2048, 4096]
HEADS, HEAD_DIM = 32, 128
BATCHES, CONTEXTS = [1, 16, 64], [512, 2048, 8192]


def arguments():
    parser = argparse.ArgumentParser(description="Measure products over tokens, attention over context and batch, and copy on a GPU; "
                                     "write them as a device file for `superlane describe gpu FILE --fit`.")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.json", help="the device file")
    parser.add_argument("--name", default="measured", help="name of the device (default: measured)")
    parser.add_argument("--inherits", default="h100", help="the device whose values hold for what is not measured (default: h100)")
    parser.add_argument("--fp16-tflops", type=float, required=True, help="published dense fp16 peak, TFLOPS")
    parser.add_argument("--tb-per-s", type=float, required=True, help="published memory bandwidth, TB/s")
    parser.add_argument("--model", choices=MODELS, action="append", help="whose products are measured (default: all)")
    parser.add_argument("--repeats", type=int, default=20, help="times each is run; the median counts (default: 20)")
    return parser.parse_args()


class Clock:
    """Median time of a kernel on the device, seconds; the cache is flushed before each run, as other layers would."""

    def __init__(self, torch, repeats):
        self.torch, self.repeats = torch, repeats
        self.flush = torch.empty(512 * 2**20, dtype=torch.int8, device="cuda")

    def time(self, work):
        work()
        times = []
        for _ in range(self.repeats):
            self.flush.zero_()
            start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            work()
            end.record()
            end.synchronize()
            times.append(start.elapsed_time(end) / 1e3)
        return statistics.median(times)


def measure_products(torch, clock, names):
    rows = []
    for name in names:
        layers, shapes = MODELS[name]
        for index, tokens in enumerate(TOKENS):
            seconds = 0
            for inputs, outputs in shapes:
                x = torch.randn(tokens, inputs, dtype=torch.float16, device="cuda")
                w = torch.randn(outputs, inputs, dtype=torch.float16, device="cuda")
                seconds += clock.time(lambda x=x, w=w: torch.nn.functional.linear(x, w))
            rows.append({"what": "gemm", "use": "check" if index % 2 else "fit", "model": name, "tp": 1, "tokens": tokens,
                         "ms": round(1e3 * layers * seconds, 4)})
    return rows


def measure_attention(torch, clock):
    """Decode attention of one layer: the largest bytes of keys and values a second, B/s, and the least time, us."""
    best, least = 0.0, float("inf")
    for batch in BATCHES:
        for context in CONTEXTS:
            q = torch.randn(batch, HEADS, 1, HEAD_DIM, dtype=torch.float16, device="cuda")
            k = torch.randn(batch, HEADS, context, HEAD_DIM, dtype=torch.float16, device="cuda")
            v = torch.randn_like(k)
            seconds = clock.time(lambda q=q, k=k, v=v: torch.nn.functional.scaled_dot_product_attention(q, k, v))
            best = max(best, 2 * k.numel() * 2 / seconds)
            least = min(least, 1e6 * seconds)
    return best, least


def measure_copy(torch, clock):
    """Bytes read and written a second."""
    source = torch.empty(2**30, dtype=torch.int8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / clock.time(lambda: target.copy_(source))


def device_file(options, title, memory_gb, date, rows, attention, copy):
    share = lambda rate: round(min(rate / (options.tb_per_s * 1e12), 0.95), 4)
    block = lambda source, mark, parameters: {"source": source, "date": date, "mark": mark, "parameters": parameters}
    here = f"measured by scripts/measure_gpu.py on {title}"
    return {
        "name": options.name,
        "inherits": options.inherits,
        "description": f"{title}, measured; copy reaches {copy / 1e12:.3f} TB/s read and written",
        "values": [
            block("given to scripts/measure_gpu.py", "P", {"memory.tb_per_s": options.tb_per_s, "math.fp16_tflops": options.fp16_tflops}),
            block(here, "D", {"memory.gb": memory_gb, "attention.bandwidth_share": share(attention[0]),
                              "attention.ramp_us": round(attention[1], 2), "kernel.bandwidth_share": share(copy)}),
        ],
        "fitted": ["gemm.bandwidth_share", "gemm.compute_share", "gemm.ramp_us"],
        "points": [{"source": here, "rows": rows}],
    }


def main():
    options = arguments()
    try:
        import torch
    except ImportError:
        raise SystemExit("measure_gpu.py needs PyTorch: pip install torch")
    if not torch.cuda.is_available():
        raise SystemExit("measure_gpu.py: PyTorch sees no GPU")
    clock = Clock(torch, options.repeats)
    properties = torch.cuda.get_device_properties(0)
    with torch.inference_mode():
        rows = measure_products(torch, clock, options.model or MODELS)
        found = device_file(options, properties.name, round(properties.total_memory / 1e9, 2), datetime.date.today().isoformat(),
                            rows, measure_attention(torch, clock), measure_copy(torch, clock))
    with open(options.output, "w") as file:
        file.write(json.dumps(found, indent=1) + "\n")
    print(f"{options.output} written; fit it with: superlane describe gpu {options.output} --fit")


if __name__ == "__main__":
    main()
