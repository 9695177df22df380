"""Verdicts on registered claims: what this run says of each sentence, and how far it can be believed.

A claim rests on one registered estimate, by default the artist-clustered line within genres at the claim's
vocabulary.

=============== ===========================================================================================
``equivalent``   the change is surely smaller than matters (two one-sided tests at 5%, bound: sesoi)
``supported``    the 95% interval excludes 0 on the claim's side, also with its family counted (q < .05)
``contradicted`` the same on the other side
``mixed``        registered specifications disagree: under half decide alike, or a tenth the opposite
``inconclusive`` the interval is too wide to tell
``not_testable`` this corpus cannot tell, for the reason given
=============== ===========================================================================================

``pooled`` slopes decide nothing unless a claim is registered so, and then only about the collection as it
stands; a contrast between corpora decides nothing at all.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musictrend.errors import ParameterError
from musictrend.trends.contrasts import equivalence_p
from musictrend.trends.linear import adjust_fdr
from musictrend.trends.options import METHODS, POOLINGS, TrendOptions
from musictrend.trends.panel import usable_tracks
from musictrend.trends.robustness import decide, list_simpson_traps, run_specifications, share_agreeing
from musictrend.trends.tables import TrendTables

VERDICTS = ("supported", "contradicted", "equivalent", "mixed", "inconclusive", "not_testable")
LEVELS = ("segment", "genre", "corpus", "contrast")
DIRECTIONS = ("fall", "rise", "change")
AGREEMENT_NEEDED, OPPOSITION_ALLOWED = 0.5, 0.1
_DOMINANT_ARTIST = 0.25
_NAMELESS = 0.2


def load_claims(path: str | Path | None = None) -> list[dict[str, Any]]:
    """Registered observed claims, from the package or from a file of the same form.

    A file may hold simulated claims too; they pass through and are judged elsewhere.

    Raises
    ------
    ParameterError
        The file is no TOML, or a claim lacks what its kind needs.

    Examples
    --------
    >>> claims = load_claims()
    >>> claims[0]["id"], claims[0]["direction"]
    ('pop_simpler', 'fall')
    """
    name = "claims.toml" if path is None else str(path)
    try:
        if path is None:
            text = resources.files("musictrend").joinpath("data", "claims.toml").read_text(encoding="utf-8")
        else:
            text = Path(path).read_text(encoding="utf-8")
        claims = tomllib.loads(text).get("claim", [])
    except OSError as error:
        raise ParameterError(f"claims file {name} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"claims file {name} is not valid TOML: {error}") from error
    if not isinstance(claims, list) or not all(isinstance(c, dict) for c in claims):
        raise ParameterError(f"claims file {name} must hold [[claim]] tables")
    seen: set[str] = set()
    for place, claim in enumerate(claims, 1):
        _check_claim(claim, f"{name}, claim {place}")
        if claim["id"] in seen:
            raise ParameterError(f"{name}: id {claim['id']!r} occurs twice")
        seen.add(claim["id"])
    return claims


def judge_claims(
    tables: TrendTables,
    claims: Sequence[Mapping[str, Any]] | None = None,
    *,
    scores: pd.DataFrame | None = None,
    tracks: pd.DataFrame | None = None,
    options: TrendOptions | Mapping | None = None,
    reference: pd.DataFrame | Mapping | None = None,
    specifications: pd.DataFrame | None = None,
    jobs: int = 1,
    draws: pd.DataFrame | None = None,
) -> list[dict[str, Any]]:
    """A verdict on each observed claim, as claims.json holds them.

    Parameters
    ----------
    tables : TrendTables
        From `estimate_trends`.
    claims : sequence of mapping, optional
        Default: the package's claims.toml. Simulated ones are left out.
    scores, tracks, options, reference, draws
        What `tables` was made from; needed for robustness. Without them robustness is None.
    specifications : DataFrame, optional
        From `run_specifications`, where it has been run already.
    jobs : int
        Threads for the specifications.

    Returns
    -------
    judged : list of dict
        id, kind, sentence, verdict, estimate, low, high (measure's unit per decade), why, robustness, and
        what the estimate was: measure, vocabulary, level, group, method, pooling, identification, counts,
        caveats. Missing numbers are None, so that the list can be written as JSON.
    """
    options = options if isinstance(options, TrendOptions) else TrendOptions.from_mapping(options)
    observed = [dict(c) for c in (load_claims() if claims is None else claims) if c.get("kind") == "observed"]
    if tracks is not None and "year" in tracks:
        options = options.for_years(usable_tracks(tracks)["year"].astype("float64"))
    names = set(tables.coverage.loc[tables.coverage["level"] == "corpus", "group"]) if len(tables.coverage) else set()
    for claim in observed:
        claim["sesoi"] = min(claim.get("sesoi", 0.10), options.sesoi)
        if claim.get("group") == "*" and len(names) == 1:  # the one corpus, whatever its name
            claim["group"] = next(iter(names))
    found = [_find_estimate(tables, claim, options, _out_of_place(claim, tracks)) for claim in observed]
    if specifications is None and scores is not None and tracks is not None:
        measures = sorted({c["measure"] for c, f in zip(observed, found, strict=True) if f.row is not None})
        specifications = (
            run_specifications(scores, tracks, measures, options, reference, jobs=jobs, draws=draws)
            if measures
            else None
        )
    families = pd.Series([_family(c, f) for c, f in zip(observed, found, strict=True)], dtype="object")
    p = pd.Series([f.p for f in found], dtype="float64")
    q = p.groupby(families).transform(lambda part: adjust_fdr(part.to_numpy())).to_numpy()
    traps = list_simpson_traps(tables.trends)
    nameless = _share_nameless(tracks)
    judged = [
        _judge(claim, its, float(q[i]), specifications, traps, tables)
        for i, (claim, its) in enumerate(zip(observed, found, strict=True))
    ]
    for entry in judged:
        if entry["estimate"] is not None and nameless > _NAMELESS:
            entry["caveats"].append(
                f"{nameless:.0%} of the tracks name no artist: songs of one artist may pass for independent"
            )
    return judged


def _out_of_place(claim: Mapping[str, Any], tracks: pd.DataFrame | None) -> str:
    """Why a claim about one repertoire is not about these tracks; empty when it is, or is about any."""
    if tracks is None or not claim.get("one_sided"):
        return ""
    usable = usable_tracks(tracks)
    if "segment" in usable and {"pop", "niche"} <= set(usable["segment"].dropna()):
        return "this corpus holds both pop and niche: what is claimed of them is judged above"
    if "corpus" in usable and usable["corpus"].nunique() > 1:
        return "several corpora are analysed together, each a repertoire of its own"
    return ""


class _Found:
    """The registered estimate of a claim, or why there is none."""

    def __init__(self, spec: dict[str, Any], row: pd.Series | None, reason: str, between: bool = False) -> None:
        self.spec, self.row, self.reason, self.between = spec, row, reason, between
        self.p = float("nan") if row is None or between else float(row["p"])


def _check_claim(claim: Mapping[str, Any], where: str) -> None:
    """Raise when a claim is not of its kind's form."""
    for key in ("id", "kind", "sentence"):
        if not isinstance(claim.get(key), str) or not claim[key]:
            raise ParameterError(f"{where}: {key!r} is missing; a claim needs id, kind and sentence")
    if claim["kind"] not in ("observed", "simulated"):
        raise ParameterError(f"{where}: kind={claim['kind']!r} must be 'observed' or 'simulated'")
    if claim["kind"] == "simulated":
        return
    for key, accepted in (
        ("level", LEVELS),
        ("direction", DIRECTIONS),
        ("method", METHODS),
        ("pooling", POOLINGS),
    ):
        if key in ("method", "pooling") and key not in claim:
            continue
        if claim.get(key) not in accepted:
            raise ParameterError(f"{where}: {key}={claim.get(key)!r} must be one of {', '.join(accepted)}")
    for key in ("measure", "vocabulary", *(() if claim["level"] == "contrast" else ("group",))):
        if not isinstance(claim.get(key), str):
            raise ParameterError(
                f"{where}: {key!r} is missing; an observed claim names its measure, vocabulary and group"
            )


def _find_estimate(
    tables: TrendTables, claim: Mapping[str, Any], options: TrendOptions, out_of_place: str = ""
) -> _Found:
    """The row that decides a claim."""
    is_contrast = claim["level"] == "contrast"
    method = claim.get("method") or _main_method(tables, options)
    pooling = claim.get("pooling", "pooled" if claim["level"] == "genre" else "equal_genre")
    spec = {"method": method, "pooling": pooling, "vocabulary": claim["vocabulary"]}
    if out_of_place:
        return _Found(spec, None, out_of_place)
    rows = tables.contrasts if is_contrast else tables.trends
    rows = rows[(rows["measure"] == claim["measure"]) & (rows["method"] == method) & (rows["pooling"] == pooling)]
    if not is_contrast:
        rows = rows[(rows["level"] == claim["level"]) & (rows["group"] == claim["group"])]
        # Over all corpora where there are several; else the only one.
        rows = rows[(rows["corpus"] == "all") | (~(rows["corpus"] == "all").any())]
    # A measure that no vocabulary changes (rhythm) may carry none.
    at = rows[rows["vocabulary"] == claim["vocabulary"]]
    rows = at if len(at) else rows[rows["vocabulary"] == ""]
    rows = rows[rows["se"].notna()]
    if not len(rows):
        return _Found(spec, None, _why_absent(tables, claim, pooling))
    row = rows.iloc[0]
    spec["vocabulary"] = row["vocabulary"]
    if is_contrast and row["identification"] == "between_corpora":
        why = (
            "no corpus holds both pop and niche, and too few songs link them: "
            "what differs between the corpora would pass for a contrast"
        )
        return _Found(spec, row, why, between=True)
    return _Found(spec, row, "")


def _family(claim: Mapping[str, Any], found: _Found) -> str:
    """Claims that are counted together: as stated, else those of one level, vocabulary and method."""
    return claim.get("family") or f"{claim['level']} {claim['vocabulary']} {found.spec['method']}"


def _main_method(tables: TrendTables, options: TrendOptions) -> str:
    """The first method of the options that these tables hold."""
    present = set(tables.trends["method"])
    return next((m for m in options.methods if m in present), options.methods[0])


def _why_absent(tables: TrendTables, claim: Mapping[str, Any], pooling: str) -> str:
    """Why there is no estimate, in words."""
    coverage = tables.coverage
    if not len(coverage):
        return "no usable track has both a year and a score"
    groups = ("pop", "niche") if claim["level"] == "contrast" else (claim["group"],)
    level = "segment" if claim["level"] == "contrast" else claim["level"]
    inside = coverage[coverage["level"] == level]
    absent = [g for g in groups if not (inside["group"] == g).any()]
    if absent and claim["level"] == "contrast" and len(absent) == 1:
        return f"one side only: no usable track belongs to {absent[0]}"
    if absent:
        return f"no usable track belongs to {level} {' or '.join(absent)}"
    scored = inside[inside["measure"] == claim["measure"]]
    if not len(scored):
        return f"{claim['measure']} was not scored"
    at = scored[scored["vocabulary"].isin([claim["vocabulary"], ""])]
    if not len(at):
        named = f"{claim['measure']} has no value at the vocabulary {claim['vocabulary']}"
        return f"{named}: the chords are not told apart so finely"
    for group in groups:
        best = at[at["group"] == group].sort_values("n_tracks", ascending=False, kind="stable").iloc[0]
        if not best["estimated"]:
            return f"{group}: {best['reason']}"
    if pooling != "pooled":
        level_of_parts = "genre" if claim["level"] == "corpus" else "part"
        parts = coverage[(coverage["level"] == level_of_parts) & (coverage["measure"] == claim["measure"])
                         & (coverage["vocabulary"].isin([claim["vocabulary"], ""]))]  # fmt: skip
        for group in groups:
            own = parts[parts["corpus" if claim["level"] == "corpus" else "segment"] == group].sort_values(
                "n_tracks", ascending=False, kind="stable"
            )
            if len(own) and not own["estimated"].any():
                best = own.iloc[0]
                largest = f"the largest, {best['group']}: {best['reason']}"
                return f"{group}: no genre can be followed on its own ({largest})"
    return "no estimate by the registered method"


def _judge(
    claim: dict[str, Any], found: _Found, q: float, specifications: pd.DataFrame | None, traps: pd.DataFrame,
    tables: TrendTables,
) -> dict[str, Any]:  # fmt: skip
    """One entry of claims.json."""
    is_contrast = claim["level"] == "contrast"
    judged: dict[str, Any] = {
        "id": claim["id"], "kind": "observed", "sentence": claim["sentence"], "verdict": "not_testable",
        "estimate": None, "low": None, "high": None, "why": "", "robustness": None,
        "test": "contrast" if is_contrast else "trend", "measure": claim["measure"],
        "level": "segment" if is_contrast else claim["level"],
        "group": ["pop", "niche"] if is_contrast else claim["group"], "family": _family(claim, found), "direction": claim["direction"],
        "sesoi": claim.get("sesoi", 0.10), **found.spec, "caveats": [],
    }  # fmt: skip
    row = found.row
    if row is None:
        return judged | {"why": f"Not testable here: {found.reason}."}
    value = "difference" if is_contrast else "slope"
    judged |= {
        "estimate": _number(row[f"{value}_per_decade"]),
        "estimate_sd": _number(row[f"{value}_sd_per_decade"]),
        **{name: _number(row[name]) for name in ("low", "high", "low_sd", "high_sd", "p", "mdes")},
        "q": _number(q),
    }  # fmt: skip
    if is_contrast:
        judged |= {
            "identification": row["identification"],
            "n_tracks": _count(row["n_pop"] + row["n_niche"]),
            "n_artists": _count(row["n_pop_artists"] + row["n_niche_artists"]),
            "n_corpora": _count(row["n_corpora"]),
        }  # fmt: skip
    else:
        judged |= {"n_tracks": _count(row["n_tracks"]), "n_artists": _count(row["n_artists"])}
    judged["caveats"] = _list_caveats(claim, row, traps, tables, is_contrast)
    figures = _say_figures(row, value)
    if found.between:
        return judged | {"why": f"Not testable here: {found.reason} (estimate {figures})."}
    p_equivalence = _equivalence(row, value, judged["sesoi"])
    main = decide(claim["direction"], judged["estimate"], judged["low"], judged["high"], p_equivalence)
    uncorrected = main
    if main in ("supported", "contradicted") and not q < 0.05:
        main = "inconclusive"
    others = _other_decisions(claim, found, specifications, is_contrast)
    robustness = share_agreeing(others, uncorrected)
    judged["robustness"] = _number(robustness)
    judged["specifications"] = dict(sorted(Counter(others).items()))
    judged["verdict"] = _weigh(main, others, robustness)
    judged["why"] = _say_why(judged, main, uncorrected, figures, others, row, value)
    return judged


def _weigh(main: str, others: list[str], robustness: float) -> str:
    """The verdict, once the other specifications have been heard."""
    if not others:
        return main
    share = {d: others.count(d) / len(others) for d in ("supported", "contradicted")}
    opposite = {"supported": ["contradicted"], "contradicted": ["supported"],
                "equivalent": [], "inconclusive": []}[main]  # fmt: skip
    if any(share[d] >= OPPOSITION_ALLOWED for d in opposite):
        return "mixed"
    if main == "inconclusive":
        return "mixed" if min(share.values()) >= OPPOSITION_ALLOWED else main
    return main if robustness >= AGREEMENT_NEEDED else "mixed"


def _other_decisions(
    claim: Mapping[str, Any], found: _Found, specifications: pd.DataFrame | None, is_contrast: bool
) -> list[str]:
    """How every registered specification decides."""
    if specifications is None or not len(specifications):
        return []
    s = specifications
    s = s[(s["target"] == claim["level"]) & (s["measure"] == claim["measure"])]
    s = s[s["group"] == ("pop-niche" if is_contrast else claim["group"])]
    if is_contrast:
        s = s[s["identification"] != "between_corpora"]
    # The collection as it stands and the change within genres are two questions: neither votes on the other.
    s = s[(s["pooling"] == "pooled") == (found.spec["pooling"] == "pooled")]
    return [
        decide(claim["direction"], *values)
        for values in s[["estimate", "low", "high", "p_equivalence"]].itertuples(index=False, name=None)
    ]


def _list_caveats(
    claim: Mapping[str, Any], row: pd.Series, traps: pd.DataFrame, tables: TrendTables, is_contrast: bool
) -> list[str]:
    """What a reader should know before believing a number."""
    caveats = []
    corpora = str(row["corpora"] if is_contrast else row["corpus"])
    if corpora not in ("all", "") and ";" not in corpora:
        caveats.append(f"rests on one corpus ({corpora})")
    groups = ("pop", "niche") if is_contrast else (claim["group"],)
    coverage = tables.coverage
    for group in groups:
        own = coverage[(coverage["level"] == ("segment" if is_contrast else claim["level"]))
                       & (coverage["group"] == group) & (coverage["measure"] == claim["measure"])
                       & (coverage["vocabulary"] == row["vocabulary"])]  # fmt: skip
        own = own.sort_values("n_tracks", ascending=False, kind="stable").head(1)
        if len(own) and own["top_artist_share"].iloc[0] > _DOMINANT_ARTIST:
            caveats.append(f"{own['top_artist_share'].iloc[0]:.0%} of {group} is one artist")
        level = "segment" if is_contrast else claim["level"]
        trap = traps[(traps["level"] == level) & (traps["group"] == group) & (traps["measure"] == claim["measure"])]
        trap = trap[(trap["vocabulary"] == row["vocabulary"]) & (trap["method"] == row["method"])]
        if len(trap):
            t = trap.iloc[0]
            caveats.append(
                f"pooled over genres {group} would move {_short(t['pooled'])} per decade, within genres "
                f"{_short(t['within'])}: the mix of genres drifted (Simpson's paradox)"
            )
    if not is_contrast and row["pooling"] == "equal_genre":
        if pd.isna(row["n_genres"]) or row["n_genres"] <= 1:
            caveats.append("one genre, or none labelled: a drift of styles inside it cannot be told from a trend")
        elif row["n_genres"] < 4 and claim["group"] == "niche":
            caveats.append(f"only {int(row['n_genres'])} genres are large enough to count")
    if not is_contrast and row["pooling"] == "pooled" and claim["level"] != "genre":
        caveats.append("about the collection as it stands: its styles and composers succeed each other")
    if is_contrast and pd.notna(row["tau"]) and row["n_corpora"] == 2:
        caveats.append("two corpora cannot show how much corpora differ")
    return caveats


def _equivalence(row: pd.Series, value: str, sesoi: float) -> float:
    """P of equivalence at the claim's own bound; NaN without a reference SD."""
    slope, in_sd = float(row[f"{value}_per_decade"]), float(row[f"{value}_sd_per_decade"])
    half, half_sd = row["high"] - row["low"], row["high_sd"] - row["low_sd"]
    sd = half / half_sd if half_sd else (slope / in_sd if in_sd else np.nan)
    return float(equivalence_p(np.array(slope), np.array(row["se"]), np.array(row["df"]), np.array(sesoi * sd)))


def _say_figures(row: pd.Series, value: str) -> str:
    """Estimate and interval in words: SD where the reference knows them, else the measure's unit."""
    in_sd = pd.notna(row[f"{value}_sd_per_decade"])
    names = (f"{value}_sd_per_decade", "low_sd", "high_sd") if in_sd else (f"{value}_per_decade", "low", "high")
    estimate, low, high = (_short(row[n]) for n in names)
    return f"{estimate}{' SD' if in_sd else ''} per decade, 95% interval {low} to {high}"


def _say_why(
    judged: dict[str, Any],
    main: str,
    uncorrected: str,
    figures: str,
    others: list[str],
    row: pd.Series,
    value: str,
) -> str:
    """One plain sentence with the numbers that decided."""
    what = "Pop minus niche moved" if value == "difference" else f"{_named(judged['group'])} moved"
    base = f"{what} {figures} ({judged['n_tracks']} tracks, {judged['n_artists']} artists)"
    agree = ""
    if others:
        alike = sum(d == uncorrected for d in others)
        agree = f"; {alike} of {len(others)} specifications decide alike"
    if judged["verdict"] == "mixed":
        told = ", ".join(f"{n} {d}" for d, n in judged["specifications"].items())
        return f"{base}, but the registered specifications disagree: {told}."
    if main == "equivalent":
        return f"{base}: surely less than the {judged['sesoi']:.2f} SD per decade that would matter{agree}."
    if main == "inconclusive" and uncorrected != "inconclusive":
        return f"{base}: not beyond chance once the claims of its family are counted (q = {judged['q']:.2f}){agree}."
    if main == "inconclusive":
        width, width_sd = row["high"] - row["low"], row["high_sd"] - row["low_sd"]
        scale, unit = (width_sd / width, " SD per decade") if width > 0 and width_sd > 0 else (1.0, " per decade")
        seen = f"{_short(abs(row['mdes'] * scale), sign=False)}{unit}"
        return f"{base}: the interval includes 0; a change of {seen} would have been found{agree}."
    side = "the claim's" if main == "supported" else "the opposite"
    return f"{base}: the interval excludes 0 on {side} side{agree}."


def _share_nameless(tracks: pd.DataFrame | None) -> float:
    """Share of usable tracks without an artist."""
    if tracks is None or "year" not in tracks or not len(used := usable_tracks(tracks)):
        return 0.0
    return 1.0 if "artist_id" not in used else float((used["artist_id"].isna() | (used["artist_id"] == "")).mean())


def _named(group: Any) -> str:
    """A group's name at the start of a sentence."""
    text = str(group)
    return text[:1].upper() + text[1:]


def _short(number: float, *, sign: bool = True) -> str:
    """Two significant digits, a minus sign that is one."""
    text = f"{float(number):+.2g}" if sign else f"{float(number):.2g}"
    return text.replace("-", "−", 1) if text.startswith("-") else text


def _number(value: Any) -> float | None:
    """A float for JSON, None where missing."""
    return None if value is None or pd.isna(value) or not np.isfinite(value) else float(value)


def _count(value: Any) -> int | None:
    """An integer for JSON, None where missing."""
    return None if pd.isna(value) else int(value)
