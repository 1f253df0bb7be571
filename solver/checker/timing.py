"""Dwell, crew and the least duration of a run, by sweeping and halving in clock time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from solver.domain import Instance, Run, TravelMatrix

NEVER = 10**9


@dataclass(slots=True)
class Halt:
    """One visit that is made on the day that is looked at."""

    number: int
    stop: int
    school: int | None
    present: list[int]
    dwell_s: int


class SessionTimer:
    """Dwell, crew and least duration of runs of one session, in clock time."""

    def __init__(self, instance: Instance, matrix: TravelMatrix) -> None:
        self.instance, self.matrix = instance, matrix
        self.is_am = instance.session == "AM"

    def crew(self, riders: Collection[int]) -> int:
        """C8: assistants due for these riders."""
        dedicated = sum(self.instance.riders[r].assistant == "dedicated" for r in riders)
        shared = sum(self.instance.riders[r].assistant == "shared" for r in riders)
        ratio = self.instance.rules.shared_pupils_per_assistant or max(shared, 1)
        return dedicated + (shared + ratio - 1) // ratio

    def halts(self, run: Run, riders: Collection[int]) -> list[Halt]:
        """List the visits at which one of `riders` boards or alights."""
        halts = []
        for number, visit in enumerate(run.visits):
            present = [r for r in visit.riders if r in riders]
            if present:
                dwell = self.dwell(visit.school, present)
                halts.append(Halt(number, visit.stop, visit.school, present, dwell))
        return halts

    def dwell(self, school: int | None, present: Sequence[int]) -> int:
        """C5: seconds that a halt takes."""
        riders = self.instance.riders
        if school is not None:
            call = self.instance.schools[school]
            chairs = sum(riders[r].bays for r in present)
            return call.dwell_s + (call.wheelchair_extra_s if chairs else 0)
        longest = max(riders[r].dwell_s for r in present)
        return longest + (len(present) - 1) * (self.instance.rules.shared_door_extra_s or 0)

    def least_span(self, halts: Sequence[Halt], *, has_caps: bool = True) -> tuple[int, int]:
        """First start and last end of least duration: the earliest end, the latest first start.

        Raises
        ------
        ValueError
            If the halts have no timetable.
        """
        earliest = self._sweep(halts, -NEVER, has_caps)
        if earliest is None:
            raise ValueError("the halts have no timetable")
        end = earliest[-1]
        low, high = earliest[0], end
        while low < high:
            middle = (low + high + 1) // 2
            times = self._sweep(halts, middle, has_caps)
            if times is not None and times[-1] == end:
                low = middle
            else:
                high = middle - 1
        return low, end + halts[-1].dwell_s

    def _sweep(self, halts: Sequence[Halt], first: int, has_caps: bool) -> list[int] | None:
        """Earliest starts when the first is not before `first`; None where there are none."""
        rules = self.instance.rules
        low, high = [], []
        for halt in halts:
            if halt.school is not None:
                call = self.instance.schools[halt.school]
                low.append(call.window_from_s)
                high.append(call.window_to_s)
            else:
                low.append(rules.earliest_s if self.is_am else -NEVER)
                high.append(NEVER if self.is_am else rules.latest_s)
        low[0] = max(low[0], first)
        rides = self.rides(halts) if has_caps else []
        while True:
            times: list[int] = []
            for i, halt in enumerate(halts):
                t = low[i]
                if i:
                    before = halts[i - 1]
                    drive = int(self.matrix.time_s[before.stop, halt.stop])
                    t = max(t, times[-1] + before.dwell_s + drive)
                if t > high[i]:
                    return None
                times.append(t)
            late = [(i, times[j] - most) for i, j, most in rides if times[i] < times[j] - most]
            if not late:
                return times
            for i, t in late:
                low[i] = max(low[i], t)

    def rides(self, halts: Sequence[Halt]) -> list[tuple[int, int, int]]:
        """List boarding halt, alighting halt and most seconds between their starts (C2)."""
        board: dict[int, int] = {}
        rides = []
        for j, halt in enumerate(halts):
            for rider in halt.present:
                if (halt.school is None) == self.is_am:
                    board[rider] = j
                elif rider in board:
                    i = board[rider]
                    cap = self.instance.riders[rider].ride_cap_s
                    rides.append((i, j, halts[i].dwell_s + cap))
        return rides


def format_clock(seconds: int) -> str:
    """Seconds since midnight as hh:mm:ss."""
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
