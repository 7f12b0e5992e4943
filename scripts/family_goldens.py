# SPDX-License-Identifier: Apache-2.0
# Writes tests/workloads/data/family_logits.json: logits of tiny checkpoints by the `transformers` package (with torch).
#
# First: SUPERLANE_SAVE_FAMILIES=DIR build/workloads_tests --gtest_filter='PublishedImplementation*' saves the checkpoints.
# Then:  python3 scripts/family_goldens.py DIR
import json
import pathlib
import sys

import torch
import transformers

TOKENS = [3, 16, 0, 5, 5, 9, 1, 12]


def logits(directory):
    config = transformers.AutoConfig.from_pretrained(directory)
    if config.model_type == "dbrx":  # version 5 looks for theta in another place than the published files have it
        config.rope_parameters = {"rope_type": "default", "rope_theta": config.attn_config.rope_theta}
    model = transformers.AutoModelForCausalLM.from_pretrained(
        directory, config=config, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager")
    with torch.no_grad():
        return model.eval()(torch.tensor([TOKENS])).logits[0].tolist()


def main():
    goldens = {"made_by": f"transformers {transformers.__version__}", "tokens": TOKENS, "logits": {}}
    for directory in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        if directory.name != "grok1":  # not part of the package
            goldens["logits"][directory.name] = [[round(value, 5) for value in row] for row in logits(directory)]
    target = pathlib.Path(__file__).parent.parent / "tests/workloads/data/family_logits.json"
    target.parent.mkdir(exist_ok=True)
    rows = ",\n".join(f'    "{name}": [\n' + ",\n".join(f"      {json.dumps(row)}" for row in rows) + "\n    ]"
                      for name, rows in goldens["logits"].items())
    target.write_text(f'{{\n  "made_by": "{goldens["made_by"]}",\n  "tokens": {TOKENS},\n  "logits": {{\n{rows}\n  }}\n}}\n')


if __name__ == "__main__":
    main()
