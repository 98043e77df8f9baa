"""HailoRT's Python package as its sources describe it, over arithmetic for a chip.

HailoRT cannot be installed from a package index. This stands for it in tests: each name
and signature here is compared at import with the checked-in list of the version that
``FAKE_HAILO`` names, and none that is not in that list can be called or set. What it
does not do of that list it does not have.
"""

from . import chip
from .listed import LISTED, check

__version__ = LISTED["version"]

for _name in LISTED["exported"]:
    if hasattr(chip, _name):
        globals()[_name] = getattr(chip, _name)

check(chip)
