# SPDX-License-Identifier: Apache-2.0
"""The commands of the command line, a function each; written by scripts/python_package.py."""
from collections.abc import Mapping, Sequence
from typing import Any

from .command import command
from .result import Result

__all__ = ["decode", "gemm", "collective", "gpu", "cost", "asm", "disasm", "run", "compile", "serve", "evaluate", "compare",
           "offload", "describe", "explain", "rerun", "validate"]


def decode(
        model: Any, *, prompt: str | Sequence[Any] | None = None, prompt_ids: str | Sequence[Any] | None = None, tokens: int |
        str | None = None, context: int | str | None = None, contexts: Sequence[int] | str | None = None, batch: int | str |
        None = None, dtype: str | None = None, weights: str | None = None, chip: Any = None, set: Mapping[str, float] |
        Sequence[str] | None = None, system: Any = None, dead: int | Sequence[Any] | None = None, tp: int | str | None = None,
        pp: int | str | None = None, ep: int | str | None = None, ffn_parts: int | str | None = None, head_parts: int | str |
        None = None, in_flight: Any = None, embedding: str | None = None, exchange: str | None = None, link_error: str |
        Sequence[Any] | None = None, threads: int | str | None = None, no_share: bool = False, engine: str | None = None,
        timing_only: bool = False, trace: Any = None, vcd: Any = None, compare: bool = False, logits: Any = None, scheduler: Any
        = None, layers: int | str | None = None, position: int | str | None = None, prefill_rows: int | str | None = None,
        calibrated: bool = False, kv_from_host: int | str | None = None, draft: Any = None, speculate: Any = None, draft_dtype:
        str | None = None, acceptance: Any = None, acceptance_seed: int | str | None = None, save_workload: Any = None) -> Result:
    """Decode a language model on one simulated chip, or on a system of chips: ``superlane decode``.

    Parameters
    ----------
    model : str or path
        a directory with config.json and safetensors, or a shape by name (`superlane describe models`)
    prompt : str or list
        text to go on from, 'The ' when left out; one for all requests or one each
    prompt_ids : str or list
        the prompt as token ids: 1,2,3
    tokens : int, default 64
        to generate, each request
    context : int
        positions that a request may take; what is needed, at least 256, when left out
    contexts : list of int
        instead: positions of each request, N,N,...
    batch : int
        requests decoded together
    dtype : {"fp16", "int8"}, default fp16
        fp16, or int8 weights and activations (W8A8)
    weights : {"auto", "sram", "dram"}, default auto
        where a chip's weights lie; auto: in DRAM when the chip has some and SRAM does not hold them
    chip : str or path, default tsp-v1
        a chip that ships (`superlane describe chips`) or a JSON file
    set : dict or list of str
        set a chip parameter, as mem.read=2; may be repeated
    system : str or path
        a system that ships (`superlane describe system`), a JSON file, or a number of chips of tsp-v1
    dead : int or list
        a chip that is dead: its node is mapped out; may be repeated
    tp : int
        chips of a tensor-parallel group; chosen for the least latency when left out
    pp : int
        stages of the pipeline; as few as fit when left out
    ep : int
        sets of a group's chips among which experts are dealt; 1 when left out
    ffn_parts : int
        parts of each FFN, or sets of experts, on stages that work on them at once; as few as fit when left out
    head_parts : int
        parts of the vocabulary head, likewise
    in_flight : str, default 1
        in a system: batches that are in the pipeline at once; auto: as many as fill it, or fit
    embedding : {"host", "chip"}, default host
        in a system: the host sends each token's embedding, or the first stage has the table
    exchange : {"fp16", "fp32"}, default fp16
        type in which partial sums and residuals cross links
    link_error : str or list
        vector N that CHIP sends on LINK in decode step STEP cannot be corrected, each from 0 on: the step is run again
    threads : int, default 1
        of the simulator; no result depends on it
    no_share : bool
        timing only: simulate every chip, also those with equal programs
    engine : {"fast", "kernel"}, default fast
        fast: one process a chip; kernel: one process a slice
    timing_only : bool
        cycles and counters alone, no values
    trace : str or path
        write a Chrome/Perfetto trace of the (last) program
    vcd : str or path
        write a waveform of the (last) program; needs --engine kernel
    compare : bool
        run the reference executor beside the chip
    logits : str or path
        write the logits as float32 [generated tokens, vocabulary], NumPy format
    scheduler : str, default list
        asap, list or random:SEED
    layers : int
        timing only: so many layers alone, without embedding and head
    position : int
        timing only: decode from this position on, without prefill
    prefill_rows : int
        most prompt tokens in one step; when left out 8, or as many as fit beside the model
    calibrated : bool
        report beside it the speed with one fitted overhead a layer (models/calibration.json)
    kv_from_host : int
        timing only: keys and values of so many first tokens come from host memory; their time is reported apart, and they are
        not prefilled
    draft : str
        speculative decoding: a model that proposes tokens, on the same chip or on the system's other chips; reported beside
        plain decoding
    speculate : str
        tokens that the draft proposes before each verification
    draft_dtype : {"fp16", "int8"}
        of the draft; as --dtype when left out
    acceptance : str
        timing only: probability that a proposal is accepted when those before it are
    acceptance_seed : int, default 1
        of the draws with --acceptance
    save_workload : str or path
        write a workload file that `superlane run` repeats

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command(
            "decode", model, prompt=prompt, prompt_ids=prompt_ids, tokens=tokens, context=context, contexts=contexts,
            batch=batch, dtype=dtype, weights=weights, chip=chip, set=set, system=system, dead=dead, tp=tp, pp=pp, ep=ep,
            ffn_parts=ffn_parts, head_parts=head_parts, in_flight=in_flight, embedding=embedding, exchange=exchange,
            link_error=link_error, threads=threads, no_share=no_share, engine=engine, timing_only=timing_only, trace=trace,
            vcd=vcd, compare=compare, logits=logits, scheduler=scheduler, layers=layers, position=position,
            prefill_rows=prefill_rows, calibrated=calibrated, kv_from_host=kv_from_host, draft=draft, speculate=speculate,
            draft_dtype=draft_dtype, acceptance=acceptance, acceptance_seed=acceptance_seed, save_workload=save_workload)


def gemm(
        m: Any, k: Any, n: Any, *, dtype: str | None = None, seed: int | str | None = None, scheduler: Any = None, chip: Any =
        None, set: Mapping[str, float] | Sequence[str] | None = None, engine: str | None = None, timing_only: bool = False,
        trace: Any = None, vcd: Any = None, save_workload: Any = None) -> Result:
    """Run one matrix product Y[M,N] = X[M,K] W[N,K]^T: ``superlane gemm``.

    Parameters
    ----------
    m : int
        rows of X
    k : int
        columns of X and W
    n : int
        rows of W, columns of Y
    dtype : {"int8", "fp16"}, default int8
        int8 (int32 sums) or fp16 (fp32 sums)
    seed : int, default 1
        of the operands
    scheduler : str, default list
        asap, list or random:SEED
    chip : str or path, default tsp-v1
        a chip that ships (`superlane describe chips`) or a JSON file
    set : dict or list of str
        set a chip parameter, as mem.read=2; may be repeated
    engine : {"fast", "kernel"}, default fast
        fast: one process a chip; kernel: one process a slice
    timing_only : bool
        cycles and counters alone, no values
    trace : str or path
        write a Chrome/Perfetto trace of the (last) program
    vcd : str or path
        write a waveform of the (last) program; needs --engine kernel
    save_workload : str or path
        write a workload file that `superlane run` repeats

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command(
            "gemm", m, k, n, dtype=dtype, seed=seed, scheduler=scheduler, chip=chip, set=set, engine=engine,
            timing_only=timing_only, trace=trace, vcd=vcd, save_workload=save_workload)


