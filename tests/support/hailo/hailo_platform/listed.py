"""The vendor's own names and signatures, and whether this package keeps to them."""

import enum
import inspect
import json
import os
from pathlib import Path

SETTINGS = json.loads(Path(os.environ["FAKE_HAILO"]).read_text())
"""What the device is like: ``version, devices, monitor, queue, fail``."""

LISTED = json.loads(
    (Path(__file__).parents[1] / f"hailort-{SETTINGS['version']}.json").read_text()
)


def enumeration(name):
    """Return an enumeration of exactly the vendor's values."""
    return enum.Enum(name, LISTED["enumerations"][name])


def structure(name, given):
    """Return a value with exactly the vendor's fields; those not given are None."""
    fields = LISTED["structures"][name]
    if strange := sorted(given.keys() - set(fields)):
        raise AttributeError(f"HailoRT's {name} has no {strange}")
    kind = type(name, (), {"__slots__": fields})
    made = kind()
    for field in fields:
        setattr(made, field, given.get(field))
    return made


def information(name, given):
    """Return an object of the vendor's Python class with exactly its fields."""
    fields = LISTED["classes"][name]["fields"]
    if strange := sorted(given.keys() - set(fields)):
        raise AttributeError(f"HailoRT's {name} has no {strange}")
    kind = type(name, (), {"__slots__": fields})
    made = kind()
    for field in fields:
        setattr(made, field, given.get(field))
    return made


def check(module):
    """Refuse a package that has a name or a signature which the vendor's has not.

    Raises:
        ImportError: it has.
    """
    for name, told in LISTED["classes"].items():
        kind = module
        for part in name.split("."):
            kind = getattr(kind, part, None)
        if kind is not None:
            _check_class(name, kind, told)


def _check_class(name, kind, told):
    for attribute, value in vars(kind).items():
        is_special = attribute in ("__init__", "__enter__", "__exit__")
        is_private = attribute.startswith("_") and attribute not in told["methods"]
        if isinstance(value, type) or (is_private and not is_special):
            continue
        if isinstance(value, property):
            if attribute not in told["properties"]:
                raise ImportError(f"{name}.{attribute} is no property of HailoRT's")
            continue
        if inspect.ismemberdescriptor(value):
            raise ImportError(f"{name}.{attribute} is a field that can be set")
        wanted = told["methods"].get(attribute)
        if attribute == "__init__" and attribute not in told["methods"]:
            continue
        if wanted is None:
            raise ImportError(f"{name}.{attribute} is no method of HailoRT's")
        has = parameters(getattr(value, "__func__", value))
        if not isinstance(value, staticmethod):
            has = has[1:]
        # Of what users do not make themselves the constructor is this package's own.
        is_own = attribute == "__init__" and name not in ("VDevice", "Device")
        if not is_own and has != wanted:
            raise ImportError(f"{name}.{attribute} takes {wanted}, not {has}")


def parameters(function):
    """Return a function's parameters as the list writes them."""
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in found:
            found.append("*")
        default = parameter.default
        if parameter.kind is parameter.VAR_POSITIONAL:
            found.append(f"*{parameter.name}")
        elif default is parameter.empty:
            found.append(parameter.name)
        elif isinstance(default, enum.Enum):
            found.append(f"{parameter.name}={default}")
        else:
            found.append(f"{parameter.name}={default!r}")
    return found
