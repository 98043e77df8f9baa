"""Readers of the state of devices that are more than a processor of Linux.

Each is one small file that travels to the device. A target that runs on such a device
names it in ``Target.readers``; a vendor's library is imported in the monitor alone.
"""
