"""Processes that write a store and a journal at once, or are killed while writing.

Run as ``store_writers.py crash FOLDER ROUNDS`` or ``parallel URL PROCESSES RESULTS``;
prints what was acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from tierbench.harness.journal import Journal, block_record
from tierbench.harness.store import Store, result_id
from tierbench.harness.values import (
    Block,
    BlockKind,
    Case,
    ModelProfile,
    Phase,
    Result,
    Run,
    Scenario,
    Series,
    Status,
    Variant,
    Workload,
)

PROFILE = ModelProfile(
    format="onnx",
    inputs=(),
    outputs=(),
    operators={},
    parameters=None,
    macs=None,
    peak_activation_bytes=None,
    weight_bits=None,
    activation_bits=None,
)


def block(number: int) -> Block:
    values = np.arange(1000, dtype=np.int64) * number
    return Block(
        index=number,
        worker=0,
        round=0,
        kind=BlockKind.SLICE,
        phase=Phase.MEASURE,
        started_at_ns=0,
        offset_ns=0,
        elapsed_ns=1,
        calls=len(values),
        series=(Series(quantity="latency", unit="ns", values=values),),
    )


def result(run: str, number: int) -> Result:
    variant = Variant(
        model="m",
        name="fp32",
        format="onnx",
        size_bytes=1,
        sha256="0" * 64,
        profile=PROFILE,
        weight_bits=None,
        activation_bits=None,
        path=Path("m.onnx"),
    )
    case = Case(
        variant=variant,
        target="sim",
        options={"number": number, "run": run},
        workload=Workload(scenario=Scenario.OFFLINE, batch=1, profile="smoke"),
    )
    return Result(
        id=result_id(run, case.key),
        run_id=run,
        case=case,
        environment=None,
        status=Status.OK,
        reason=None,
        started_at_ns=number,
        finished_at_ns=number,
        blocks=(block(number),),
    )


def add_run(store: Store, run: str) -> None:
    store.add_run(
        Run(
            id=run,
            name=run,
            sweep_sha256="s",
            sweep={},
            started_at_ns=0,
            trigger="test",
        )
    )


def write_until_killed(folder: Path, run: str, told: int) -> None:
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        add_run(store, run)
        with Journal.open(folder / "run.journal") as journal:
            for number in range(10_000):
                journal.append(*block_record(run, block(number)))
                os.write(told, f"block {run} {number}\n".encode())
                store.add_result(result(run, number))
                os.write(told, f"result {run} {number}\n".encode())


def crash(folder: str, rounds: str) -> None:
    chance = random.Random(0)
    for number in range(int(rounds)):
        told, tell = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(told)
            write_until_killed(Path(folder), f"run{number}", tell)
            os._exit(0)
        os.close(tell)
        # every fourth is killed while it opens the store, the others while they write
        first = b"" if number % 4 == 0 else os.read(told, 1)
        time.sleep(chance.uniform(0, 0.1))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with os.fdopen(told, "rb") as stream:
            sys.stdout.write((first + stream.read()).decode())


def parallel(url: str, processes: str, results: str) -> None:
    pids = []
    for number in range(int(processes)):
        pid = os.fork()
        if not pid:
            run = f"run{number}"
            with Store.open(url) as store:
                add_run(store, run)
                for n in range(int(results)):
                    added = result(run, n)
                    store.add_result(added)
                    store.link_result(run, added.id)  # reads, then writes
            os._exit(0)
        pids.append(pid)
    json.dump([os.waitpid(pid, 0)[1] for pid in pids], sys.stdout)


if __name__ == "__main__":
    {"crash": crash, "parallel": parallel}[sys.argv[1]](*sys.argv[2:])
