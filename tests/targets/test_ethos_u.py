"""Vela through the target ``ethos-u``: its estimate, and what is refused."""

from pathlib import Path

import pytest
from support.components import missing
from support.microcontroller import needs_published, published, quantised, variant_of

from tierbench.harness.errors import CaseError, DataError
from tierbench.harness.values import Case, Scenario, Workload
from tierbench.harness.worker import Limits
from tierbench.models import defect
from tierbench.targets.ethos_u import EthosU
from tierbench.targets.ethos_u.vela import (
    MEMORY_MODES,
    SUMMARY,
    SYSTEM_CONFIGS,
    TOLD,
    Settings,
    compile_model,
    read_estimate,
)

FLOAT = Path(defect.__file__).parent / "defect.tflite"
U55 = {
    "accelerator": "ethos-u55-128",
    "system_config": "Ethos_U55_High_End_Embedded",
    "memory_mode": "Shared_Sram",
}
WORKLOAD = Workload(scenario=Scenario.SINGLE_STREAM, batch=1, profile="smoke")
HEADER = (
    "cycles_npu,cycles_total,inference_time,core_clock,sram_memory_used,"
    "dram_memory_used,on_chip_flash_memory_used,off_chip_flash_memory_used"
)


@pytest.fixture
def _vela() -> None:
    if found := EthosU().unavailable():
        missing("ethos-u", f"{found.reason}; {found.remedy}")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def figures(path: Path, **settings):
    target = EthosU({**U55, **settings})
    variant = variant_of(path)
    assert target.check(variant, WORKLOAD) is None
    case = Case(
        variant=variant,
        target=target.name,
        options=target.settings,
        workload=WORKLOAD,
    )
    artifact = target.prepare(variant)
    return {found.quantity: found for found in target.figures(case, artifact, {})}


@needs_published
@pytest.mark.usefixtures("_vela")
def test_the_estimate_is_velas_own() -> None:
    found = figures(published("kws_ref_model.tflite"))
    assert found["vela_cycles_npu"].value == 88_902
    assert found["vela_cycles_total"].value == 89_900
    assert found["vela_latency"].value == pytest.approx(179_800)
    assert found["vela_sram"].value == pytest.approx(21.67 * 1024, rel=1e-3)
    assert found["vela_flash"].value == pytest.approx(30.4 * 1024, rel=1e-2)
    assert found["cpu_operators"].value == 0
    assert {figure.evidence for figure in found.values()} == {"PROJECTED"}


@pytest.mark.usefixtures("_vela")
@pytest.mark.parametrize(
    ("accelerator", "system_config"),
    [
        ("ethos-u65-256", "Ethos_U65_High_End"),
        ("ethos-u85-256", "Ethos_U85_SYS_DRAM_Mid"),
    ],
)
def test_every_family_compiles(tmp_path: Path, accelerator, system_config) -> None:
    mode = "Dedicated_Sram"
    found = figures(
        quantised(tmp_path),
        accelerator=accelerator,
        system_config=system_config,
        memory_mode=mode,
    )
    assert found["vela_cycles_total"].value > 0
    latency = found["latency"]
    assert latency.value is None
    assert "no band" in latency.reason
    assert latency.basis["memory_mode"] == mode


@pytest.mark.usefixtures("_vela")
def test_a_compiled_model_is_kept(tmp_path: Path) -> None:
    model = quantised(tmp_path)
    settings = Settings(**U55, optimise="Performance", version="5.2.0")
    first = compile_model(model, settings)
    stamp = first.stat().st_mtime_ns
    assert compile_model(model, settings) == first
    assert first.stat().st_mtime_ns == stamp


@pytest.mark.usefixtures("_vela")
def test_a_float_model_that_gets_to_vela_is_refused_too() -> None:
    settings = Settings(**U55, optimise="Size", version="5.2.0")
    with pytest.raises(CaseError, match="to the CPU"):
        compile_model(FLOAT, settings)


