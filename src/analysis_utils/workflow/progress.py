"""A live line on a terminal, plain lines elsewhere: what runs, how far, time left."""

import sys
import threading
import time

from analysis_utils.workflow.runs import Run

FIRST_GUESS = 5.0  # seconds of a run that this machine has never executed


class Progress:
    """Progress of some runs.

    Parameters
    ----------
    runs : those to be executed.
    seconds : how long each took the last time, by label; None where that is not known.
    workers : how many are executed at a time.
    """

    def __init__(self, runs: list[Run], seconds: dict[str, float | None], workers: int):
        known = sorted(s for s in seconds.values() if s)
        guess = known[len(known) // 2] if known else FIRST_GUESS
        self.expected = {label: s or guess for label, s in seconds.items()}
        self.cells = {run.label: len(run.notebook.cells) + 1 for run in runs}
        self.done = dict.fromkeys(self.cells, 0)  # cells
        self.running: list[str] = []
        self.ended = 0
        self.workers, self.began = workers, time.monotonic()
        self.speaking = threading.RLock()
        self.bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(
                total=sum(self.cells.values()),
                leave=False,
                bar_format="{desc} |{bar:20}| {postfix}",
            )
            self.show()

    def started(self, run: Run) -> None:
        """A run has begun."""
        with self.speaking:
            self.running.append(run.label)
            self.show()

    def cell(self, run: Run) -> None:
        """One more cell of a run has been executed."""
        with self.speaking:
            self.done[run.label] = min(self.done[run.label] + 1, self.cells[run.label])
            self.show()

    def outcome(self, run: Run, state: str, seconds: float) -> None:
        """A run has ended."""
        with self.speaking:
            self.ended += 1
            self.done[run.label] = self.cells[run.label]
            if run.label in self.running:
                self.running.remove(run.label)
            count = f"{self.ended}/{len(self.cells)}"
            self.say(f"{count} {run.label}: {state} in {seconds:.1f} s")
            self.show()

    def say(self, sentence: str) -> None:
        """A line that stays."""
        with self.speaking:
            if self.bar is not None:
                self.bar.write(sentence)
            else:
                print(sentence, flush=True)

    def left(self) -> float:
        """Seconds that the rest will take: what it took before, at today's pace."""
        share = {name: self.done[name] / n for name, n in self.cells.items()}
        done = sum(self.expected[name] * part for name, part in share.items())
        total = sum(self.expected.values())
        pace = 1 / self.workers
        if done > total / 10:
            pace = (time.monotonic() - self.began) / done
        return (total - done) * pace

    def show(self) -> None:
        """Bring the live line up to date."""
        if self.bar is None:
            return
        names = " and ".join(self.running[:2]) or "starting"
        self.bar.n = sum(self.done.values())
        self.bar.set_description_str(
            f"{self.ended}/{len(self.cells)} {names[:60]}", refresh=False
        )
        self.bar.set_postfix_str(f"about {in_words(self.left())} left", refresh=False)
        self.bar.refresh()

    def close(self) -> None:
        """Remove the live line."""
        if self.bar is not None:
            self.bar.close()


def in_words(seconds: float) -> str:
    """A time in round numbers: 5 s, 40 s, 3 min."""
    if seconds < 90:
        return f"{max(5, round(seconds / 5) * 5)} s"
    return f"{round(seconds / 60)} min"
