"""The machine that the figures belong to, and what its kernel says about a process."""

import os
import platform
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

COMMITS = 200
CLOCK_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def describe_machine(folder: Path) -> str:
    """In one line. `folder` is where the stores will be: what its disk takes for a commit is part of it."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(usable_cores())} cores of {_processor_model()}, {memory_gib:.0f} GiB of memory, "
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}, "
        f"{commit_time_ms(folder):.2f} ms to write 4 KiB to disk for certain"
    )


def commit_time_ms(folder: Path) -> float:
    """The median of `fdatasync` after an appended block: the least that a durable message can take."""
    times_s: list[float] = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(COMMITS):
            file.write(bytes(4096))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times_s.append(time.perf_counter() - started)
    return 1000 * median(times_s)


def usable_cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """The calling thread, and what it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def processor_time_s(pid: int) -> float:
    """User and system time of the process since its start (proc_pid_stat(5), fields 14 and 15)."""
    # The second field is the program's name in brackets and may hold blanks: count from behind it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_SECOND


def memory_kib(pid: int) -> int:
    """Proportional set size: a page of several processes counts in parts (proc_pid_smaps_rollup(5))."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"the kernel does not tell the memory of process {pid}")


def peak_memory_kib(pid: int) -> int:
    """The largest resident set so far, or since `forget_peak_memory` (VmHWM of proc_pid_status(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError(f"the kernel does not tell the memory of process {pid}")


def forget_peak_memory(pid: int) -> None:
    """From here on the peak counts anew (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def allow_open_files(needed: int) -> None:
    """Raise this process's limit, which the processes that it starts inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"this needs {needed} open files a process, the hard limit is {hard}: see `ulimit -Hn`")
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _processor_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()  # ARM kernels name no model
