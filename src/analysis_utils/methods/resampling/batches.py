"""Many draws in batches: bounded memory, same numbers for any number of workers."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from ..arguments import whole

__all__ = ["run_batches"]

Work = Callable[[int, np.random.Generator], np.ndarray]


def run_batches(
    work: Work,
    total: int,
    *,
    seed: int,
    batch: int = 1000,
    workers: int = 1,
    label: str = "",
) -> np.ndarray:
    """Collect `total` draws of `work(size, rng)`, which returns (size, ...).

    Each batch has its own random stream, spawned from `seed` by its number; so the
    result depends on `seed` and `batch` and not on `workers`. One BLAS thread runs
    inside, because two make these small products slower. On a terminal, a bar shows
    the progress of what takes more than a second.

    >>> run_batches(lambda size, rng: rng.random(size), 5, seed=1, batch=2).shape
    (5,)
    """
    whole(seed, "seed")
    whole(workers, "workers", least=1)
    sizes = batch_sizes(total, batch)
    streams = np.random.SeedSequence(seed).spawn(len(sizes))
    tasks = [(size, stream) for size, stream in zip(sizes, streams, strict=True)]
    return np.concatenate(
        in_parallel(
            lambda task: work(task[0], np.random.default_rng(task[1])),
            tasks,
            workers=workers,
            label=label,
        )
    )


def one_blas_thread() -> AbstractContextManager:
    """Limit BLAS to one thread within a `with` block, and only there."""
    return _blas().limit(limits=1, user_api="blas")


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()  # looking for the libraries takes a millisecond


def batch_sizes(total: int, batch: int) -> list[int]:
    """Divide `total` into batches of at most `batch`.

    >>> batch_sizes(5, 2)
    [2, 2, 1]
    """
    total, batch = whole(total, "total", least=1), whole(batch, "batch", least=1)
    return [min(batch, total - start) for start in range(0, total, batch)]


def in_parallel(
    function: Callable, items: Sequence, *, workers: int = 1, label: str = ""
) -> list:
    """Apply `function` to each item by `workers` threads; results in order."""
    with one_blas_thread():
        results = Parallel(n_jobs=workers, prefer="threads", return_as="generator")(
            delayed(function)(item) for item in items
        )
        return list(
            tqdm(
                results,
                total=len(items),
                desc=label,
                delay=1,
                leave=False,
                disable=None,
            )
        )
