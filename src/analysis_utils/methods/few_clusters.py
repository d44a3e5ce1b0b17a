"""Inference when few clusters carry an estimate: how many they are, and what holds.

Errors clustered by state are too small when few states were treated, however many
there are in all. The bias-reduced covariance (CR2) with Satterthwaite's degrees of
freedom is right for few clusters of normal errors; for one or two treated clusters
nothing but randomisation is. Bell and McCaffrey 2002, Survey Methodology 28:169;
Pustejovsky and Tipton 2018, JBES 36:672; Carter, Schnepel and Steigerwald 2017, REStat.
"""

import numpy as np
from scipy import linalg

__all__ = ["bias_reduced", "effective_clusters"]


def effective_clusters(regressor: np.ndarray, clusters: np.ndarray) -> float:
    """Number of equal clusters whose variation would carry as much: 1 to G.

    regressor: (n,) what effects and other regressors leave of it. clusters: (n,)
    codes. 1 / sum of squared shares of the variation: three treated states among fifty
    count about three.

    >>> effective_clusters(np.array([1.0, -1.0, 1.0, -1.0]), np.array([0, 0, 1, 1]))
    2.0
    """
    share = np.bincount(clusters, weights=regressor**2)
    return float(share.sum() ** 2 / (share**2).sum())


def bias_reduced(
    regressor: np.ndarray,
    residuals: np.ndarray,
    clusters: np.ndarray,
    others: np.ndarray,
) -> tuple[float, float]:
    """Standard error (CR2) and degrees of freedom of one coefficient.

    regressor: (n,) residualised on everything else; residuals: (n,) of the whole model;
    clusters: (n,) codes. others: (n, k) the other columns of the model. Effects of
    units that lie within clusters may be left out if all columns are demeaned by unit.
    With weights, all columns are scaled by their roots before. Working model:
    independent errors of one variance.

    >>> rng = np.random.default_rng(0)
    >>> g = np.repeat(np.arange(10), 4)
    >>> x, e = rng.standard_normal((2, 40))
    >>> x -= x.mean(); e -= x * (x @ e) / (x @ x)
    >>> se, df = bias_reduced(x, e, g, np.ones((40, 1)))
    >>> 5 < df < 10
    True
    """
    basis = _orthonormal(np.column_stack([regressor, others]))
    total = float(regressor @ regressor)
    order = np.argsort(clusters, kind="stable")
    bounds = np.flatnonzero(np.diff(clusters[order])) + 1
    scores, sizes, shadows = [], [], []
    for rows in np.split(order, bounds):
        loading = _adjusted(basis[rows], regressor[rows]) / total
        scores.append(float(loading @ residuals[rows]))
        sizes.append(float(loading @ loading))
        shadows.append(basis[rows].T @ loading)
    # Covariance of the clusters' scores under the working model: I - H is idempotent,
    # so no column of length n is needed.
    shadow = np.array(shadows)
    gram = np.diag(sizes) - shadow @ shadow.T
    df = float(np.trace(gram) ** 2 / (gram**2).sum())
    return float(np.sqrt(np.sum(np.square(scores)))), df


def _adjusted(basis: np.ndarray, regressor: np.ndarray) -> np.ndarray:
    """(I - H_gg)^(-1/2) x_g, with the pseudo-inverse where a direction is fitted away.

    H_gg = Q_g Q_g', so its eigenvectors are left singular vectors of Q_g.
    """
    left, singular, _ = np.linalg.svd(basis, full_matrices=False)
    rest = np.clip(1 - singular**2, 0, 1)
    scale = np.where(rest > 1e-8, 1 / np.sqrt(np.where(rest > 1e-8, rest, 1)), 0.0)
    inside = left.T @ regressor
    return regressor - left @ inside + left @ (scale * inside)


def _orthonormal(design: np.ndarray) -> np.ndarray:
    """Orthonormal columns with the span of the design, whatever its rank."""
    size = np.linalg.norm(design, axis=0)
    design = design[:, size > 0] / size[size > 0]
    q, r, _ = linalg.qr(design, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(r))
    return q[:, diagonal > 1e-9 * diagonal.max()]
