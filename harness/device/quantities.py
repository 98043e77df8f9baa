"""What readers of a device's state tell of, in words that all of them share.

A channel's quantity is one of these; its name says of what.
"""

CLOCK = "clock"
"""Hz, as the device runs now."""

BUSY = "busy"
"""Share of the time in which what a clock of this name drives has worked."""

CLOCK_LIMIT = "clock_limit"
"""Hz, the most that the system allows now."""

TEMPERATURE = "temperature"
"""Degrees Celsius."""

MARGIN = "margin"
"""Kelvin from the temperature to where the device slows itself down."""

THROTTLE = "throttle"
"""Above 0 while the device is being slowed down for the reason in the name."""

THROTTLE_COUNT = "throttle_count"
"""How often, or for how long, the device was slowed down since it started."""

GOVERNOR = "governor"
"""Place in ``GOVERNORS``; -1 for another one."""

BOOST = "boost"
"""1 where clocks above the nominal one are allowed, 0 where they are not."""

POWER_MODE = "power_mode"
"""The number of the mode, as the device's maker counts them."""

POWER_LIMIT = "power_limit"
"""W, the most that the device may draw now."""

PROTECTION = "protection"
"""1 where the device may slow itself down to protect itself, 0 where it may not."""

GOVERNORS = (
    "performance",
    "powersave",
    "userspace",
    "ondemand",
    "conservative",
    "schedutil",
)
"""Linux's governors of a processor's clock."""