def collective(
        collective: Any, *, system: Any = None, set: Mapping[str, float] | Sequence[str] | None = None, bytes: Any = None,
        sizes: Any = None, dtype: Any = None, algorithm: Any = None, chips: Any = None, from_: int | str | None = None, to: int
        | str | None = None, engine: Any = None, timing_only: bool = False, unshared: bool = False, threads: int | str | None =
        None, seed: int | str | None = None) -> Result:
    """Time an exchange between the chips of a system: ``superlane collective``.

    Parameters
    ----------
    collective : str or path
        all-reduce, all-gather, reduce-scatter, broadcast or send
    system : str or path, default tsp-v1-node
        name, JSON file, or number of chips
    set : dict or list of str
        a parameter of system or chip, KEY=VALUE; repeatable
    bytes : str, default 32K
        size of the whole vector (K, M: 1024)
    sizes : str
        many sizes: 1K:1M (powers of two) or 4K,32K
    dtype : str, default fp16
        what is added: fp16 (rounded to fp16 each time), fp32 or int32
    algorithm : str, default auto
        exchange, direct, hierarchical, shortest, ring, tree, scatter, branchings, paths; auto takes the fastest by formula
    chips : str
        chips that take part; without it all
    from_ : int, default 0
        chip that broadcasts or sends
    to : int, default 1
        chip that is sent to
    engine : str, default fast
        fast or kernel
    timing_only : bool
        cycles only, no values
    unshared : bool
        timing only: simulate chips with the same program one by one
    threads : int, default 1
        chips of one window on so many threads
    seed : int, default 1
        of the values

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command(
            "collective", collective, system=system, set=set, bytes=bytes, sizes=sizes, dtype=dtype, algorithm=algorithm,
            chips=chips, from_=from_, to=to, engine=engine, timing_only=timing_only, unshared=unshared, threads=threads,
            seed=seed)


def gpu(
        gpu: Any, model: Any, *, dtype: Any = None, tp: int | str | None = None, batch: int | str | None = None, context: int |
        str | None = None, new_tokens: int | str | None = None, set: Mapping[str, float] | Sequence[str] | None = None) -> Result:
    """Time one step of a model on GPUs: ``superlane gpu``.

    Parameters
    ----------
    gpu : str or path
        a GPU that ships (`superlane describe gpu`) or a JSON file
    model : str or path
        short name, or directory with a config.json
    dtype : str, default fp16
        fp16, fp8, or weights alone in int8 or int4
    tp : int, default 1
        devices that share every layer
    batch : int, default 1
        requests in the step
    context : int, default 1024
        tokens of each request after the step
    new_tokens : int, default 1
        of them new in this step: 1 decodes, more prefill
    set : dict or list of str
        set a parameter of the GPU, as gemm.compute_share=0.7

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("gpu", gpu, model, dtype=dtype, tp=tp, batch=batch, context=context, new_tokens=new_tokens, set=set)


