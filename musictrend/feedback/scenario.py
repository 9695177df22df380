"""Parameters of the feedback world, checked, named and read from TOML.

A scenario says what the world is; the corpus it starts from is not part of
it. Packaged scenarios live in ``musictrend/data/scenarios``, one file each.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path

from musictrend.errors import ParameterError

DATA_MODES = ("replace", "accumulate", "accumulate_fixed_budget", "window", "frozen")

_SHARES = (
    "copying",
    "recombination",
    "mutation",
    "innovation",
    "crossover",
    "niche_drift",
    "exploration",
    "filter_tpr",
    "filter_fpr",
    "filter_bias",
    "dedup_overlap",
    "obstinate",
    "fresh_human",
    "pop_share",
)
_NOT_NEGATIVE = ("temperature", "scrape_exponent", "exposure", "taste", "generator_exposure", "human_exit")
_COUNTS = ("steps", "order", "window", "shelf", "dedup_run", "max_events")


@dataclass(frozen=True)
class Scenario:
    """One setting of the feedback world; every field has a default.

    Parameters
    ----------
    name, description : str
    steps : int >= 1
        Generations to run; one is a year.
    human_works : int >= 0
        Songs that people write in a step when nothing discourages them.
    pop_share : float in [0, 1], optional
        Share of them that is pop; as in the founding corpus when left out.
    generator_share : float in [0, 1)
        Share of a step's new songs (of supply, not of listening) that the generator writes.
    generator_works : int, optional
        That number itself, where a law needs it exactly; overrides the share.
    ramp_steps : int >= 0
        Steps in which the share grows linearly from 0; 0 starts at full share.
    data_mode : {'replace', 'accumulate', 'accumulate_fixed_budget', 'window', 'frozen'}
        What the generator trains on: the songs of the last step alone (Shumailov 2024); all songs ever
        (Gerstgrasser 2024); as many of all songs as the founding corpus had (Kazdan 2024); the last `window`
        steps; or the founding corpus, once and never again.
    window : int >= 1
    order, temperature, top_p
        The generator's n-gram order and how it is sampled, see `ngrams.NgramFamily`.
    scrape_exponent : float >= 0
        A song is scraped with weight (1 + plays)**exponent, from its first year's plays.
    fresh_human : float in [0, 1], optional
        Share of human songs that the training corpus is held to by weighting; 0 trains the generator on
        its own output alone; left out, supply decides.
    filter_tpr, filter_fpr : float in [0, 1]
        Share of generated (human) songs that a provenance filter takes out of the training corpus.
    filter_bias : float in [0, 1]
        0: human songs are taken out at random; 1: the most unusual first, at the same mean rate.
    dedup : bool
        Leave songs out of training of whose runs of `dedup_run` chords a share of `dedup_overlap` has been
        heard before.
    copying : float in [0, 1]
        Share of pop songs that start from a song on the chart (the rest in the founding style).
    conformity : float >= 0
        Parents are chosen with weight f**b, f the share of plays of all equal songs.
    recombination : float in [0, 1]
        Share of copied songs whose second half comes from another chart song.
    mutation : float in [0, 1]
        Probability that a chord of a copied song is replaced, wherever it occurs in that song.
    innovation : float in [0, 1]
        Share of niche songs in which one chord is replaced, wherever it occurs in that song.
    crossover : float in [0, 1]
        Share of niche songs whose second half comes from a pop chart song.
    niche_drift : float in [0, 1]
        Share of niche songs written in their genre's style of the last `shelf` steps (the rest in its
        founding style).
    exposure, taste, exploration
        Plays go by (1 + plays/plays_per_work)**exposure * quality**taste; a share `exploration` goes to all
        songs alike. Quality peaks at the founding corpus' typical surprisal.
    generator_exposure : float >= 0
        Factor on the exposure of generated songs: below 1 where a platform holds them back.
    plays_per_work : float > 0
        Listening in a step is this many plays for every human song of a step without generators; it does
        not grow with supply.
    shelf : int >= 1
        Steps during which a song can be recommended.
    rounds : int >= 0
        How often the recommender looks at the new plays within a step; 0: no recommender, all songs are
        heard alike.
    human_exit : float >= 0
        Elasticity of human output to the human share of plays; 0: people go on regardless.
    obstinate : float in [0, 1]
        Share of human output that never gives up.
    max_events : int >= 16
        Longest song.

    Raises
    ------
    ParameterError
        When a value is outside its range.

    Examples
    --------
    >>> Scenario(generator_share=0.4).data_mode
    'replace'
    """

    name: str = "custom"
    description: str = ""
    steps: int = 20
    human_works: int = 300
    pop_share: float | None = None
    generator_share: float = 0.4
    generator_works: int | None = None
    ramp_steps: int = 0
    data_mode: str = "replace"
    window: int = 5
    order: int = 3
    temperature: float = 0.9
    top_p: float = 1.0
    scrape_exponent: float = 0.0
    fresh_human: float | None = None
    filter_tpr: float = 0.0
    filter_fpr: float = 0.0
    filter_bias: float = 0.0
    dedup: bool = False
    dedup_overlap: float = 0.8
    dedup_run: int = 8
    copying: float = 0.7
    conformity: float = 1.0
    recombination: float = 0.1
    mutation: float = 0.05
    innovation: float = 0.1
    crossover: float = 0.01
    niche_drift: float = 0.5
    exposure: float = 1.0
    taste: float = 1.0
    exploration: float = 0.05
    generator_exposure: float = 1.0
    plays_per_work: float = 20.0
    shelf: int = 5
    rounds: int = 4
    human_exit: float = 0.0
    obstinate: float = 0.2
    max_events: int = 64

    def __post_init__(self):
        if self.data_mode not in DATA_MODES:
            raise ParameterError(f"data_mode={self.data_mode!r} must be one of {', '.join(map(repr, DATA_MODES))}")
        for name in _SHARES:
            value = getattr(self, name)
            if value is not None and not _is_number(value, 0, 1):
                raise ParameterError(f"{name}={value!r} must be a number from 0 to 1")
        for name in _NOT_NEGATIVE:
            if not _is_number(getattr(self, name), 0):
                raise ParameterError(f"{name}={getattr(self, name)!r} must be a finite number, 0 or more")
        for name in _COUNTS:
            if not _is_count(getattr(self, name), 1):
                raise ParameterError(f"{name}={getattr(self, name)!r} must be a whole number, 1 or more")
        for name in ("human_works", "ramp_steps", "rounds"):
            if not _is_count(getattr(self, name), 0):
                raise ParameterError(f"{name}={getattr(self, name)!r} must be a whole number, 0 or more")
        if not _is_number(self.generator_share, 0) or self.generator_share >= 1:
            raise ParameterError(
                f"generator_share={self.generator_share!r} must be from 0 to below 1; "
                "for a world without human songs give human_works = 0 and generator_works"
            )
        if self.generator_works is not None and not _is_count(self.generator_works, 0):
            raise ParameterError(f"generator_works={self.generator_works!r} must be a whole number, 0 or more")
        if not _is_number(self.top_p, 0, 1) or self.top_p == 0:
            raise ParameterError(f"top_p={self.top_p!r} must be above 0 and at most 1")
        if not _is_number(self.conformity, 0):
            raise ParameterError(f"conformity={self.conformity!r} must be a finite number, 0 or more")
        if not _is_number(self.plays_per_work, 0) or self.plays_per_work == 0:
            raise ParameterError(f"plays_per_work={self.plays_per_work!r} must be above 0")
        if not isinstance(self.dedup, bool):
            raise ParameterError(f"dedup={self.dedup!r} must be true or false")
        if not isinstance(self.name, str) or not self.name:
            raise ParameterError(f"name={self.name!r} must be a word")

    def replace(self, **changes) -> Scenario:
        """The same scenario with some fields changed, checked again.

        Examples
        --------
        >>> Scenario().replace(temperature=1.0).temperature
        1.0
        """
        unknown = set(changes) - {f.name for f in fields(self)}
        if unknown:
            raise ParameterError(_unknown_fields(unknown, "Scenario.replace"))
        return replace(self, **changes)

    def to_dict(self) -> dict:
        """Fields and values, as written to run.json."""
        return asdict(self)


def load_scenario(path_or_name: str | Path | Scenario) -> Scenario:
    """Read a scenario from a TOML file or by the name of a packaged one.

    The file holds the fields of `Scenario` at the top level; ``name``
    defaults to the file's own.

    Raises
    ------
    ParameterError
        When there is no such file or name, the file is no TOML, a field is
        unknown or a value outside its range.

    Examples
    --------
    >>> load_scenario("no_generators").generator_share
    0.0
    """
    if isinstance(path_or_name, Scenario):
        return path_or_name
    text = str(path_or_name)
    packaged = _packaged()
    if text in packaged:
        source, content, stem = f"scenario {text}", packaged[text], text
    else:
        path = Path(text)
        if not path.is_file():
            raise ParameterError(
                f"scenario {text!r} is neither a file nor a packaged scenario; packaged are {', '.join(packaged)}"
            )
        source, stem = str(path), path.stem
        try:
            content = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ParameterError(f"{source} is not UTF-8 text: {error}") from error
    try:
        values = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{source} is not valid TOML: {error}") from error
    unknown = set(values) - {f.name for f in fields(Scenario)}
    if unknown:
        raise ParameterError(_unknown_fields(unknown, source))
    try:
        return Scenario(**{"name": stem, **values})
    except ParameterError as error:
        raise ParameterError(f"{source}: {error}") from error


def list_scenarios() -> dict[str, str]:
    """Names of the packaged scenarios and what each one is.

    Examples
    --------
    >>> "replace" in list_scenarios()
    True
    """
    return {name: load_scenario(name).description for name in _packaged()}


def _packaged() -> dict[str, str]:
    """Name and text of each packaged scenario file."""
    folder = resources.files("musictrend").joinpath("data", "scenarios")
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return {item.name.removesuffix(".toml"): item.read_text(encoding="utf-8") for item in files}


def _unknown_fields(unknown: set[str], source: str) -> str:
    """What to say about fields that do not exist."""
    import difflib

    known = [f.name for f in fields(Scenario)]
    parts = []
    for name in sorted(unknown):
        close = difflib.get_close_matches(name, known, 2)
        parts.append(f"{name!r}" + (f" (close: {', '.join(close)})" if close else ""))
    return f"{source}: unknown field {', '.join(parts)}; fields are {', '.join(known)}"


def _is_number(value, low: float, high: float = float("inf")) -> bool:
    """A finite int or float inside the closed range; booleans are none."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and low <= value <= high
        and value != float("inf")
    )


def _is_count(value, low: int) -> bool:
    """A whole number of at least `low`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= low
