# SPDX-License-Identifier: Apache-2.0
"""The instructions, a method each (isa/instructions.def); written by scripts/python_package.py."""
from .operands import QueueBase, Region

Operand = str | int | float | bool
Address = str | int | Region


class Queue(QueueBase):
    """An instruction queue of a program: each method appends one instruction and returns the queue.

    `at` is the cycle of dispatch, `after` cycles behind the instruction before (its last repetition); without either, the next
    cycle. A stream is "E3" or "W17"; a source of the VXM is a stream, a number, "a3" (the output of ALU 3) or "latched".
    Methods raise UserError for what the queue cannot take.
    """

    def nop(self, cycles: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Nothing for n cycles.

        In any queue; latency icu.barrier.
        """
        return self._emit("nop", None, [("unsigned", cycles)], None, at, after)

    def ifetch(self, from_: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """640 bytes of instruction text from a stream pair into this queue.

        In any queue; latency icu.barrier.
        """
        return self._emit("ifetch", None, [("stream", from_)], None, at, after)

    def sync(self, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Parks the queue until the barrier that follows the next Notify.

        In any queue; latency icu.barrier.
        """
        return self._emit("sync", None, [], None, at, after)

    def notify(self, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Releases every parked queue, icu.barrier cycles later.

        In any queue; latency icu.barrier.
        """
        return self._emit("notify", None, [], None, at, after)

    def config(self, superlanes: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Powers the first n superlanes; the others read as 0.

        In any queue; latency icu.barrier.
        """
        return self._emit("config", None, [("count", superlanes)], None, at, after)

    def repeat(self, n: int, every: int, step: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The previous instruction n more times, `every` cycles apart, its index moved by step.

        In any queue; latency icu.barrier.
        """
        return self._emit("repeat", None, [("unsigned", n), ("interval", every), ("step", step)], None, at, after)

    def read(self, address: Address, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Word at address to a stream.

        In a MEM slice (mem.*); latency mem.read.
        """
        return self._emit("read", None, [("address", address)], to, at, after)

    def write(self, address: Address, from_: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Stream to the word at address.

        In a MEM slice (mem.*); latency mem.write.
        """
        return self._emit("write", None, [("address", address), ("stream", from_)], None, at, after)

    def gather(self, base: Address, map: str, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Each superlane reads word base + its 16-bit map entry.

        In a MEM slice (mem.*); latency mem.gather.
        """
        return self._emit("gather", None, [("address", base), ("stream", map)], to, at, after)

    def scatter(self, base: Address, from_: str, map: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Each superlane writes word base + its 16-bit map entry.

        In a MEM slice (mem.*); latency mem.write.
        """
        return self._emit("scatter", None, [("address", base), ("stream", from_), ("stream", map)], None, at, after)

    def countdown(self, cycles: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Cycles between iterations of the next access (default 1).

        In a MEM slice (mem.*); latency mem.read.
        """
        return self._emit("countdown", None, [("unsigned", cycles)], None, at, after)

    def step(self, words: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Words added to the address each iteration (default 1).

        In a MEM slice (mem.*); latency mem.read.
        """
        return self._emit("step", None, [("signed", words)], None, at, after)

    def iterations(self, n: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The next access runs n times, by the slice's address generator.

        In a MEM slice (mem.*); latency mem.read.
        """
        return self._emit("iterations", None, [("unsigned", n)], None, at, after)

    def mov(self, dtype: str, x: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """X.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("mov", dtype, [("source", x)], to, at, after)

    def neg(self, dtype: str, x: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """-x.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("neg", dtype, [("source", x)], to, at, after)

    def abs(self, dtype: str, x: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """|x|; saturating for integers.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("abs", dtype, [("source", x)], to, at, after)

    def not_(
            self, dtype: str, x: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Complement of every bit (logical for bool).

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, bool.
        """
        return self._emit("not", dtype, [("source", x)], to, at, after)

    def relu(
            self, dtype: str, x: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Max(x, 0).

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("relu", dtype, [("source", x)], to, at, after)

    def tanh(
            self, dtype: str, x: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Hyperbolic tangent.

        In an ALU (vxm.*); latency vxm.special.
        Types: f16, f32.
        """
        return self._emit("tanh", dtype, [("source", x)], to, at, after)

    def exp(self, dtype: str, x: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """E to the x.

        In an ALU (vxm.*); latency vxm.special.
        Types: f16, f32.
        """
        return self._emit("exp", dtype, [("source", x)], to, at, after)

    def rsqrt(
            self, dtype: str, x: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """1 / sqrt(x).

        In an ALU (vxm.*); latency vxm.special.
        Types: f16, f32.
        """
        return self._emit("rsqrt", dtype, [("source", x)], to, at, after)

    def add(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """X + y, modulo for integers.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("add", dtype, [("source", x), ("source", y)], to, at, after)

    def sub(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """X - y, modulo for integers.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("sub", dtype, [("source", x), ("source", y)], to, at, after)

    def mul(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """X * y, modulo for integers.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("mul", dtype, [("source", x), ("source", y)], to, at, after)

    def adds(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """X + y, clamped to the type.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32.
        """
        return self._emit("adds", dtype, [("source", x), ("source", y)], to, at, after)

    def subs(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """X - y, clamped to the type.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32.
        """
        return self._emit("subs", dtype, [("source", x), ("source", y)], to, at, after)

    def muls(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """X * y, clamped to the type.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32.
        """
        return self._emit("muls", dtype, [("source", x), ("source", y)], to, at, after)

    def max(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The larger of x and y.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("max", dtype, [("source", x), ("source", y)], to, at, after)

    def min(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The smaller of x and y.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("min", dtype, [("source", x), ("source", y)], to, at, after)

    def and_(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Bitwise and.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, bool.
        """
        return self._emit("and", dtype, [("source", x), ("source", y)], to, at, after)

    def or_(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Bitwise or.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, bool.
        """
        return self._emit("or", dtype, [("source", x), ("source", y)], to, at, after)

    def xor(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Bitwise exclusive or.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, bool.
        """
        return self._emit("xor", dtype, [("source", x), ("source", y)], to, at, after)

    def shl(
            self, dtype: str, x: Operand, bits: Operand, to: str | None = None, *, at: int | None = None, after: int | None =
            None) -> "Queue":
        """X << bits; 0 when bits >= width.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32.
        """
        return self._emit("shl", dtype, [("source", x), ("source", bits)], to, at, after)

    def shr(
            self, dtype: str, x: Operand, bits: Operand, to: str | None = None, *, at: int | None = None, after: int | None =
            None) -> "Queue":
        """X >> bits, arithmetic for signed types.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32.
        """
        return self._emit("shr", dtype, [("source", x), ("source", bits)], to, at, after)

    def eq(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Bool: x == y.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("eq", dtype, [("source", x), ("source", y)], to, at, after)

    def lt(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Bool: x < y.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("lt", dtype, [("source", x), ("source", y)], to, at, after)

    def le(
            self, dtype: str, x: Operand, y: Operand, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Bool: x <= y.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("le", dtype, [("source", x), ("source", y)], to, at, after)

    def mask(
            self, dtype: str, x: Operand, keep: Operand, to: str | None = None, *, at: int | None = None, after: int | None =
            None) -> "Queue":
        """X where keep (bool) is not 0, else 0.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("mask", dtype, [("source", x), ("source", keep)], to, at, after)

    def cvt(
            self, dtype: str, x: Operand, type: str, to: str | None = None, *, at: int | None = None, after: int | None = None) -> "Queue":
        """X in another type; to integer: nearest even, clamped.

        In an ALU (vxm.*); latency vxm.special.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("cvt", dtype, [("source", x), ("result_type", type)], to, at, after)

    def accumulate(
            self, dtype: str, x: Operand, op: str, n: int, to: str | None = None, *, at: int | None = None, after: int | None =
            None) -> "Queue":
        """Reduces n successive x over time; the n-th gives the result.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32.
        """
        return self._emit("accumulate", dtype, [("source", x), ("reduction", op), ("immediate", n)], to, at, after)

    def latch(self, dtype: str, x: Operand, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Holds x as this ALU's `latched` operand from the next cycle on.

        In an ALU (vxm.*); latency vxm.op.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("latch", dtype, [("source", x)], None, at, after)

    def lw(self, dtype: str, from_: str, vectors: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """`vectors` weight vectors into the next rows of the load buffer.

        In an MXM weights port (mxm.*.weights); latency mxm.activation_in.
        Types: i8, f16.
        """
        return self._emit("lw", dtype, [("stream", from_), ("count", vectors)], None, at, after)

    def iw(self, dtype: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Load buffer to the array; rows not loaded become 0; the next load starts at row 0.

        In an MXM activations port (mxm.*.activations); latency mxm.install_ripple.
        Types: i8, f16.
        """
        return self._emit("iw", dtype, [], None, at, after)

    def abc(self, dtype: str, from_: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """One activation vector from a stream through the array.

        In an MXM activations port (mxm.*.activations); latency mxm.activation_in.
        Types: i8, f16.
        """
        return self._emit("abc", dtype, [("stream", from_)], None, at, after)

    def abc_hold(
            self, dtype: str, from_: str, vectors: int, slot: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """`vectors` activation vectors into the buffer's slots, nothing computed.

        In an MXM activations port (mxm.*.activations); latency mxm.activation_in.
        Types: i8, f16.
        """
        return self._emit("abc.hold", dtype, [("stream", from_), ("count", vectors), ("slot", slot)], None, at, after)

    def abc_play(self, dtype: str, slot: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The activation vector of a slot through the array.

        In an MXM activations port (mxm.*.activations); latency mxm.activation_in.
        Types: i8, f16.
        """
        return self._emit("abc.play", dtype, [("slot", slot)], None, at, after)

    def acc_set(self, dtype: str, slot: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The result that leaves the array, into an accumulator slot.

        In an MXM accumulate port (mxm.*.accumulate); latency mxm.activation_in.
        Types: i8, f16.
        """
        return self._emit("acc.set", dtype, [("slot", slot)], None, at, after)

    def acc_add(self, dtype: str, slot: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The result that leaves the array, added to an accumulator slot.

        In an MXM accumulate port (mxm.*.accumulate); latency mxm.activation_in.
        Types: i8, f16.
        """
        return self._emit("acc.add", dtype, [("slot", slot)], None, at, after)

    def acc_emit(self, dtype: str, slot: int, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """An accumulator slot (int32 or fp32) to four streams.

        In an MXM accumulate port (mxm.*.accumulate); latency mxm.accumulate_out.
        Types: i8, f16.
        """
        return self._emit("acc.emit", dtype, [("slot", slot)], to, at, after)

    def acc_pass(self, dtype: str, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The result that leaves the array straight to four streams.

        In an MXM accumulate port (mxm.*.accumulate); latency mxm.accumulate_out.
        Types: i8, f16.
        """
        return self._emit("acc.pass", dtype, [], to, at, after)

    def shift(
            self, dtype: str, from_: str, lanes: int, to: str, *, wrap: bool = False, at: int | None = None, after: int | None =
            None) -> "Queue":
        """Lane i to lane i + n over all superlanes; zeros move in, or with wrap the lanes that fall out.

        In a permuter (sxm.*.permuter.*); latency sxm.shifter.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("shift", dtype, [("stream", from_), ("signed", lanes), ("wrap", wrap)], to, at, after)

    def select(self, dtype: str, x: str, map: str, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Of streams x and x+1, lane by lane: map 0 takes x, else x+1.

        In the selector (sxm.*.selector.0); latency sxm.distributor.
        Types: i8.
        """
        return self._emit("select", dtype, [("stream", x), ("stream", map)], to, at, after)

    def permute_map(self, map: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Takes a 16-bit source lane for every lane from two streams.

        In a permuter (sxm.*.permuter.*); latency sxm.map_delivery.
        """
        return self._emit("permute.map", None, [("stream", map)], None, at, after)

    def permute(self, dtype: str, from_: str, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Lane i gets lane map[i], by the unit's map.

        In a permuter (sxm.*.permuter.*); latency sxm.permuter.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("permute", dtype, [("stream", from_)], to, at, after)

    def distribute(
            self, dtype: str, from_: str, map: str, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Inside each superlane lane i gets lane map[i] & 15, or 0 when map[i] >= 128.

        In a distributor (sxm.*.distributor.*); latency sxm.distributor.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("distribute", dtype, [("stream", from_), ("stream", map)], to, at, after)

    def broadcast(
            self, dtype: str, from_: str, lane: int, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Every lane gets lane `lane` of its superlane.

        In a distributor (sxm.*.distributor.*); latency sxm.distributor.
        Types: i8, i16, i32, u8, u16, u32, f16, f32, bool.
        """
        return self._emit("broadcast", dtype, [("stream", from_), ("unsigned", lane)], to, at, after)

    def rotate(self, dtype: str, from_: str, n: int, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """N streams in, n*n out: out[r*n+c] is stream c with its lanes rotated by r inside each group of n lanes.

        In the selector (sxm.*.selector.0); latency sxm.distributor.
        Types: i8.
        """
        return self._emit("rotate", dtype, [("stream", from_), ("unsigned", n)], to, at, after)

    def transpose(self, dtype: str, from_: str, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """16 elements on streams and 16 lanes of each superlane change places; f16 takes 32 streams and both transposers.

        In a transposer (sxm.*.transposer.*); latency sxm.transposer.
        Types: i8, f16.
        """
        return self._emit("transpose", dtype, [("stream", from_)], to, at, after)

    def send(self, from_: str, link: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """A stream's vector onto a link.

        In a C2C port (c2c.*); latency c2c.send.
        """
        return self._emit("send", None, [("stream", from_), ("link", link)], None, at, after)

    def receive(self, link: int, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """The next vector of a link's FIFO onto a stream.

        In a C2C port (c2c.*); latency c2c.receive.
        """
        return self._emit("receive", None, [("link", link)], to, at, after)

    def deskew(self, link: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Holds the queue until the next epoch of the aligned counters.

        In a C2C port (c2c.*); latency c2c.receive.
        """
        return self._emit("deskew", None, [("link", link)], None, at, after)

    def runtime_deskew(self, cycles: int, *, at: int | None = None, after: int | None = None) -> "Queue":
        """Holds the queue for so many cycles, fewer or more by the drift of the chip's clock since it was last aligned.

        In a C2C port (c2c.*); latency c2c.receive.
        """
        return self._emit("runtime_deskew", None, [("unsigned", cycles)], None, at, after)

    def dram_read(self, vector: int, n: int, to: str, *, at: int | None = None, after: int | None = None) -> "Queue":
        """N vectors of a channel from `vector` on to a stream, dram.vector_interval cycles apart.

        In a DRAM channel (dram.*); latency dram.latency.
        """
        return self._emit("dram.read", None, [("", vector), ("unsigned", n)], to, at, after)