def cost(
        what: Any, name: Any, *, prices: Any = None, count: int | str | None = None, tokens_per_second: Any = None, set:
        Mapping[str, float] | Sequence[str] | None = None) -> Result:
    """Price a chip, a system or GPUs by the hour and by the token: ``superlane cost``.

    Parameters
    ----------
    what : str or path
        chip, system or gpu
    name : str or path
        which, by name or JSON file
    prices : str or path
        a price set that ships (models/prices) or a JSON file
    count : int, default 1
        how many of it
    tokens_per_second : str
        their speed: gives the price of a million tokens
    set : dict or list of str
        set a parameter of the cost, chip or system, as wafer.usd=5000

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("cost", what, name, prices=prices, count=count, tokens_per_second=tokens_per_second, set=set)


def asm(text: Any, *, output: Any = None, chip: Any = None, set: Mapping[str, float] | Sequence[str] | None = None) -> str:
    """Assemble text to a program file: ``superlane asm``.

    Parameters
    ----------
    text : str or path
        assembly file
    output : str or path
        program file to write
    chip : str or path, default the program's own, else tsp-v1
        a chip that ships (`superlane describe chips`) or a JSON file
    set : dict or list of str
        set a chip parameter, as mem.read=2; may be repeated

    Returns
    -------
    str
        What the command prints.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("asm", text, output=output, chip=chip, set=set)


