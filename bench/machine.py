"""What the machine is, and how much of it somebody else had during a measurement."""

import os
import platform
import resource
import time
from pathlib import Path


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def cores() -> int:
    """Logical processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, str | int]:
    """The machine, for the record."""
    return {
        "processor": processor(), "cores": cores(), "system": platform.system(),
        "architecture": platform.machine(),
    }


class Watch:
    """Between its start and `shares`: what share of all processors others had, besides the programs we ran.

    `others` is processes of this system, `stolen` what a hypervisor gave to its other guests. None where the system
    does not tell (Linux does), or the time was too short for its clock of hundredths of a second.
    """

    def __init__(self) -> None:
        self.started, self.ours, self.machine = time.monotonic(), _ours(), _machine()

    def shares(self) -> dict[str, float | None]:
        machine, taken = _machine(), time.monotonic() - self.started
        if machine is None or self.machine is None or taken < 0.5:
            return {"others": None, "stolen": None}
        available = taken * (os.cpu_count() or 1)
        busy, stolen = (now - then for now, then in zip(machine, self.machine))
        others = busy - (_ours() - self.ours)
        # The two clocks tick apart by a little, which must not look like less than nothing.
        return {"others": round(max(0.0, others / available), 4), "stolen": round(stolen / available, 4)}


def _ours() -> float:
    """Processor seconds of this process and of the programs it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _machine() -> tuple[float, float] | None:
    """Seconds that the machine's processors were busy, and that were stolen, since it started."""
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    except OSError:
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    user, nice, system, _idle, _wait, irq, softirq, steal = (int(field) / ticks for field in fields[:8])
    return user + nice + system + irq + softirq, steal
