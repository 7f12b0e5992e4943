# SPDX-License-Identifier: Apache-2.0
"""Expressions over axes and metrics, as "batch * context <= 65536": numbers, names, comparisons; no Python is run."""
import ast
import math
import operator

from .errors import SweepError

_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
           ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
           ast.Pow: lambda a, b: math.pow(a, b)}  # of floats: ends soon, however large
_COMPARE = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
            ast.NotEq: operator.ne, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b}
_CALLS = {"min": min, "max": max, "abs": abs, "ceil": math.ceil, "floor": math.floor, "log2": math.log2}


class Expression:
    """A parsed expression: `names` are what it reads, calling it with their values gives its value."""

    def __init__(self, text):
        self.text = text
        try:
            self._tree = ast.parse(text, mode="eval").body
        except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError) as error:
            raise SweepError(f"expression '{text}': {getattr(error, 'msg', error)}") from None
        self.names = set()
        self._check(self._tree)

    def __call__(self, values):
        try:
            return self._value(self._tree, values)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise SweepError(f"expression '{self.text}': {error}") from None

    def _refuse(self, node):
        raise SweepError(f"expression '{self.text}': {ast.unparse(node)!r} is not allowed; allowed are numbers, texts, "
                         f"names, + - * / // % **, comparisons, in, and, or, not, {', '.join(_CALLS)}")

    def _dotted(self, node):
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute):
            return self._dotted(node.value) + "." + node.attr
        return self._refuse(node)

    def _check(self, node):
        if isinstance(node, (ast.Name, ast.Attribute)):
            self.names.add(self._dotted(node))
        elif isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id not in _CALLS or node.keywords:
                self._refuse(node)
            self._check_all(node.args)
        elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            self._check_all([node.left, node.right])
        elif isinstance(node, ast.Compare) and all(type(op) in _COMPARE for op in node.ops):
            self._check_all([node.left, *node.comparators])
        elif isinstance(node, ast.BoolOp):
            self._check_all(node.values)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.UAdd)):
            self._check(node.operand)
        elif isinstance(node, (ast.Tuple, ast.List)):
            self._check_all(node.elts)
        elif not (isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str))):
            self._refuse(node)

    def _check_all(self, nodes):
        for node in nodes:
            self._check(node)

    def _value(self, node, values):
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, (ast.Name, ast.Attribute)):
            return values[self._dotted(node)]
        if isinstance(node, ast.Call):
            return _CALLS[node.func.id](*(self._value(each, values) for each in node.args))
        if isinstance(node, ast.BinOp):
            sides = self._value(node.left, values), self._value(node.right, values)
            if not all(isinstance(side, (int, float)) for side in sides):
                raise TypeError(f"{ast.unparse(node)!r} is arithmetic on something that is no number")
            return _BINARY[type(node.op)](*sides)
        if isinstance(node, ast.Compare):
            sides = [self._value(each, values) for each in [node.left, *node.comparators]]
            return all(_COMPARE[type(op)](a, b) for op, a, b in zip(node.ops, sides, sides[1:]))
        if isinstance(node, ast.BoolOp):
            both = isinstance(node.op, ast.And)
            return (all if both else any)(self._value(each, values) for each in node.values)
        if isinstance(node, ast.UnaryOp):
            value = self._value(node.operand, values)
            return not value if isinstance(node.op, ast.Not) else -value if isinstance(node.op, ast.USub) else value
        return [self._value(each, values) for each in node.elts]