def disasm(program: Any, *, output: Any = None) -> str:
    """Write a program file as assembly text: ``superlane disasm``.

    Parameters
    ----------
    program : str or path
        program file
    output : str or path
        text to write; standard output when left out

    Returns
    -------
    str
        What the command prints.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("disasm", program, output=output)


def run(
        program: Any, *, show: str | Sequence[Any] | None = None, fault: str | Sequence[Any] | None = None, chip: Any = None,
        set: Mapping[str, float] | Sequence[str] | None = None, engine: str | None = None, timing_only: bool = False, trace: Any
        = None, vcd: Any = None) -> Result:
    """Run a program on one chip, or a workload file: ``superlane run``.

    Parameters
    ----------
    program : str or path
        program file; assembly text when it ends in .asm or .s, a workload when it ends in .json
    show : str or list
        print a region's words: NAME (bytes), or one region a byte: lo+hi=f16, b0+b1+b2+b3=f32
    fault : str or list
        flip bits of SRAM: 120:mem.e.3:0x10:5:7 flips bit 7 of superlane 5's word 0x10 at cycle 120
    chip : str or path, default the program's own, else tsp-v1
        a chip that ships (`superlane describe chips`) or a JSON file
    set : dict or list of str
        set a chip parameter, as mem.read=2; may be repeated
    engine : {"fast", "kernel"}, default fast
        fast: one process a chip; kernel: one process a slice
    timing_only : bool
        cycles and counters alone, no values
    trace : str or path
        write a Chrome/Perfetto trace of the (last) program
    vcd : str or path
        write a waveform of the (last) program; needs --engine kernel

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command(
            "run", program, show=show, fault=fault, chip=chip, set=set, engine=engine, timing_only=timing_only, trace=trace,
            vcd=vcd)


