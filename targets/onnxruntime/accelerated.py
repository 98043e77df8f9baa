"""A model on a provider of ONNX Runtime that is asked for by name, and on no other."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import onnxruntime as ort

from ...harness.device.session import SessionError
from .kernels import kernels, precision
from .placement import (
    RECORD,
    Placement,
    computing_in_integers,
    elsewhere,
    placement,
    share_of,
    told,
)
from .session import CPU, OrtSession, load, quiet_settings

NO_FALLBACK = "session.disable_cpu_ep_fallback"
Settings = Callable[[], ort.SessionOptions]


class Survey(NamedTuple):
    """A model's inputs as the runtime has them, and whether it computes in integers."""

    inputs: list[Any]
    quantised: bool


class AcceleratedSession(OrtSession):
    """One model on one provider, which proves what it took.

    The first call is profiled by the runtime itself: that tells the kernels that ran
    and what they computed in. Later calls are not.
    """

    tf32 = False
    """Whether kernels that multiply round float32 to TF32."""

    def __init__(
        self,
        model: str,
        batch: int,
        settings: Settings,
        provider: str,
        *,
        providers: Sequence[Any] = (),
        cpu_fallback: bool = False,
    ) -> None:
        """Load the model.

        Args:
            model: its file.
            batch: samples of a call.
            settings: makes the session's options.
            provider: the one that has to take the operators.
            providers: with options, as the runtime takes them; none where ``settings``
                name the provider's devices.
            cpu_fallback: let the CPU take what the provider does not.

        Raises:
            SessionError: the model is refused, or runs elsewhere; operators are named.
        """
        self._provider = provider
        self._folder = tempfile.mkdtemp(prefix="tierbench-ort-")
        self._precision: Any = None

        def loaded(**entries: str) -> ort.InferenceSession:
            return load(model, self._watched(settings(), entries), providers)

        try:
            session = self._alone(loaded) if not cpu_fallback else loaded()
            self.placed = self._checked(session, cpu_fallback)
        except BaseException:
            self.close()
            raise
        super().__init__(session, batch)

    def after_first_call(self) -> None:
        """End the profile, and read from it what ran."""
        super().after_first_call()
        path = self._session.end_profiling()
        self._precision = self.found_precision(path)
        self.close()

    def found_precision(self, profile: str) -> Any:
        """Return what the provider computed in, from the profile of a call."""
        return precision(kernels(profile, self._provider), self.tf32)

    def ran(self) -> dict[str, Any]:
        """Tell which operators ran where, and in what precision."""
        return {
            **super().ran(),
            "precision": self._precision,
            "accelerated_share": share_of(self.placed, self._provider),
            "operators": told(self.placed),
        }

    def close(self) -> None:
        """Remove the profile."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watched(
        self, settings: ort.SessionOptions, entries: Mapping[str, str]
    ) -> ort.SessionOptions:
        """Have the runtime record what it assigns to whom, and profile what runs."""
        for name, value in {RECORD: "1", **entries}.items():
            settings.add_session_config_entry(name, value)
        settings.enable_profiling = True
        settings.profile_file_prefix = str(Path(self._folder) / "profile")
        return settings

    def _alone(self, loaded: Callable[..., ort.InferenceSession]) -> Any:
        """Return the session without the CPU's help, or tell what would need it."""
        try:
            return loaded(**{NO_FALLBACK: "1"})
        except SessionError as exc:
            try:
                helped = loaded()
            except SessionError:
                raise exc from None
            try:
                self._checked(helped, cpu_fallback=False)
            except SessionError as reason:
                raise reason from exc
            raise

    def _checked(self, session: ort.InferenceSession, cpu_fallback: bool) -> Placement:
        """Return where the operators are, or refuse to have them there."""
        provider, first = self._provider, session.get_providers()[0]
        if first != provider:
            raise SessionError(
                f"{provider} was asked for and {first} came: its libraries or its "
                "device are missing; the target's doctor says what it needs"
            )
        placed = placement(session)
        strays = elsewhere(placed, provider)
        if not placed.get(provider):
            raise SessionError(f"{provider} takes no operator of this model: {strays}")
        if strays and not cpu_fallback:
            raise SessionError(
                f"not on {provider}: {strays}; set cpu_fallback = true to let the CPU "
                "help, or choose a model without these operators"
            )
        return placed


def survey(model: str) -> Survey:
    """Read a model file on the CPU, where nothing is rewritten and nothing runs.

    Raises:
        SessionError: it cannot be read.
    """
    look = quiet_settings()
    look.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    look.add_session_config_entry(RECORD, "1")
    session = load(model, look, [CPU])
    markers = computing_in_integers(placement(session), CPU)
    return Survey(list(session.get_inputs()), markers)


def fix_dimensions(
    settings: ort.SessionOptions, inputs: Sequence[Any], batch: int
) -> None:
    """Fix a model's free dimensions: the first to the batch, all others to 1.

    Providers that compile a model compile it for shapes.

    Raises:
        SessionError: a free dimension has no name.
    """
    for node in inputs:
        for place, length in enumerate(node.shape):
            if isinstance(length, str):
                value = batch if place == 0 else 1
                settings.add_free_dimension_override_by_name(length, value)
            elif length is None:
                raise SessionError(
                    f"dimension {place} of input {node.name!r} is free and has no "
                    "name; export the model with a named one"
                )


def refuse_others(
    session: ort.InferenceSession, provider: str, asked: Mapping[str, str]
) -> None:
    """Refuse a session that the runtime gave other options than were asked for.

    Args:
        session: a loaded model.
        provider: whose options.
        asked: those that decide what is computed in.

    Raises:
        SessionError: an option is another one, or is not told.
    """
    used = session.get_provider_options().get(provider, {})
    for name, value in asked.items():
        told = {"true": "1", "false": "0"}.get(str(used.get(name)).lower())
        if value not in (told, used.get(name)):
            raise SessionError(
                f"{name} was set to {value!r}, and the runtime uses {used.get(name)!r}"
            )


def forget_environment(prefix: str) -> None:
    """Remove variables that would change a provider's options behind our back."""
    for name in [name for name in os.environ if name.startswith(prefix)]:
        del os.environ[name]


def fill(
    folder: str, load_model: Callable[[], AcceleratedSession], nothing: str
) -> None:
    """Let a provider compile a model into a folder, unless that is done already.

    Args:
        folder: where a session of the model keeps what it compiles.
        load_model: opens such a session.
        nothing: what to say where nothing was kept.

    Raises:
        SessionError: the model is refused, or nothing was kept.
    """
    os.makedirs(folder, exist_ok=True)
    if not os.listdir(folder):
        load_model().close()
    if not os.listdir(folder):
        raise SessionError(nothing)


def require(provider: str, distribution: str) -> None:
    """Refuse a runtime that was built without a provider.

    Raises:
        SessionError: it has others; they are named.
    """
    there = ort.get_available_providers()
    if provider not in there:
        raise SessionError(
            f"this onnxruntime has no {provider}, only {', '.join(there)}; install "
            f"{distribution}"
        )
