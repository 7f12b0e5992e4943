# SPDX-License-Identifier: Apache-2.0
# scripts/measure_gpu.py without PyTorch and GPU: its help, its refusal, and that the file it writes is one that the program reads.
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/measure_gpu.py"
PROGRAM = sys.argv.pop(1)


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False)


class MeasureGpu(unittest.TestCase):
    # -S and -E: whatever is installed here, PyTorch is not found.
    def test_help_needs_no_torch(self):
        done = run(sys.executable, "-S", "-E", SCRIPT, "--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--fp16-tflops", done.stdout)

    def test_without_torch_one_line_says_so(self):
        done = run(sys.executable, "-S", "-E", SCRIPT, "-o", "x.json", "--fp16-tflops", "1", "--tb-per-s", "1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "measure_gpu.py needs PyTorch: pip install torch\n")

    def test_the_file_is_read_and_fitted(self):
        spec = importlib.util.spec_from_file_location("measure_gpu", SCRIPT)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        options = types.SimpleNamespace(name="mine", inherits="l4", tb_per_s=1.0, fp16_tflops=100.0)
        layers, shapes = script.MODELS["llama-2-7b"]
        weights = layers * sum(inputs * outputs for inputs, outputs in shapes)
        rows = [{"what": "gemm", "use": "fit", "model": "llama-2-7b", "tp": 1, "tokens": tokens,  # 0.8 and 0.5 of the peaks
                 "ms": 1e3 * ((2 * weights / 0.8e12) ** 2 + (2 * weights * -(-tokens // 64) * 64 / 0.5e14) ** 2) ** 0.5}
                for tokens in script.TOKENS]
        found = script.device_file(options, "a card", 24.0, "2026-01-01", rows, (0.9e12, 11.0), 0.7e12)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "mine.json"
            file.write_text(json.dumps(found))
            done = run(PROGRAM, "describe", "gpu", file, "--fit")
            self.assertEqual(done.returncode, 0, done.stderr)
            fitted = dict(line.split()[:2] for line in done.stdout.split("in the file")[1].splitlines() if len(line.split()) == 3)
            self.assertAlmostEqual(float(fitted["gemm.compute_share"]), 0.5, delta=0.01)
            self.assertAlmostEqual(float(fitted["gemm.bandwidth_share"]), 0.8, delta=0.02)
            again = json.loads(run(PROGRAM, "describe", "gpu", file, "--json", "-").stdout)
            self.assertEqual(again["parameters"]["attention.bandwidth_share"]["value"], 0.9)

    def test_products_are_those_of_the_models(self):
        spec = importlib.util.spec_from_file_location("measure_gpu", SCRIPT)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        for name, (layers, shapes) in script.MODELS.items():
            model = json.loads((SCRIPT.parents[1] / f"models/llms/{name}.json").read_text())
            hidden, ffn = model["hidden_size"], model["intermediate_size"]
            self.assertEqual(layers, model["num_hidden_layers"])
            self.assertEqual(shapes, [(hidden, 3 * hidden), (hidden, hidden), (hidden, 2 * ffn), (ffn, hidden)])


if __name__ == "__main__":
    unittest.main()
