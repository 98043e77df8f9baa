"""Keep an NVIDIA GPU busy with multiply-adds, through the driver's library alone.

``python gpu_load.py`` prints ``busy`` when the first launches have ended, then goes on
until its standard input closes. What the driver refuses is the last line of its errors.
"""

import ctypes
import select
import sys

BLOCKS, THREADS, ROUNDS = 1024, 256, 100_000
LAUNCHES = 4
"""Launches that wait in line: the GPU is never without work."""

PTX = """\
.version 7.0
.target sm_75
.address_size 64
.visible .entry busy(.param .u64 out, .param .u32 rounds)
{
  .reg .pred %more;
  .reg .f32 %x, %a;
  .reg .b32 %thread, %block, %size, %place, %round, %rounds;
  .reg .b64 %out, %offset;
  ld.param.u64 %out, [out];
  ld.param.u32 %rounds, [rounds];
  mov.u32 %thread, %tid.x;
  mov.u32 %block, %ctaid.x;
  mov.u32 %size, %ntid.x;
  mad.lo.u32 %place, %block, %size, %thread;
  cvt.rn.f32.u32 %x, %place;
  mov.f32 %a, 0f3F7FFFFF;
  mov.u32 %round, 0;
again:
  fma.rn.f32 %x, %x, %a, %a;
  fma.rn.f32 %x, %x, %a, %a;
  fma.rn.f32 %x, %x, %a, %a;
  fma.rn.f32 %x, %x, %a, %a;
  add.u32 %round, %round, 1;
  setp.lt.u32 %more, %round, %rounds;
  @%more bra again;
  cvta.to.global.u64 %out, %out;
  mul.wide.u32 %offset, %place, 4;
  add.u64 %out, %out, %offset;
  st.global.f32 [%out], %x;
  ret;
}
"""


class Driver:
    """The functions of libcuda that it takes; each refusal ends the process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libcuda.so.1")

    def call(self, name: str, *arguments: object) -> None:
        code = getattr(self._library, name)(*arguments)
        if code:
            sys.exit(f"{name} returned {code}")


def main() -> None:
    driver = Driver()
    device, context = ctypes.c_int(), ctypes.c_void_p()
    module, kernel = ctypes.c_void_p(), ctypes.c_void_p()
    out, rounds = ctypes.c_uint64(), ctypes.c_uint32(ROUNDS)
    driver.call("cuInit", 0)
    driver.call("cuDeviceGet", ctypes.byref(device), 0)
    driver.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    driver.call("cuCtxSetCurrent", context)
    driver.call("cuModuleLoadData", ctypes.byref(module), PTX.encode())
    driver.call("cuModuleGetFunction", ctypes.byref(kernel), module, b"busy")
    size = ctypes.c_size_t(4 * BLOCKS * THREADS)
    driver.call("cuMemAlloc_v2", ctypes.byref(out), size)
    given = (ctypes.c_void_p * 2)(
        ctypes.cast(ctypes.byref(out), ctypes.c_void_p),
        ctypes.cast(ctypes.byref(rounds), ctypes.c_void_p),
    )
    shape = (BLOCKS, 1, 1, THREADS, 1, 1, 0)
    told = False
    while not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(LAUNCHES):
            driver.call("cuLaunchKernel", kernel, *shape, None, given, None)
        driver.call("cuCtxSynchronize")
        if not told:
            print("busy", flush=True)
            told = True


if __name__ == "__main__":
    main()
