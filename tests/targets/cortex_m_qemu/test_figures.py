"""What an emulated inference tells, and what it cannot."""

from tierbench.targets.cortex_m_qemu.elsewhere import CMSIS_NN, elsewhere
from tierbench.targets.cortex_m_qemu.figures import figures


def told(ran, **more):
    return {figure.quantity: figure for figure in figures(ran, {}, **more)}


def test_a_count_is_exact() -> None:
    found = told({"instructions": 9_513_330, "virtual_us": 9_514})["instructions"]
    assert found.value == 9_513_330
    assert found.evidence == "EMULATED"


def test_laps_alone_give_a_band_of_a_tick_at_each_end() -> None:
    found = told({"virtual_us": 10})["instructions"]
    assert (found.low, found.mid, found.high) == (9000, 10_000, 11_000)


def test_what_symbols_do_not_tell_has_its_reason() -> None:
    found = told({"text_bytes": 100})
    assert found["text"].value == 100
    assert "do not tell its stack" in found["stack"].reason
    assert "tells no times" in found["instructions"].reason


def test_others_counts_stand_beside_ours() -> None:
    found = told({"instructions": 5}, others={"others": 4})["instructions"]
    assert found.basis["beside"] == {"others": 4}
    assert "beside" not in told({"instructions": 5})["instructions"].basis


def test_counts_of_others_are_by_content_and_core() -> None:
    kws = "aeea436800704fce17b17292e4412630ad856e9d777c044c64ef748a880bd0ae"
    assert elsewhere(kws, "cortex-m4")[CMSIS_NN] == 7_698_485
    assert elsewhere(kws, "cortex-m7") == {}
    assert elsewhere("0" * 64, "cortex-m4") == {}
