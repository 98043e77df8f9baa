"""A sweep over a board, start to finish, on a pseudo-terminal in real time."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from support.boards import OUTPUTS, sample
from support.plans import write_sweep_of
from support.serial_device import Board, Firmware, Pty

from tierbench.harness import windows
from tierbench.harness.errors import WorkerDied, WorkerError
from tierbench.harness.progress import Silence
from tierbench.harness.results import rows
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store
from tierbench.targets.cortex_m_serial import CortexMSerial
from tierbench.targets.cortex_m_serial.worker import connect
