"""The sounds that words are made of, each as one to three acoustic segments.

Formants of vowels are the averages of 33 men in G. E. Peterson and H. L. Barney,
"Control methods used in a study of the vowels", J. Acoust. Soc. Am. 24 (1952), table
II. Those of consonants are the targets before front vowels in D. H. Klatt, "Software
for a cascade/parallel formant synthesizer", J. Acoust. Soc. Am. 67 (1980), table III;
the lowest of a nasal is its nasal pole. Peaks and levels of fricatives are the means
in A. Jongman, R. Wayland and S. Wong, "Acoustic characteristics of English
fricatives", J. Acoust. Soc. Am. 108 (2000). Everything else (durations, bursts, widths
of noise) was set by trial. Names of sounds are those of the ARPAbet.
"""

from __future__ import annotations

from dataclasses import dataclass

_VOWEL_S = 0.13
_CLOSURE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of sound with constant targets.

    Amplitudes are relative to a vowel's: ``voicing`` drives the formants with pulses,
    ``aspiration`` with noise; ``frication`` is noise in one band around ``noise_hz``.
    """

    formants_hz: tuple[int, int, int]
    duration_s: float
    voicing: float = 0.0
    aspiration: float = 0.0
    frication: float = 0.0
    noise_hz: int = 1_000
    noise_width_hz: int = 1_000


Sound = tuple[Segment, ...]


def _vowel(*formants_hz: int) -> Sound:
    f1, f2, f3 = formants_hz
    return (Segment(formants_hz=(f1, f2, f3), duration_s=_VOWEL_S, voicing=1.0),)


def _sonorant(*formants_hz: int, voicing: float) -> Sound:
    f1, f2, f3 = formants_hz
    return (Segment(formants_hz=(f1, f2, f3), duration_s=0.07, voicing=voicing),)


def _fricative(
    *formants_hz: int, noise_hz: int, width_hz: int, level_db: float, voiced: bool
) -> Sound:
    f1, f2, f3 = formants_hz
    noise = Segment(
        formants_hz=(f1, f2, f3),
        duration_s=0.09 if voiced else 0.13,
        voicing=0.15 if voiced else 0.0,
        frication=10.0 ** (level_db / 20.0),
        noise_hz=noise_hz,
        noise_width_hz=width_hz,
    )
    return (noise,)


def _plosive(*formants_hz: int, noise_hz: int, width_hz: int, voiced: bool) -> Sound:
    """Return a closure, a burst of noise and, if voiceless, some aspiration."""
    f1, f2, f3 = formants_hz
    place = (f1, f2, f3)
    closure = Segment(
        formants_hz=place, duration_s=_CLOSURE_S, voicing=0.06 if voiced else 0.0
    )
    burst = Segment(
        formants_hz=place,
        duration_s=0.016,
        voicing=0.2 if voiced else 0.0,
        frication=0.35,
        noise_hz=noise_hz,
        noise_width_hz=width_hz,
    )
    breath = Segment(formants_hz=place, duration_s=0.035, aspiration=0.12)
    return (closure, burst) if voiced else (closure, burst, breath)


VOWELS: dict[str, Sound] = {
    "IY": _vowel(270, 2290, 3010),
    "IH": _vowel(390, 1990, 2550),
    "EH": _vowel(530, 1840, 2480),
    "AE": _vowel(660, 1720, 2410),
    "AA": _vowel(730, 1090, 2440),
    "AO": _vowel(570, 840, 2410),
    "UH": _vowel(440, 1020, 2240),
    "UW": _vowel(300, 870, 2240),
    "AH": _vowel(640, 1190, 2390),
    "ER": _vowel(490, 1350, 1690),
}

CONSONANTS: dict[str, Sound] = {
    "W": _sonorant(290, 610, 2150, voicing=0.6),
    "Y": _sonorant(260, 2070, 3020, voicing=0.6),
    "R": _sonorant(310, 1060, 1380, voicing=0.6),
    "L": _sonorant(310, 1050, 2880, voicing=0.6),
    "M": _sonorant(270, 1270, 2130, voicing=0.4),
    "N": _sonorant(270, 1340, 2470, voicing=0.4),
    "F": _fricative(
        340, 1100, 2080, noise_hz=7_700, width_hz=6_000, level_db=-17, voiced=False
    ),
    "V": _fricative(
        220, 1100, 2080, noise_hz=7_700, width_hz=6_000, level_db=-17, voiced=True
    ),
    "TH": _fricative(
        320, 1290, 2540, noise_hz=7_500, width_hz=5_000, level_db=-18, voiced=False
    ),
    "S": _fricative(
        320, 1390, 2530, noise_hz=6_800, width_hz=2_000, level_db=-10, voiced=False
    ),
    "Z": _fricative(
        240, 1390, 2530, noise_hz=6_800, width_hz=2_000, level_db=-10, voiced=True
    ),
    "SH": _fricative(
        300, 1840, 2750, noise_hz=3_800, width_hz=1_200, level_db=-9, voiced=False
    ),
    "P": _plosive(400, 1100, 2150, noise_hz=900, width_hz=2_500, voiced=False),
    "B": _plosive(200, 1100, 2150, noise_hz=900, width_hz=2_500, voiced=True),
    "T": _plosive(400, 1600, 2600, noise_hz=4_500, width_hz=2_500, voiced=False),
    "D": _plosive(200, 1600, 2600, noise_hz=4_500, width_hz=2_500, voiced=True),
    "K": _plosive(300, 1990, 2850, noise_hz=2_200, width_hz=800, voiced=False),
    "G": _plosive(200, 1990, 2850, noise_hz=2_200, width_hz=800, voiced=True),
}

SOUNDS: dict[str, Sound] = VOWELS | CONSONANTS
