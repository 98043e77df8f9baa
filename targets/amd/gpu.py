"""What ``amdsmi``, which comes with ROCm, says of an AMD accelerator."""

from __future__ import annotations

from typing import Any

from ...harness.device.session import SessionError


def identity(index: int) -> dict[str, str | None]:
    """Return what identifies a GPU and its driver.

    Args:
        index: its number among those that amdsmi lists.

    Raises:
        SessionError: amdsmi does not work, or lists no such GPU.
    """
    smi = _imported()
    try:
        smi.amdsmi_init()
    except smi.AmdSmiException as exc:
        raise SessionError(f"amdsmi does not start: {exc}; install ROCm") from exc
    try:
        handles = smi.amdsmi_get_processor_handles()
        if index >= len(handles):
            raise SessionError(f"amdsmi lists {len(handles)} GPUs, none is {index}")
        asic = smi.amdsmi_get_gpu_asic_info(handles[index])
        driver = smi.amdsmi_get_gpu_driver_info(handles[index])
        return {
            "device": _known(asic.get("market_name")),
            "serial": _known(asic.get("asic_serial")),
            "driver": _known(driver.get("driver_version")),
            "pci": _known(smi.amdsmi_get_gpu_device_bdf(handles[index])),
        }
    except smi.AmdSmiException as exc:
        raise SessionError(f"amdsmi tells nothing of GPU {index}: {exc}") from exc
    finally:
        smi.amdsmi_shut_down()


def _imported() -> Any:
    try:
        import amdsmi
    except Exception as exc:  # without ROCm the module raises KeyError
        raise SessionError(
            f"amdsmi cannot be imported: {exc!r}; install the one of this ROCm"
        ) from exc
    return amdsmi


def _known(value: Any) -> str | None:
    return None if value in (None, "", "N/A") else str(value)