@pytest.mark.usefixtures("_vela")
def test_garbage_is_a_reason_of_one_line(tmp_path: Path) -> None:
    garbage = tmp_path / "g.tflite"
    garbage.write_bytes(b"\x1c\0\0\0TFL3" + b"\xff" * 500)
    settings = Settings(**U55, optimise="Size", version="5.2.0")
    with pytest.raises(CaseError, match="Vela refuses the model") as caught:
        compile_model(garbage, settings)
    assert "\n" not in str(caught.value)


def checked(path: Path, **settings) -> str:
    return EthosU(settings).check(variant_of(path), WORKLOAD) or ""


def test_what_cannot_be_compiled_is_refused_with_all_reasons(tmp_path: Path) -> None:
    told = checked(
        FLOAT, board="corstone-300-u65", accelerator="ethos-u55-128", system_config=""
    )
    for reason in (
        "ethos-u55-128 is not that of",
        "system_config '' is not one of ethos-u55-128; valid: Ethos_U55_Deep_Embedded",
        "memory_mode '' is not one of",
        "operators in float",
    ):
        assert reason in told
    assert "name an accelerator" in checked(quantised(tmp_path))
    assert "nrf9160-dk has no Ethos-U" in checked(FLOAT, board="nrf9160-dk")


def test_a_dedicated_sram_is_none_of_the_u55() -> None:
    told = checked(FLOAT, **{**U55, "memory_mode": "Dedicated_Sram"})
    assert "memory_mode 'Dedicated_Sram' is not one of ethos-u55-128" in told


def test_nothing_is_run() -> None:
    case = Case(
        variant=variant_of(FLOAT),
        target="ethos-u",
        options={},
        workload=WORKLOAD,
    )
    with EthosU(U55).launch(case, FLOAT, Limits()) as worker:
        assert worker.open().inputs == case.variant.profile.inputs
        assert "Vela" in worker.bind({}).ran["provider"]
        with pytest.raises(DataError, match="runs nothing"):
            worker.evaluate({})
        with pytest.raises(CaseError, match="runs nothing"):
            worker.memory()


def summary(folder: Path, *rows: str, counts: str = '{"CPU": 1, "NPU": 2}') -> Path:
    (folder / SUMMARY).write_text("\n".join(rows) + "\n")
    (folder / TOLD).write_text(counts)
    return folder / "model_vela.tflite"


def test_columns_are_read_by_name(tmp_path: Path) -> None:
    names = ["new_column", *reversed(HEADER.split(","))]
    made = summary(tmp_path, ",".join(names), "x,4,3,2,1.5,500,0.25,20,10")
    found = read_estimate(made)
    assert (found.cycles_npu, found.cycles_total) == (10, 20)
    assert (found.inference_s, found.core_clock_hz) == (0.25, 500)
    assert (found.sram_bytes, found.dram_bytes) == (1536, 2048)
    assert found.flash_bytes == 7 * 1024
    assert (found.cpu_operators, found.npu_operators) == (1, 2)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ((HEADER,), "0 rows"),
        ((HEADER, "1,1,1,1,1,1,1,1", "1,1,1,1,1,1,1,1"), "2 rows"),
        ((HEADER, "1,x,1,1,1,1,1,1"), "'x' under 'cycles_total'"),
        ((HEADER, "1,1,nan,1,1,1,1,1"), "under 'inference_time'"),
        ((HEADER, "1,1,-1,1,1,1,1,1"), "'-1' under"),
        (("cycles_npu", "1"), "None under"),
    ],
)
def test_a_summary_without_its_numbers_is_refused(tmp_path, rows, reason) -> None:
    with pytest.raises(CaseError, match=reason):
        read_estimate(summary(tmp_path, *rows))


def test_counts_that_are_none_are_refused(tmp_path: Path) -> None:
    made = summary(tmp_path, HEADER, "1,1,1,1,1,1,1,1", counts="[]")
    with pytest.raises(CaseError, match="cannot be read"):
        read_estimate(made)


def test_every_family_has_its_configurations() -> None:
    assert SYSTEM_CONFIGS.keys() == MEMORY_MODES.keys()
