# SPDX-License-Identifier: Apache-2.0
"""Bayesian search through Optuna. Points are asked for in batches and told in order, so that equal seeds choose equal
points however many workers there are; a search that was killed asks the same again, and finds their results."""
import math

from ..errors import optional


def _optuna():
    optuna = optional("optuna", "search 'optuna'")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


class Search:
    """`ask` for points, `tell` what came of them."""

    def __init__(self, spec):
        self._optuna = _optuna()
        self._spec = spec
        self._study = self._optuna.create_study(
            directions=["minimize" if sense == "min" else "maximize" for sense in spec.objectives.values()],
            sampler=self._optuna.samplers.TPESampler(seed=spec.options["seed"]))
        self._left = spec.options["points"]
        self._trials = []

    def _suggest(self, trial, domain):
        """Levels are chosen by number, so that lists and texts can be levels too and an order is known."""
        if domain.levels:
            return domain.levels[trial.suggest_int(domain.name, 0, len(domain.levels) - 1)]
        if domain.whole:
            return trial.suggest_int(domain.name, domain.low, domain.high, log=domain.log)
        return trial.suggest_float(domain.name, domain.low, domain.high, log=domain.log)

    def ask(self):
        """The next batch, [] at the end."""
        count = min(self._left, self._spec.options["batch"])
        self._left -= count
        self._trials = [self._study.ask() for _ in range(count)]
        return [{each.name: self._suggest(trial, each) for each in self._spec.domains.values()} for trial in self._trials]

    def tell(self, rows):
        """One row a point of the batch; None, or a row without the objectives, counts as a failed trial."""
        fail = self._optuna.trial.TrialState.FAIL
        for trial, row in zip(self._trials, rows):
            values = [row.get(metric) if row and row["feasible"] else None for metric in self._spec.objectives]
            if all(isinstance(value, (int, float)) and math.isfinite(value) for value in values):
                self._study.tell(trial, values)
            else:
                self._study.tell(trial, state=fail)
