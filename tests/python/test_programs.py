# SPDX-License-Identifier: Apache-2.0
"""Programs written from Python: data in, instructions by method, streams and memory out as arrays."""
import numpy
import pytest
import superlane
from superlane import E, W


def add_program():
    """examples/asm/add: z = x + y in fp32."""
    p = superlane.Program(name="add")
    x = p.place("x", numpy.arange(320, dtype=numpy.float32) / 2, "mem.w.0")
    y = p.place("y", numpy.full(320, 100, numpy.float32), "mem.w.4")
    z = p.reserve("z", "f32", "mem.e.0")
    for k in range(4):
        p[x.slices[k]].read(x[k], to=E(k), at=1)
        p[y.slices[k]].read(y[k], to=E(4 + k), at=0)
        p[z.slices[k]].write(z[k], E(8 + k), at=9)
    p["vxm.0"].add("f32", E(0), E(4), to=E(8), at=6)
    return p, z


def test_a_program_computes_and_its_length_is_known():
    p, z = add_program()
    run = p.run()
    numpy.testing.assert_array_equal(run[z][0], numpy.arange(320, dtype=numpy.float32) / 2 + 100)
    assert run.cycles == p.schedule().cycles == 11 and run.hazards == []
    assert run.counters["vectors_read"] == 8 and run.counters["alu_ops"][0] == 1


def test_a_saved_program_is_the_same_on_the_command_line(tmp_path, program):
    p, _ = add_program()
    for name in ("add.slp", "add.asm"):
        p.save(tmp_path / name)
        shown = program("run", tmp_path / name, "--show", "z0+z1+z2+z3=f32")
        assert "z0+z1+z2+z3[0] f32: 100 100.5 101 101.5" in shown
    assert superlane.command("disasm", tmp_path / "add.slp").count("read") == 8


def test_streams_are_seen_cycle_by_cycle():
    p, _ = add_program()
    run = p.run(watch=[E(k) for k in range(12)])
    x = run.stream("E0", "f32")
    assert x.shape == (256, len(run.positions), 320)
    place = list(run.positions).index
    for cycle, position in [(2, 0), (3, 1), (6, 4), (7, 5)]:
        numpy.testing.assert_array_equal(x[cycle, place(position)], numpy.arange(320) / 2)
    assert x[2, place(1)].mask.all() and x[1, place(0)].mask.all()
    z = run.stream("E8", "f32")
    assert z[9, place(5), 3] == 101.5 and z[8].mask.all()
    with pytest.raises(superlane.UserError, match="stream W3 was not watched"):
        run.stream("W3")
    with pytest.raises(superlane.UserError, match="'E32' is no stream"):
        p.run(watch=["E32"])
    with pytest.raises(superlane.UserError, match="fewer cycles"):
        p.run(watch={"E0": (0, 10**6)})
    with pytest.raises(superlane.UserError, match="fast engine"):
        p.run(watch=["E0"], engine="kernel")


def test_memory_is_read_where_it_lies():
    machine = superlane.Machine()
    word = numpy.arange(320, dtype=numpy.uint8)
    machine.write("mem.e.3", 16, word)
    seen = machine.view("mem.e.3", 16, 2)
    assert seen.shape == (2, 320) and not seen.flags.writeable and not seen.flags.owndata
    numpy.testing.assert_array_equal(seen[0], word)
    machine.write("mem.e.3", 17, word[::-1].copy())
    assert seen[1, 0] == 63 and machine.read("mem.e.3", 16, 2)[1, 0] == 63
    del machine
    assert seen[0, 5] == 5  # the array keeps the memory
    with pytest.raises(superlane.UserError, match="do not lie together"):
        superlane.Machine().view("mem.e.3", 63, 2)
    with pytest.raises(superlane.UserError, match="no memory"):
        superlane.Machine(timing_only=True).view("mem.e.3", 0, 1)


def address(array):
    return array.__array_interface__["data"][0]


def test_arrays_are_not_copied_on_their_way_out():
    machine = superlane.Machine()
    assert address(machine.view("mem.e.3", 16, 2)) == address(machine.view("mem.e.3", 17, 1)) - machine.chip.lanes
    p = superlane.Program()
    x = p.place("x", numpy.arange(320, dtype=numpy.uint8), "mem.e.0")
    p["mem.e.0"].read(x, to=E(0), at=0)
    run = machine.run(p, watch=["E0"])
    assert address(run.stream("E0").data) == address(run.stream("E0").data) and not run.stream("E0").data.flags.owndata
    plane = machine.read("mem.e.0", 0, 1)
    assert address(x.from_planes([plane])) == address(plane) and not plane.flags.owndata
    bursts = p.schedule().bursts
    assert not bursts.flags.owndata and not superlane.System(4).cables().flags.owndata
    del machine, run, p
    assert bursts["cycle"][0] == 0 and plane[0, 5] == 5  # each array keeps what it shows