def compile(
        model: Any, *, output: Any = None, position: int | str | None = None, context: int | str | None = None, dtype: str |
        None = None, layers: int | str | None = None, scheduler: Any = None, weights: bool = False, explain: bool = False, chip:
        Any = None, set: Mapping[str, float] | Sequence[str] | None = None) -> str:
    """Write the program of one decode step of a model: ``superlane compile``.

    Parameters
    ----------
    model : str or path
        a directory with config.json, or a shape by name
    output : str or path
        program file to write
    position : int, default 0
        of the token that the step takes in
    context : int
        positions that a request may take
    dtype : {"fp16", "int8"}, default fp16
        fp16, or int8 weights and activations (W8A8)
    layers : int
        so many layers alone, without embedding and head
    scheduler : str, default list
        asap, list or random:SEED
    weights : bool
        put the model's weights into the program file, so that it runs by itself
    explain : bool
        list the compiler's decisions: operations, and where each tensor lies
    chip : str or path, default tsp-v1
        a chip that ships (`superlane describe chips`) or a JSON file
    set : dict or list of str
        set a chip parameter, as mem.read=2; may be repeated

    Returns
    -------
    str
        What the command prints.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command(
            "compile", model, output=output, position=position, context=context, dtype=dtype, layers=layers,
            scheduler=scheduler, weights=weights, explain=explain, chip=chip, set=set)


def serve(
        model: Any, *, step_time: str | Sequence[Any] | None = None, gpu: Any = None, system: Any = None, set: Mapping[str,
        float] | Sequence[str] | None = None, dtype: Any = None, tp: int | str | None = None, pp: int | str | None = None, ep:
        int | str | None = None, ffn_parts: int | str | None = None, head_parts: int | str | None = None, batch: int | str |
        None = None, prefill_rows: int | str | None = None, context: int | str | None = None, prices: Any = None, cache: Any =
        None, threads: int | str | None = None, trace: Any = None, skip_bad: bool = False, speed: float | None = None, requests:
        int | str | None = None, poisson: Any = None, cv: float | None = None, seed: int | str | None = None, prompt_tokens: Any
        = None, output_tokens: Any = None, shape: Any = None, kv_gb: Any = None, kv_dtype: Any = None, page_tokens: int | str |
        None = None, max_requests: int | str | None = None, step_tokens: int | str | None = None, pipeline_steps: int | str |
        None = None, max_tokens: int | str | None = None, no_prefix_reuse: bool = False, slo: float | None = None, slo_ttft:
        float | None = None, usd_per_hour: float | None = None, usd_per_kwh: float | None = None, idle_watts: float | None =
        None) -> Result:
    """Serve a stream of requests on GPUs, simulated chips, or a machine given by its step times: ``superlane serve``.

    Parameters
    ----------
    model : str or path
        a shape by name or a directory with a config.json
    step_time : str or list
        step times of the machine: points as JSON or CSV, or a result of decode; repeatable
    gpu : str or path
        instead GPUs that share every layer, as h100, 4xh100 or 2xmine.json
    system : str or path
        instead a simulated system of chips: one that ships, a JSON file, or a number of chips of tsp-v1
    set : dict or list of str
        set a parameter of the GPU, system, chip or cost; may be repeated
    dtype : str, default fp16
        of weights: fp16 or int8; of GPUs also fp8 and int4
    tp : int
        chips of a tensor-parallel group; chosen for the least latency when left out
    pp : int
        stages of the pipeline; as many as the system can have when left out
    ep : int
        sets of a group's chips among which experts are dealt; 1 when left out
    ffn_parts : int
        parts of each FFN, or sets of experts, on stages that work on them at once; as few as fit when left out
    head_parts : int
        parts of the vocabulary head, likewise
    batch : int
        of a system: most requests of one step (4)
    prefill_rows : int
        of a system: most tokens of a prompt in one step (4)
    context : int
        of a system: positions of a request; the longest one's when left out
    prices : str or path
        a price set that ships (models/prices) or a JSON file
    cache : str
        where simulated steps are kept; else $XDG_CACHE_HOME/superlane or ~/.cache/superlane
    threads : int, default 1
        of the simulator; no result depends on it
    trace : str or path
        requests from a file: Azure, BurstGPT or Splitwise CSV, Mooncake JSON lines
    skip_bad : bool
        count wrong rows instead of stopping at the first
    speed : float, default 1
        divide the times of the trace by this
    requests : int
        serve at most so many
    poisson : str
        arrivals by chance, so many a second; with --trace its requests
    cv : float, default 1
        coefficient of variation of the gaps: 1 Poisson, above bursty, 0 a clock
    seed : int, default 1
        of arrivals and lengths
    prompt_tokens : str, default 512
        of a request without a trace, N or LOW:HIGH
    output_tokens : str, default 128
        the same for what is generated
    shape : str
        instead mean lengths as those of azure-conv, azure-code, kimi-conv or kimi-ta
    kv_gb : str
        room for keys and values, 1e9 bytes; else what the machine has
    kv_dtype : str
        fp16, fp8 or int8; else as the machine has it
    page_tokens : int
        tokens of a page of the KV cache; else as the machine has them (16)
    max_requests : int
        served at once; else as the machine says (256)
    step_tokens : int
        new tokens a step takes: chunks of prompts (2048)
    pipeline_steps : int
        steps in flight in a pipeline (1)
    max_tokens : int
        positions of a request; else those of the model
    no_prefix_reuse : bool
        compute every prompt, whatever hash_ids say
    slo : float, default 15
        tokens/s that content a user
    slo_ttft : float, default 0
        seconds to the first token that do; 0 = any
    usd_per_hour : float
        price of the machine; else what it says
    usd_per_kwh : float, default 0
        price of energy
    idle_watts : float
        power beside the steps' energy; else what it says

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command(
            "serve", model, step_time=step_time, gpu=gpu, system=system, set=set, dtype=dtype, tp=tp, pp=pp, ep=ep,
            ffn_parts=ffn_parts, head_parts=head_parts, batch=batch, prefill_rows=prefill_rows, context=context, prices=prices,
            cache=cache, threads=threads, trace=trace, skip_bad=skip_bad, speed=speed, requests=requests, poisson=poisson,
            cv=cv, seed=seed, prompt_tokens=prompt_tokens, output_tokens=output_tokens, shape=shape, kv_gb=kv_gb,
            kv_dtype=kv_dtype, page_tokens=page_tokens, max_requests=max_requests, step_tokens=step_tokens,
            pipeline_steps=pipeline_steps, max_tokens=max_tokens, no_prefix_reuse=no_prefix_reuse, slo=slo, slo_ttft=slo_ttft,
            usd_per_hour=usd_per_hour, usd_per_kwh=usd_per_kwh, idle_watts=idle_watts)


