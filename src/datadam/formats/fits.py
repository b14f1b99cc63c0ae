"""A mapping as YAML that a person can read, correct and keep: a draft with open questions, and the confirmed fit."""

from typing import Any, Final

from datadam.errors import Invalid
from datadam.formats import strict_yaml
from datadam.mapping import feed_to_json, fit_from_json, fit_to_json, unpivot_to_json
from datadam.model import Fit
from datadam.proposing import Proposal, Suggestion

OPEN: Final = "confirm"  # a feed that still carries this word is no answer


def write(fit: Fit) -> str:
    """The fit as YAML."""
    return strict_yaml.write(fit_to_json(fit))


def read(text: str) -> Fit:
    """Read a fit back, strictly; a draft whose questions still stand is `Invalid` and names them."""
    found = strict_yaml.read(text)
    feeds = found.get("feeds") if isinstance(found, dict) else None
    if isinstance(feeds, dict):
        still_open = [str(name) for name, parts in feeds.items() if isinstance(parts, dict) and OPEN in parts]
        if still_open:
            raise Invalid("mapping.draft-open", columns=", ".join(still_open))
    return fit_from_json(found)


def draft(suggestion: Suggestion) -> str:
    """A suggestion as YAML to complete: what is asked carries `confirm` with the doubts; delete that line to agree.

    Where numbers or dates can be read in two ways, `confirm` says them: put the right one in as `number` or `dates`.

    Source columns that nobody wants are listed under `dropped`: whoever leaves them there drops them by name.
    """
    proposals = (*suggestion.asked, *suggestion.certain)  # what wants an answer comes first
    document: dict[str, Any] = {
        "v": 1,
        "standard": str(suggestion.standard),
        "version": suggestion.version,
        "feeds": {p.feed.column: _feed(p) for p in proposals},
        "dropped": list(suggestion.unused),
    }
    if suggestion.unpivot is not None:
        document["unpivot"] = unpivot_to_json(suggestion.unpivot)
    return strict_yaml.write(document)


def _feed(proposal: Proposal) -> dict[str, Any]:
    found: dict[str, Any] = dict(feed_to_json(proposal.feed))
    if proposal.doubts:
        found[OPEN] = [*map(str, proposal.doubts), *proposal.options]
    return found