def test_what_is_read_can_be_written():
    machine = superlane.Machine()
    words = numpy.arange(640).astype(numpy.uint8).reshape(2, 320)
    machine.write("mem.e.3", 16, words)
    machine.write("mem.w.3", 16, machine.read("mem.e.3", 16, 2))
    numpy.testing.assert_array_equal(machine.read("mem.w.3", 16, 2), words)
    machine.write("mem.w.3", 20, words[::2][:1])
    for wrong in (words[:, ::2], words.astype(numpy.float32)):
        with pytest.raises(superlane.UserError, match="mem.e.3: expected bytes without gaps"):
            machine.write("mem.e.3", 16, wrong)


def test_memory_stays_from_run_to_run():
    p = superlane.Program()
    x, y = p.reserve("x", "i8", "mem.e.0"), p.reserve("y", "i8", "mem.e.4")
    p["mem.e.0"].read(x, to=E(0), at=0)
    p["mem.e.4"].write(y, E(0), at=2)
    machine = superlane.Machine()
    for value in (3, -4):
        machine.put(x, numpy.full(320, value, numpy.int8))
        machine.run(p)
        assert (machine.get(y) == value).all()


def test_every_instruction_is_a_method():
    for row in superlane._core.instruction_table():
        name = row["mnemonic"].replace(".", "_")
        method = getattr(superlane.Queue, name, None) or getattr(superlane.Queue, name + "_")
        assert row["summary"][1:20] in method.__doc__ and row["latency"] in method.__doc__


def test_methods_write_assembly():
    p = superlane.Program()
    p["vxm.3"].mul("f32", E(0), 1.5, to=W(8), at=12).max("f32", "a3", "latched", after=4).cvt("f32", E(0), "f16", to=W(2))
    p["mem.w.1"].read(5, to=W(0)).repeat(7, 2, -1)
    p["sxm.e.permuter.0"].shift("i8", E(1), -3, W(1), wrap=True)
    p["mxm.e.0.weights"].lw("i8", E(16), 16)
    p["vxm.1"].and_("bool", E(3), True, to=E(4))
    assert p.text.split("\n")[1:-1] == [
        ".queue vxm.3", "@12 mul.f32 E0, #1.5 -> W8", "+4 max.f32 a3, latched", "cvt.f32 E0, f16 -> W2", ".queue mem.w.1",
        "read 5 -> W0", "repeat 7, 2, -1", ".queue sxm.e.permuter.0", "shift.i8 E1, -3, wrap -> W1", ".queue mxm.e.0.weights",
        "lw.i8 E16, 16", ".queue vxm.1", "and.bool E3, #true -> E4"]


def test_a_wrong_line_is_refused_where_it_is_written():
    p = superlane.Program(name="mine")
    for wrong, message in [
        (lambda: p["mem.w.0"].read(9000, to="E0"), "mine:2:"),
        (lambda: p["vxm.0"].add("f32", "E1", "E4"), "multiple of 4"),
        (lambda: p["mem.w.0"].add("f32", "E0", "E4"), "needs an ALU"),
        (lambda: p["mem.x.0"], "unknown queue 'mem.x.0'"),
        (lambda: p.place("x", numpy.zeros(320), "mem.w.0"), "no type float64"),
        (lambda: p.place("x", numpy.zeros(321, numpy.int8), "mem.w.0"), "do not fit"),
        (lambda: p["vxm.0"].add("f32", "E0", "E4", at=3, after=2), "exclude"),
    ]:
        with pytest.raises(superlane.UserError, match=message):
            wrong()


def test_a_hazard_names_cycle_slice_and_line():
    p = superlane.Program()
    p["mem.e.0"].read(0, to=E(0), at=0)
    p["mem.e.1"].read(0, to=E(0), at=0)
    with pytest.raises(superlane.HazardError, match="cycle 1") as caught:
        p.run()
    found = caught.value.result.hazards
    assert found[0]["kind"] == "collision" and found[0]["stream"] == "E0" and "line" in found[0]["message"]
    assert p.run(check=False).hazards == found


def test_the_compiler_s_schedule_is_what_runs():
    found = superlane.schedule("examples/tiny-llama", position=10, dtype="int8")
    assert found.operations[0][0] and found.reasons and found.cycles > 1000
    frame = found.bursts
    assert (numpy.diff(frame["cycle"]) >= 0).all() and frame["last_cycle"].max() < found.cycles
    assert superlane.Machine(timing_only=True).run(found.program).cycles == found.cycles
    pytest.importorskip("pandas")
    assert set(found.to_frame()["queue"][:5]) <= set(found.queues)


def test_programs_schedules_and_runs_are_tables_in_a_notebook():
    p, _ = add_program()
    assert "add.f32 E0, E4" in p._repr_html_() and "12 lines" not in repr(p) and "13 lines" in repr(p)
    for one in (p.schedule(), p.run()):
        assert one._repr_html_().startswith("<table>") and "11" in one._repr_html_() and "11 cycles" in repr(one)