def evaluate(file: Any = None, *, resolve: bool = False) -> str:
    """Time design points, a JSON object a line: ``superlane evaluate``.

    Parameters
    ----------
    file : str or path, default -
        JSON lines, each an object of axes (`superlane describe axes`); - is standard input
    resolve : bool
        key and final values of each point alone, without running it

    Returns
    -------
    str
        What the command prints.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("evaluate", file, resolve=resolve)


def compare(file: Any, *, cache: Any = None, threads: int | str | None = None) -> Result:
    """Compare machines under one workload: ``superlane compare``.

    Parameters
    ----------
    file : str or path
        machines and workload as JSON (docs/compare.md)
    cache : str
        where simulated steps are kept; else $XDG_CACHE_HOME/superlane or ~/.cache/superlane
    threads : int, default 1
        of the simulator; no result depends on it

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("compare", file, cache=cache, threads=threads)


def offload(
        model: Any, *, compute: Any = None, compute_system: Any = None, tp: int | str | None = None, pp: int | str | None =
        None, ep: int | str | None = None, ffn_parts: int | str | None = None, head_parts: int | str | None = None, batch: int |
        str | None = None, prefill_rows: int | str | None = None, cache: Any = None, threads: int | str | None = None, memory:
        Any = None, network: Any = None, pipeline_batches: int | str | None = None, no_overlap: bool = False, bandwidth: bool =
        False, dtype: Any = None, baseline: Any = None, prices: Any = None, trace: Any = None, skip_bad: bool = False, speed:
        float | None = None, requests: int | str | None = None, poisson: Any = None, cv: float | None = None, seed: int | str |
        None = None, prompt_tokens: Any = None, output_tokens: Any = None, shape: Any = None, decode_only: bool = False,
        max_requests: int | str | None = None, max_tokens: int | str | None = None, step_tokens: int | str | None = None,
        no_prefix_reuse: bool = False, slo: float | None = None, fault: str | Sequence[Any] | None = None, repair_s: Any = None) -> Result:
    """Serve with attention and its KV cache on other GPUs than the weights: ``superlane offload``.

    Parameters
    ----------
    model : str or path
        a shape by name or a directory with a config.json
    compute : str or path
        GPUs that hold the weights, as 2xh100
    compute_system : str or path
        instead a simulated system of chips
    tp : int
        chips of a tensor-parallel group; chosen for the least latency when left out
    pp : int
        stages of the pipeline; as many as the system can have when left out
    ep : int
        sets of a group's chips among which experts are dealt; 1 when left out
    ffn_parts : int
        parts of each FFN, or sets of experts, on stages that work on them at once; as few as fit when left out
    head_parts : int
        parts of the vocabulary head, likewise
    batch : int
        of a system: most requests of one step (4)
    prefill_rows : int
        of a system: most tokens of a prompt in one step (4)
    cache : str
        where simulated steps are kept; else $XDG_CACHE_HOME/superlane or ~/.cache/superlane
    threads : int, default 1
        of the simulator; no result depends on it
    memory : str or path
        GPUs that hold the KV cache, as 4xh20; so many must divide the KV heads
    network : str, default host-bypassed
        between them: host-bypassed, nccl, pcie4 or 200gb
    pipeline_batches : int
        in flight; 1 or 2, whichever serves more tokens/s, when left out; above 2 the compute pool is shared by one replica
        fewer
    no_overlap : bool
        send the query with keys and values instead of first
    bandwidth : bool
        only say which rate the network needs, over requests and contexts
    dtype : str, default fp16
        fp16, fp8, int8 or int4; of a system fp16 or int8
    baseline : str or path
        GPUs that hold everything, to compare with, as 4xh100
    prices : str or path
        a price set that ships (models/prices) or a JSON file
    trace : str or path
        requests from a file: Azure, BurstGPT or Splitwise CSV, Mooncake JSON lines
    skip_bad : bool
        count wrong rows instead of stopping at the first
    speed : float, default 1
        divide the times of the trace by this
    requests : int
        serve at most so many
    poisson : str
        arrivals by chance, so many a second; with --trace its requests
    cv : float, default 1
        coefficient of variation of the gaps: 1 Poisson, above bursty, 0 a clock
    seed : int, default 1
        of arrivals and lengths
    prompt_tokens : str, default 512
        of a request without a trace, N or LOW:HIGH
    output_tokens : str, default 128
        the same for what is generated
    shape : str
        instead mean lengths as those of azure-conv, azure-code, kimi-conv or kimi-ta
    decode_only : bool
        prompts are computed elsewhere, and arrive with their cache
    max_requests : int
        served at once; as many as the KV cache holds when left out
    max_tokens : int
        positions of a request; else those of the model
    step_tokens : int
        new tokens a step takes: chunks of prompts (2048)
    no_prefix_reuse : bool
        compute every prompt, whatever hash_ids say
    slo : float, default 15
        tokens/s that content a user
    fault : str or list
        a device of a pool breaks, as memory@120: its cache is computed anew
    repair_s : str, default 60
        until another device is in its place

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command(
            "offload", model, compute=compute, compute_system=compute_system, tp=tp, pp=pp, ep=ep, ffn_parts=ffn_parts,
            head_parts=head_parts, batch=batch, prefill_rows=prefill_rows, cache=cache, threads=threads, memory=memory,
            network=network, pipeline_batches=pipeline_batches, no_overlap=no_overlap, bandwidth=bandwidth, dtype=dtype,
            baseline=baseline, prices=prices, trace=trace, skip_bad=skip_bad, speed=speed, requests=requests, poisson=poisson,
            cv=cv, seed=seed, prompt_tokens=prompt_tokens, output_tokens=output_tokens, shape=shape, decode_only=decode_only,
            max_requests=max_requests, max_tokens=max_tokens, step_tokens=step_tokens, no_prefix_reuse=no_prefix_reuse, slo=slo,
            fault=fault, repair_s=repair_s)


def describe(
        what: Any, name: Any = None, *, set: Mapping[str, float] | Sequence[str] | None = None, svg: Any = None, fit: bool =
        False) -> Result:
    """Show chips, systems, GPUs, models, instructions or parameters: ``superlane describe``.

    Parameters
    ----------
    what : str or path
        chips, system, gpu, models, isa, parameters or axes
    name : str or list
        what to show in full; an overview of all when left out
    set : dict or list of str
        set a parameter of the chip, system or GPU that is shown
    svg : str or path
        draw the system
    fit : bool
        fit the GPU on its points anew

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("describe", what, name, set=set, svg=svg, fit=fit)


def explain(metric: Any = None, *, markdown: bool = False) -> str:
    """Say what a figure of a report means: unit, definition, formula: ``superlane explain``.

    Parameters
    ----------
    metric : str or list
        figures to explain; all when left out
    markdown : bool
        the reference page docs/reference/metrics.md

    Returns
    -------
    str
        What the command prints.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("explain", metric, markdown=markdown)


def rerun(result: Any) -> Result:
    """Repeat a result file and compare the digest: ``superlane rerun``.

    Parameters
    ----------
    result : str or path
        a JSON file that decode, gemm, run or serve wrote

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("rerun", result)


def validate(*, only: Any = None, fast: bool = False, markdown: bool = False) -> Result:
    """Compute every published number that is claimed, beside ours: ``superlane validate``.

    Parameters
    ----------
    only : str
        rows whose key has this in it; * and ? as in file names
    fast : bool
        leave out rows that take long
    markdown : bool
        the tables of docs/validation.md

    Returns
    -------
    Result
        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means.

    Raises
    ------
    UserError
        A mistake in what was asked for.
    """
    return command("validate", only=only, fast=fast, markdown=markdown)
